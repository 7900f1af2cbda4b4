// A session that ended is said at once, in every tab. When somebody has signed in again, also in another tab, forms get
// their new token and stay as they are.

import { keepTyped } from "./typed.js";

const ASK_AFTER = 60_000;
const ASKED = "/api/v1/me/";
const root = document.documentElement;
const tabs = new BroadcastChannel("signing-in");
let notice = null;

function sayOut() {
  keepTyped();
  const element = document.querySelector("#live-status");
  if (element) Object.assign(element, { textContent: "Not live: you are signed out" }).dataset.state = "lost";
  if (notice) return;
  notice = Object.assign(document.createElement("div"), { className: "toast toast--error", id: "signed-out" });
  const link = Object.assign(document.createElement("a"), { textContent: "Sign in" });
  link.href = `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  const words = "You are signed out. What you see may be old; what you typed is kept. ";
  notice.append(Object.assign(document.createElement("span"), { textContent: words }), link);
  document.querySelector("#toasts")?.append(notice);
}

// The page as it would be now has the token that forms need; what stands in them is left alone.
async function renew() {
  const answer = await fetch(location.href, { headers: { "X-Poll": "1" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const person = page.documentElement.dataset.user;
  if (!person) return sayOut();
  if (person !== root.dataset.user) return location.reload();
  const headers = page.body.getAttribute("hx-headers");
  document.body.setAttribute("hx-headers", headers);
  const token = JSON.parse(headers)["x-csrftoken"];
  document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => { field.value = token; });
  notice?.remove();
  notice = null;
}

async function ask() {
  const answer = await fetch(ASKED, { headers: { "X-Poll": "1" } });
  if (answer.status === 401) sayOut();
  else if (answer.ok && notice) await renew();
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { xhr } = detail;
  if (xhr?.getResponseHeader("X-Signed-Out")) sayOut();
  else if (xhr?.getResponseHeader("X-Stale-Form")) renew();
  else if (notice && detail.successful) renew();
});

if (root.dataset.user) {
  tabs.addEventListener("message", () => renew().catch(() => {}));
  const look = () => { if (document.visibilityState === "visible") ask().catch(() => {}); };
  setInterval(look, ASK_AFTER);
  document.addEventListener("visibilitychange", look);
  if (sessionStorage.getItem("signing-in")) tabs.postMessage("in");
  sessionStorage.removeItem("signing-in");
} else if (document.querySelector('meta[name="typed"]')) {
  sessionStorage.setItem("signing-in", "1");
  tabs.postMessage("out");
}
