// Toasts leave after 8 s unless somebody hovers or focuses them.
// htmx answers add one with the header HX-Trigger: {"toast": {"text": "…", "undo": "/path/", "level": "error"}}
// With "here": true the undo is sent by htmx, and the page stays as it is.

const STAYS = 8000;
const region = document.querySelector("#toasts");

function leaveLater(toast) {
  let timer = setTimeout(() => toast.remove(), STAYS);
  const wait = () => clearTimeout(timer);
  const resume = () => { wait(); timer = setTimeout(() => toast.remove(), STAYS); };
  toast.addEventListener("pointerenter", wait);
  toast.addEventListener("focusin", wait);
  toast.addEventListener("pointerleave", resume);
  toast.addEventListener("focusout", resume);
}

function prepare(toast) {
  const close = toast.querySelector("[data-toast-close]");
  if (close) {
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
  }
  if (!toast.classList.contains("toast--error")) leaveLater(toast);
}

function undoForm(url, here) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: url });
  const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}")["x-csrftoken"] || "";
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "csrfmiddlewaretoken", value: token }));
  const button = Object.assign(document.createElement("button"), { textContent: "Undo " });
  button.dataset.key = "z";
  button.append(Object.assign(document.createElement("kbd"), { textContent: "Z" }));
  form.append(button);
  if (here && window.htmx) {
    form.setAttribute("hx-post", url);
    form.setAttribute("hx-swap", "none");
    form.addEventListener("htmx:afterRequest", () => setTimeout(() => form.closest("[data-toast], .toast")?.remove()));
    window.htmx.process(form);
  }
  return form;
}

export function toast({ text, undo, level, here }) {
  const element = Object.assign(document.createElement("div"), { className: level === "error" ? "toast toast--error" : "toast" });
  element.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) {
    // The key takes back what was done last.
    region?.querySelectorAll('[data-key="z"]').forEach((older) => older.removeAttribute("data-key"));
    element.append(undoForm(undo, here));
  }
  region?.append(element);
  prepare(element);
}

region?.querySelectorAll("[data-toast]").forEach((arrived) => {
  prepare(arrived);
  // What stood in the page from the start is no news to a screen reader: only a change of its words is.
  const words = arrived.querySelector("span");
  setTimeout(() => { words.textContent += "\u00a0"; }, 500);
});
document.addEventListener("toast", ({ detail }) => toast(detail));
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.elt.dataset.poll || detail.xhr.getResponseHeader("X-Signed-Out")) return;
  if (detail.xhr.getResponseHeader("X-Stale-Form")) {
    return toast({ text: "You signed in again since this page was opened. Nothing was sent: press once more.", level: "error" });
  }
  toast({ text: "That did not work. Nothing was changed; try again.", level: "error" });
});
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (!detail.elt.dataset.poll) toast({ text: "Not sent: no connection. Try again.", level: "error" });
});
