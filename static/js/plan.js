// The plan's pages: say so when the panel could not follow a change; its last answer stays.

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
