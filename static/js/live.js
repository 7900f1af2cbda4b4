// Panels marked data-poll="seconds" hx-get="…" hx-trigger="poll" refresh while they can be seen.
// A panel is left alone while somebody works in it. 204 means nothing changed.

import { hours, now, say } from "./time.js";

const LOST_AFTER = 30_000;
const busyInside = ".pick:checked, tr input[type=checkbox]:checked, :focus-visible, input:focus, textarea:focus, select:focus, details.menu[open], dialog[open], .is-dragging";
const busyAbove = "input:focus, details.menu[open]"; // in what is swapped together with the panel: data-with
const polled = new WeakMap();
let lastContact = Date.now();
let held = null;

const panels = () => [...document.querySelectorAll("[data-poll]")];
const status = () => document.querySelector("#live-status");

function isBusy(panel) {
  const selection = getSelection();
  const selecting = selection && !selection.isCollapsed && panel.contains(selection.anchorNode);
  const swappedToo = panel.dataset.with && document.querySelector(panel.dataset.with);
  return selecting || panel.querySelector(busyInside) !== null || Boolean(swappedToo?.querySelector(busyAbove));
}

function isDue(panel, at) {
  if (!polled.has(panel)) polled.set(panel, at);
  return at - polled.get(panel) >= 1000 * panel.dataset.poll;
}

function refresh(panel) {
  polled.set(panel, Date.now());
  window.htmx?.trigger(panel, "poll");
}

function look() {
  if (document.visibilityState !== "visible") return;
  const at = Date.now();
  panels().filter((panel) => panel.checkVisibility() && isDue(panel, at) && !isBusy(panel)).forEach(refresh);
  if (panels().length && at - lastContact > LOST_AFTER) showLost();
}

function showLost() {
  const element = status();
  if (!element || element.dataset.state === "lost") return;
  element.dataset.state = "lost";
  element.textContent = `Live updates stopped at ${hours(lastContact + (now() - Date.now()))}. `;
  const retry = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Retry" });
  retry.addEventListener("click", () => panels().forEach(refresh));
  element.append(retry);
  const alerts = document.querySelector("#alerts");
  if (alerts) alerts.textContent = "Live updates stopped. What you see may be old.";
}

function showLive() {
  lastContact = Date.now();
  const element = status();
  if (!element) return;
  delete element.dataset.state;
  element.textContent = `Live, updated ${hours(now())}`;
  const alerts = document.querySelector("#alerts");
  if (alerts) alerts.textContent = "";
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr?.status > 0 && detail.xhr.status < 500) showLive();
});

// The server answers 204 when the version it is sent is still current.
document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (target.dataset.poll && target.dataset.version) detail.parameters.v = target.dataset.version;
  // A page that looks by itself does not keep somebody signed in.
  if (detail.triggeringEvent?.type === "poll") detail.headers["X-Poll"] = "1";
});

// Rows carry an id and data-rev; a row whose revision changed is tinted for a moment.
const revisions = new Map();
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, detail } = event;
  revisions.clear();
  target.querySelectorAll?.("[id][data-rev]").forEach((row) => revisions.set(row.id, row.dataset.rev));
  if (target.dataset?.holdNew === undefined || !detail.shouldSwap || !target.matches(":hover")) return;
  const fresh = newRows(detail.serverResponse);
  if (!fresh || held === "let through") return;
  detail.shouldSwap = false;
  showNewBar(target, fresh);
});

document.addEventListener("htmx:afterSettle", () => {
  for (const [id, revision] of revisions) {
    const row = document.getElementById(id);
    if (row && row.dataset.rev !== revision) row.classList.add("changed");
  }
  held = null;
});

function newRows(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.querySelectorAll("[id][data-rev]")].filter((row) => !revisions.has(row.id)).length;
}

// With the pointer over a list, new rows wait behind a bar instead of moving what is under it.
function showNewBar(panel, count) {
  let bar = panel.querySelector(".new-rows");
  if (!bar) {
    bar = Object.assign(document.createElement("button"), { type: "button", className: "new-rows" });
    bar.addEventListener("click", () => { held = "let through"; bar.blur(); refresh(panel); });
    panel.prepend(bar);
  }
  const words = `${count} new`;
  if (bar.textContent !== words) say(words);
  bar.textContent = words;
}

setInterval(look, 1000);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  lastContact = Date.now();
  panels().filter((panel) => !isBusy(panel)).forEach(refresh);
});
