// Groups of a table fold: the button in a group's head hides its rows, for as long as the tab is open.
const key = (button) => `fold:${location.pathname}:${button.dataset.fold}`;

const show = (button, open) => {
  button.setAttribute("aria-expanded", open);
  for (const row of button.closest("tbody").rows) row.hidden = !open && !row.contains(button);
};

const settle = (within) => {
  for (const button of within.querySelectorAll("[data-fold]")) {
    button.hidden = false;
    show(button, !sessionStorage.getItem(key(button)));
  }
};

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-fold]");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") !== "true";
  if (open) sessionStorage.removeItem(key(button));
  else sessionStorage.setItem(key(button), "1");
  show(button, open);
});
document.addEventListener("htmx:afterSettle", () => settle(document));
settle(document);
