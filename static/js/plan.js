// The plan's pages: say so when the panel could not follow a change, whose last answer stays; and a key from the name.

function show(failed) {
  const notice = document.querySelector("[data-live-failed]");
  if (notice) notice.hidden = !failed;
}

const isLive = (event) => event.detail.elt?.matches?.("form[data-live]");

for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => isLive(event) && show(true));
}
// What is being sent needs no draft any more; one that overtakes it would be there again on the way back.
document.addEventListener("htmx:beforeRequest", (event) => isLive(event) && event.detail.elt.dataset.sent && event.preventDefault());
document.addEventListener("htmx:afterRequest", (event) => isLive(event) && event.detail.successful && show(false));

// A key is offered from the name's first word for as long as nobody has typed one.
const key = document.querySelector("[data-key-from]");
const name = key?.form.elements[key.dataset.keyFrom];
let offered = "";
name?.addEventListener("input", () => {
  if (key.value !== offered) return;
  const word = name.value.normalize("NFD").toUpperCase().split(/[^\p{L}\p{M}\p{N}]+/u).find((one) => /[A-Z]/.test(one)) ?? "";
  offered = word.replace(/[^A-Z0-9]/g, "").slice(0, 4);
  if (offered.length < 2) offered = "";
  key.value = offered;
});
