// Single-key shortcuts. A key acts on the element that carries it: data-key="a", data-go="h" after g.
// While rows are ticked a key acts on all of them, by data-many-key="a", or on none.
// Lists: [data-list] with [data-row] rows; j and k move, Enter opens the row's first link.

import { toast } from "./toast.js";

const off = document.documentElement.dataset.keys === "off";
const typing = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
let waitingForGo = false;
let kept = null; // a key that came while what carries it was still on its way
const KEPT_FOR = 3000;

const usable = (element) => !element.disabled && !element.closest("[inert]");

function shown(elements) {
  return elements.find((element) => element.checkVisibility()) || elements[0];
}

function holder() {
  return document.querySelector("dialog[open]") || document;
}

const rows = () => [...holder().querySelectorAll("[data-list] [data-row]")].filter((row) => row.checkVisibility());
const selected = () => holder().querySelector('[data-row][aria-selected="true"]');

function find(attribute, key) {
  const quoted = `[${attribute}="${CSS.escape(key)}"]`;
  const inRow = selected()?.querySelector(quoted);
  if (inRow) return inRow;
  return shown([...holder().querySelectorAll(quoted)].filter(usable));
}

function select(row) {
  rows().forEach((other) => other.setAttribute("aria-selected", String(other === row)));
  (row.querySelector("a[href]") || row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  row.dispatchEvent(new CustomEvent("rowselect", { bubbles: true }));
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(selected());
  select(all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))]);
  return true;
}

function press(element) {
  if (!element) return false;
  if (element.matches("details > summary")) element.focus();
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) element.focus();
  else element.click();
  return true;
}

// With ticks in a list, a key that would change one row of it says so instead.
function actOnTicked(key) {
  const ticked = holder().querySelectorAll("[data-list] .pick:checked").length;
  if (!ticked) return false;
  const together = find("data-many-key", key);
  if (together) return press(together);
  if (!find("data-key", key)?.closest(".preview, [data-row]")) return false;
  toast({ text: `${key.toUpperCase()} is for one, and ${ticked} ${ticked === 1 ? "is" : "are"} ticked. Untick with X, or open one.` });
  return true;
}

// Arrows (and J and K) stay in the menu that is open.
function moveInMenu(key) {
  const menu = document.querySelector("details.menu[open]");
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End", "j", "k"].includes(key)) return false;
  const stops = [...menu.querySelectorAll(":scope > :not(summary) :is(a, button, input, select, textarea)")].filter((stop) => stop.checkVisibility() && usable(stop));
  if (!stops.length) return false;
  const at = stops.indexOf(document.activeElement);
  const last = stops.length - 1;
  const down = key === "ArrowDown" || key === "j";
  const to = key === "Home" ? 0 : key === "End" ? last : down ? Math.min(last, at + 1) : at < 0 ? last : Math.max(0, at - 1);
  stops[to].focus();
  return true;
}

function act(key) {
  if (waitingForGo) {
    waitingForGo = false;
    return press(find("data-go", key));
  }
  if (key === "g") {
    waitingForGo = true;
    setTimeout(() => { waitingForGo = false; }, 1500);
    return true;
  }
  kept = null;
  if (key === "j" || key === "ArrowDown") return move(1);
  if (key === "k" || key === "ArrowUp") return move(-1);
  if (key === "x") return press(selected()?.querySelector("input[type=checkbox]"));
  return actOnTicked(key) || press(find("data-key", key)) || keep(key);
}

// A preview that is loading is inert: its keys wait for it instead of being lost.
function keep(key) {
  if (key.length > 1 || !document.querySelector(".preview[inert]")) return false;
  kept = { key, until: Date.now() + KEPT_FOR };
  return true;
}

document.addEventListener("htmx:afterSettle", () => {
  if (!kept || kept.until < Date.now()) return;
  const element = find("data-key", kept.key);
  if (!element || element.closest("[inert]")) return;
  const { key } = kept;
  kept = null;
  if (!actOnTicked(key)) press(element);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  // A field of a dialog that has just closed keeps the focus for a moment: nobody types into what is not shown.
  const field = event.target.matches(typing) && event.target.checkVisibility();
  if (field && event.target.closest("#search-dialog") && event.key.startsWith("Arrow")) return move(event.key === "ArrowDown" ? 1 : -1) && event.preventDefault();
  if (field) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!(off && key.length === 1) && moveInMenu(key)) return event.preventDefault();
  if (off) return;
  if (event.key.startsWith("Arrow") && !event.target.closest("[data-list]")) return;
  // The selected row opens even where a refresh took the focus from its link.
  const onNothing = !event.target.closest("a, button, summary, label, input, dialog");
  if (key === "Enter" ? onNothing && press(selected()?.querySelector("a[href]")) : act(key)) event.preventDefault();
});

document.addEventListener("focusin", ({ target }) => {
  const row = target.closest("[data-list] [data-row]");
  if (row && row.getAttribute("aria-selected") !== "true") {
    rows().forEach((other) => other.setAttribute("aria-selected", String(other === row)));
    row.dispatchEvent(new CustomEvent("rowselect", { bubbles: true }));
  }
});
