// Editing in place: [data-in-place] is a form in a table row. Enter saves, also from a list; Escape presses [data-cancel].

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-in-place]");
  if (!form) return;
  if (event.key === "Escape") {
    event.preventDefault();
    form.querySelector("[data-cancel]")?.click();
  } else if (event.key === "Enter" && event.target.matches("select")) {
    event.preventDefault();
    form.requestSubmit();
  }
});

// What was being edited keeps the focus when its row comes back.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const id = detail.target?.id;
  const row = id ? document.getElementById(id) : null;
  if (!row?.matches("tr[data-row]")) return;
  (row.querySelector("[autofocus]") || row.querySelector(".editable") || row.querySelector("a[href]"))?.focus();
});
