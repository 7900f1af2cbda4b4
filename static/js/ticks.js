// Rows that are ticked: [data-tick-all] ticks all of its table, [data-ticked] in their form says how many (of how many).
const boxesOf = (form) => [...document.querySelectorAll(`tbody input[type=checkbox][form="${form.id}"]`)];

const count = () => {
  for (const said of document.querySelectorAll("form[id] [data-ticked]")) {
    const all = boxesOf(said.closest("form"));
    const ticked = all.filter((box) => box.checked).length;
    const total = said.dataset.ticked;
    said.textContent = total ? `${ticked} of ${total} ticked` : `${ticked} ticked`;
    const every = all[0]?.closest("table").querySelector("[data-tick-all]");
    if (!every) continue;
    every.hidden = false;
    every.checked = ticked === all.length;
    every.indeterminate = ticked > 0 && ticked < all.length;
  }
};

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-tick-all]")) {
    const boxes = target.closest("table").querySelectorAll("tbody input[type=checkbox][form]");
    for (const box of boxes) box.checked = target.checked && !box.closest("tr").hidden;
  }
  count();
});
document.addEventListener("htmx:afterSettle", count);
// What was done to the ticked is done: a list that is replaced keeps ticks that are still meant.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful || detail.requestConfig?.verb !== "post" || !detail.elt.querySelector?.("[data-ticked]")) return;
  for (const box of boxesOf(detail.elt)) box.checked = false;
  count();
});
count();
