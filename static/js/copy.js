// <button data-copy="text" hidden>: shown where the browser can copy; says so when it did.

document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = !navigator.clipboard; });

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const words = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE);
  if (!words || button.dataset.was) return;
  button.dataset.was = words.data;
  words.data = "Copied";
  setTimeout(() => { words.data = button.dataset.was; delete button.dataset.was; }, 1500);
});
