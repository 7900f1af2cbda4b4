// What is being typed is kept by the tab until the page is opened anew, and put back where a sign-in came in between.
// It ends with the tab, is put back for the same person only, and leaves out secrets and files.

const STORE = "typed";
const user = document.documentElement.dataset.user;
const all = () => JSON.parse(sessionStorage.getItem(STORE) || "{}");
const write = (typed) => sessionStorage.setItem(STORE, JSON.stringify(typed));
const ticked = (field) => ["checkbox", "radio"].includes(field.type);

function keyOf(field) {
  const form = field.form;
  if (!form || !field.name || ["password", "hidden", "file"].includes(field.type)) return null;
  if (form.method !== "post" && !form.hasAttribute("hx-post")) return null;
  const address = form.getAttribute("hx-post") || form.getAttribute("action") || "";
  return [location.pathname, address, field.name, ticked(field) ? field.value : ""].join(" ");
}

// From now on until it is put back, what was typed waits for somebody to sign in.
export function keepTyped() {
  write(Object.fromEntries(Object.entries(all()).map(([key, one]) => [key, { ...one, waits: true }])));
}

function putBack() {
  const typed = all();
  let found = 0;
  for (const field of document.querySelectorAll("form input, form textarea, form select")) {
    const one = typed[keyOf(field)];
    if (!one?.waits || one.user !== user) continue;
    found += 1;
    if (ticked(field)) field.checked = one.value;
    else field.value = one.value;
    if (field.closest("details")) field.closest("details").open = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (!found) return;
  const text = "What you had typed is back. It was not sent; look at it, and send it.";
  document.dispatchEvent(new CustomEvent("toast", { detail: { text } }));
}

function forget(isOver) {
  write(Object.fromEntries(Object.entries(all()).filter(([key, one]) => !isOver(key, one))));
}

document.addEventListener("input", ({ target }) => {
  const key = user && keyOf(target);
  if (!key) return;
  if (target.type === "radio") forget((other) => other.startsWith(key.slice(0, key.length - target.value.length)));
  write({ ...all(), [key]: { user, value: ticked(target) ? target.checked : target.value } });
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { verb, path } = detail.requestConfig ?? {};
  if (verb === "post" && detail.successful) forget((key) => key.startsWith(`${location.pathname} ${path} `));
});

document.addEventListener("submit", ({ target }) => {
  if (target.getAttribute("action")?.includes("/logout/")) sessionStorage.removeItem(STORE);
});

// Pages of signing in say that what was typed waits. Any other page starts anew with what its server knows.
if (document.querySelector('meta[name="typed"][content="waits"]')) {
  keepTyped();
} else if (user) {
  forget((key, one) => one.user !== user || (!one.waits && key.startsWith(`${location.pathname} `)));
  putBack();
  document.addEventListener("htmx:afterSettle", putBack);
}
