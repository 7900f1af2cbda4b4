// [data-dialog-open="#id"] opens a <dialog>; without JavaScript the same element is a plain link or button.
// Also closes menus (details.menu) on a click elsewhere or Escape.

function open(dialog) {
  if (!dialog.open) dialog.showModal();
  const first = "input:not([type=hidden]), textarea, select";
  (dialog.querySelector("[autofocus]") || dialog.querySelector(first))?.focus();
}

// [data-dialog-get="Title"] is a link to a form, which opens in the page's #loaded-dialog.
async function load(opener, dialog) {
  const body = dialog.querySelector("#loaded-dialog-body");
  dialog.querySelector("h2").textContent = opener.dataset.dialogGet;
  body.replaceChildren();
  await window.htmx.ajax("GET", opener.getAttribute("href"), { target: body, swap: "innerHTML" });
  if (body.querySelector("form")) open(dialog);
}

// A refusal stands in the page: the dialog must not stand before it.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr?.status === 409) detail.elt.closest?.("dialog[open]")?.close();
});

// What is nothing but a button for a dialog shows only where it works.
document.querySelectorAll("button[data-dialog-open][hidden]").forEach((button) => { button.hidden = false; });

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  const dialog = opener && document.querySelector(opener.dataset.dialogOpen);
  if (dialog) {
    event.preventDefault();
    if (opener.dataset.dialogTab) dialog.querySelector(opener.dataset.dialogTab)?.click();
    return open(dialog);
  }
  const loader = event.target.closest("[data-dialog-get]");
  const waiting = loader && document.querySelector("#loaded-dialog");
  if (waiting && window.htmx && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    return load(loader, waiting);
  }
  if (event.target.matches("dialog")) return event.target.close();
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog")?.close();
  }
});

function openMenus(except) {
  return [...document.querySelectorAll("details.menu[open]")].filter((menu) => !menu.contains(except));
}

document.addEventListener("pointerdown", ({ target }) => openMenus(target).forEach((menu) => { menu.open = false; }));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  openMenus(null).forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});

// A dialog that came back with errors, or was asked for by the URL, opens itself.
function openWaiting(within) {
  within.querySelectorAll("dialog[data-open]").forEach((dialog) => {
    dialog.removeAttribute("data-open");
    dialog.removeAttribute("open");
    open(dialog);
  });
}
document.addEventListener("htmx:afterSettle", ({ target }) => openWaiting(target));
openWaiting(document);
