// Triage: the list with its preview, the board with cards to drag, and the composer's shortcut.

const preview = () => document.querySelector("#preview");
const isSideBySide = () => preview()?.checkVisibility() ?? false;
const rowsOf = () => [...document.querySelectorAll("#incidents [data-row]")];
let chosen = null; // id of the row that is selected
let awaited = null; // id of the row whose preview is on its way
let place = 0; // where the chosen row stood before the list was replaced
let hadFocus = false;

// Until the preview of a newly chosen row has arrived, its keys must not act on the row before; keys.js keeps them.
document.addEventListener("rowselect", ({ target }) => {
  if (!target.closest("#incidents")) return;
  chosen = awaited = target.id;
  if (preview()) preview().inert = true;
});

// What was done from the preview makes it stale: it waits for the fresh one, or for the news that nothing changed.
document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
  if (detail.requestConfig.verb === "post" && target.closest("#preview, #toasts") && preview()) preview().inert = true;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { verb, elt } = detail.requestConfig;
  const unchanged = verb === "get" && elt.id === "preview" && detail.xhr.status === 204;
  if ((unchanged || (verb === "post" && !detail.successful)) && preview() && !awaited) preview().inert = false;
});

// An answer for another row, or for what was done to it, comes too late to be shown.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (target.id === "preview" && awaited && requestConfig?.elt.id !== awaited) event.detail.shouldSwap = false;
  else if (target.id === "preview") awaited = null;
  if (target.id !== "incidents") return;
  place = Math.max(0, rowsOf().findIndex((row) => row.id === chosen));
  hadFocus = target.contains(document.activeElement);
});

// Beside a preview the first press chooses a row and the second opens it; Enter always opens.
let wasChosen = true;
document.addEventListener("pointerdown", ({ target }) => {
  wasChosen = target.closest("[data-row]")?.getAttribute("aria-selected") === "true";
}, true);
document.addEventListener("click", (event) => {
  const link = event.target.closest("#incidents a.cover");
  const plain = event.detail > 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (link && plain && isSideBySide() && !wasChosen) event.preventDefault();
});

// A refreshed list keeps its selection and focus; where the row has left the list, the one in its place is chosen.
// It asks again for a preview whose row was replaced before it could.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "incidents" || !chosen || !isSideBySide()) return;
  const rows = rowsOf();
  const row = document.getElementById(chosen) || rows[Math.min(place, rows.length - 1)];
  if (!row) return;
  rows.forEach((other) => other.setAttribute("aria-selected", String(other === row)));
  if (row.id !== chosen || awaited) row.dispatchEvent(new CustomEvent("rowselect", { bubbles: true }));
  if (hadFocus && !row.contains(document.activeElement)) row.querySelector("a[href]")?.focus({ preventScroll: true });
});

// The first row is chosen from the start where there is room to show it.
if (isSideBySide()) {
  const first = document.querySelector("#incidents [data-row]");
  first?.setAttribute("aria-selected", "true");
  addEventListener("load", () => first?.dispatchEvent(new CustomEvent("rowselect", { bubbles: true })));
}

// Board: dropping a card presses the button of its own status menu.
let dragged = null;
document.addEventListener("dragstart", ({ target }) => {
  dragged = target.closest?.(".card[draggable]");
  dragged?.classList.add("is-dragging");
});
document.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragging");
  document.querySelectorAll(".is-target").forEach((column) => column.classList.remove("is-target"));
  dragged = null;
});

const wayTo = (column) => {
  if (!dragged || !column || column.contains(dragged)) return null;
  const status = CSS.escape(column.dataset.column);
  return dragged.querySelector(status === "resolved" ? "[data-resolve]" : `button[value="${status}"]`);
};

document.addEventListener("dragover", (event) => {
  const column = event.target.closest?.("[data-column]");
  document.querySelectorAll(".is-target").forEach((other) => other.classList.toggle("is-target", other === column));
  if (!wayTo(column)) return;
  event.preventDefault();
  column.classList.add("is-target");
});
document.addEventListener("drop", (event) => {
  const way = wayTo(event.target.closest?.("[data-column]"));
  if (!way) return;
  event.preventDefault();
  way.click();
});

// "Post update" goes to the composer of the page.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-compose]");
  const composer = document.querySelector("#composer");
  if (!button || !composer) return;
  event.preventDefault();
  composer.querySelector(`[value="${CSS.escape(button.dataset.compose)}"]`).checked = true;
  composer.querySelector("textarea").focus();
});
