// Forms: focus the list of problems, send with Ctrl/⌘ Enter, apply filters on change, refuse a second press.

function showProblems(within) {
  const summary = within.querySelector?.(".error-summary[data-focus]");
  if (!summary) return;
  summary.focus();
  if (!document.title.startsWith("Error: ")) document.title = `Error: ${document.title}`;
}

document.addEventListener("htmx:afterSettle", ({ target }) => showProblems(target));
showProblems(document);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest("form");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector(".btn--primary"));
});

document.addEventListener("change", ({ target }) => target.closest("form[data-autosubmit]")?.requestSubmit());

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});
