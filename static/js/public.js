// Public and paged pages: counts down, refreshes parts of the page, and says so when a press did not get through.
// <section data-poll="5" data-url="/page/…/_state/"> is replaced by the answer (204: nothing changed).

import { tick } from "./time.js";

async function refresh(part) {
  const url = new URL(part.dataset.url, location.href);
  if (part.dataset.version) url.searchParams.set("v", part.dataset.version);
  const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer || answer.status !== 200 || part.querySelector("input:focus, textarea:focus")) return;
  part.outerHTML = await answer.text();
  tick();
}

const asked = new Map();
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  document.querySelectorAll("[data-poll][data-url]").forEach((part) => {
    const url = part.dataset.url;
    if (Date.now() - (asked.get(url) ?? asked.set(url, Date.now()).get(url)) < 1000 * part.dataset.poll) return;
    asked.set(url, Date.now());
    refresh(part);
  });
}, 1000);

// <form data-send> is posted in the background; when the network is gone its <p data-not-sent hidden> appears.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.send === undefined) return;
  event.preventDefault();
  // Not form.action: a field that is called action stands in its place.
  const note = document.querySelector("[data-not-sent]");
  const button = event.submitter;
  if (button) button.disabled = true;
  const answer = await fetch(form.getAttribute("action") || location.href, { method: "POST", body: new FormData(form, button) }).catch(() => null);
  if (answer?.redirected) return location.assign(answer.url);
  if (answer) return location.reload();
  if (button) button.disabled = false;
  if (note) note.hidden = false;
});

const summary = document.querySelector(".error-summary");
if (summary) {
  summary.focus();
  if (!document.title.startsWith("Error: ")) document.title = `Error: ${document.title}`;
}
tick();

// Whoever makes an account is most likely where their browser is.
const zone = document.querySelector("select[data-own-zone]");
if (zone?.value === "UTC" && !document.querySelector(".error-summary")) {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === own)) zone.value = own;
}
