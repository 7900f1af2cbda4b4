// Single-key shortcuts. A key acts on the element that carries it: data-key="a", data-go="h" after g.
// Lists: [data-list] with [data-row] rows; j and k move, Enter opens the row's first link.

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
  return press(find("data-key", key)) || keep(key);
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
  kept = null;
  press(element);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  // A field of a dialog that has just closed keeps the focus for a moment: nobody types into what is not shown.
  const field = event.target.matches(typing) && event.target.checkVisibility();
  if (field && event.target.closest("#search-dialog") && event.key.startsWith("Arrow")) return move(event.key === "ArrowDown" ? 1 : -1) && event.preventDefault();
  if (field || off) return;
  if (event.key.startsWith("Arrow") && !event.target.closest("[data-list]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
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
