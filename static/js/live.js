// Panels marked data-poll="seconds" hx-get="…" hx-trigger="poll" refresh while they can be seen.
// A panel is left alone while somebody works in it, and says since when. 204 means nothing changed.
// A list with data-hold-new goes on asking: what is new is said at once, and its rows wait behind a bar.

import { hours, now, say } from "./time.js";

const LOST_AFTER = 30_000;
const engagedInside = ".pick:checked, tr input[type=checkbox]:checked, :focus-visible";
const usedInside = "input:not([type=checkbox]):focus, textarea:focus, select:focus, details.menu[open], dialog[open], .is-dragging";
const busyInside = `${engagedInside}, ${usedInside}`;
const busyAbove = "input:focus, details.menu[open]"; // in what is swapped together with the panel: data-with
const polled = new WeakMap();
let lastContact = Date.now();
let held = null;

const panels = () => [...document.querySelectorAll("[data-poll]")];
const status = () => document.querySelector("#live-status");

const holdsNew = (panel) => panel.dataset?.holdNew !== undefined;

// Whether a new panel would take away what somebody is in the middle of.
function isUsed(panel) {
  const selection = getSelection();
  const selecting = selection && !selection.isCollapsed && panel.contains(selection.anchorNode);
  const swappedToo = panel.dataset.with && document.querySelector(panel.dataset.with);
  return selecting || panel.querySelector(usedInside) !== null || Boolean(swappedToo?.querySelector(busyAbove));
}

const isBusy = (panel) => !holdsNew(panel) && (isUsed(panel) || panel.querySelector(busyInside) !== null);

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
  if (panels().length && at - lastContact > LOST_AFTER) return showLost();
  panels().forEach((panel) => sayHowOld(panel, at));
}

// Each panel says for itself that it is not live: what stands in it may be older than the page's last answer.
const current = new Map(); // id of a panel → when it was last known to show what is so
const opened = Date.now();

function sayHowOld(panel, at) {
  const since = current.get(panel.id) ?? opened;
  const isOld = panel.checkVisibility() && at - since > Math.max(LOST_AFTER, 2500 * panel.dataset.poll);
  const note = panel.querySelector("[data-old]");
  if (!isOld) return note?.remove();
  const words = ` As of ${hours(since + (now() - Date.now()))}${isBusy(panel) || isUsed(panel) ? ", while you work here" : ""}`;
  if (note) return void (note.textContent !== words && (note.textContent = words));
  const said = Object.assign(document.createElement("small"), { className: "stale", textContent: words });
  said.dataset.old = "";
  const heading = panel.querySelector("h2, h3");
  if (heading) heading.append(said);
  else panel.prepend(said);
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
  const wasLost = element.dataset.state === "lost";
  delete element.dataset.state;
  element.textContent = `Live, updated ${hours(now())}`;
  const alerts = document.querySelector("#alerts");
  if (alerts && wasLost) alerts.textContent = "";
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr?.status > 0 && detail.xhr.status < 500 && detail.xhr.status !== 401) showLive();
  if (detail.successful && detail.elt.dataset?.poll && !holding.has(detail.elt.id)) current.set(detail.elt.id, Date.now());
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
  if (!holdsNew(target) || !detail.shouldSwap) return;
  const fresh = newRows(detail.serverResponse);
  announceP1(fresh);
  // What one did oneself is shown at once; only what came by itself waits.
  const byItself = detail.requestConfig?.triggeringEvent?.type === "poll" && held !== "let through";
  const engaged = target.matches(":hover") || target.querySelector(engagedInside) !== null;
  if (byItself && (isUsed(target) || (fresh.length && engaged))) {
    detail.shouldSwap = false;
    holding.add(target.id);
    if (fresh.length) showNewBar(target, fresh);
  } else {
    holding.delete(target.id);
    keepPlace(target);
  }
});

document.addEventListener("htmx:afterSettle", ({ target }) => {
  restorePlace(target);
  for (const [id, revision] of revisions) {
    const row = document.getElementById(id);
    if (row && row.dataset.rev !== revision) row.classList.add("changed");
  }
  held = null;
});

const holding = new Set(); // ids of lists whose newest answer waits

function newRows(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.querySelectorAll("[id][data-rev]")].filter((row) => !revisions.has(row.id));
}

// Whoever reads by ear hears of a P1 when it comes, wherever they are on the page; once.
const announced = new Set();
function announceP1(rows) {
  const news = rows.filter((row) => row.dataset.severity === "P1" && !announced.has(row.id));
  const alerts = document.querySelector("#alerts");
  if (!news.length || !alerts) return;
  news.forEach((row) => announced.add(row.id));
  const words = `New P1: ${news.map((row) => row.querySelector("a.cover")?.textContent.trim()).join("; ")}`;
  alerts.textContent = words;
  setTimeout(() => { if (alerts.textContent === words) alerts.textContent = ""; }, LOST_AFTER);
}

// A list that is replaced keeps its ticks and the focus.
let place = null;
function keepPlace(panel) {
  const active = panel.contains(document.activeElement) ? document.activeElement : null;
  const ticked = [...panel.querySelectorAll(".pick:checked")].map((box) => box.value);
  place = { panel: panel.id, ticked, row: active?.closest("[data-row]")?.id, onTick: active?.matches(".pick") };
}

function restorePlace(panel) {
  if (!place || panel.id !== place.panel) return;
  panel.querySelectorAll(".pick").forEach((box) => { box.checked = place.ticked.includes(box.value); });
  const row = place.row && document.getElementById(place.row);
  if (row && !panel.contains(document.activeElement)) row.querySelector(place.onTick ? ".pick" : "a[href]")?.focus({ preventScroll: true });
  place = null;
}

// While somebody is at a list, new rows wait behind a bar instead of moving what is under pointer or focus.
function showNewBar(panel, rows) {
  let bar = panel.querySelector(".new-rows");
  if (!bar) {
    bar = Object.assign(document.createElement("button"), { type: "button", className: "new-rows" });
    bar.dataset.key = ".";
    bar.addEventListener("click", () => { held = "let through"; bar.blur(); refresh(panel); });
    panel.prepend(bar);
  }
  const p1 = rows.filter((row) => row.dataset.severity === "P1").length;
  const words = `${rows.length} new${p1 ? `, ${p1} P1` : ""}`;
  if (bar.textContent !== words) say(words);
  bar.textContent = words;
}

if (panels().length) showLive();
setInterval(look, 1000);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  lastContact = Date.now();
  panels().filter((panel) => !isBusy(panel)).forEach(refresh);
});
