// <div data-push data-key="…" data-worker="…">: adds this browser as a way to reach the person, where it can be one.
// Without this script, or where the browser has no notifications, the sentence says so and the button stays hidden.

const MINE = "hypercare.push-way"; // which way of the list this browser is

const bytes = (text) => {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
};

const says = (box, words) => { box.querySelector("[data-push-says]").textContent = words; };

async function post(url, token, fields = {}) {
  const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(fields) });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail);
  return found;
}

async function subscription(box, token) {
  const worker = await navigator.serviceWorker.register(box.dataset.worker);
  await navigator.serviceWorker.ready;
  const { key } = await post(box.dataset.key, token);
  const before = await worker.pushManager.getSubscription();
  if (before) await before.unsubscribe(); // It may be another person's, or made with another key.
  return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
}

async function add(box, form) {
  const token = form.elements.csrfmiddlewaretoken.value;
  if (await Notification.requestPermission() !== "granted") {
    says(box, "Notifications of this site are blocked here. Allow them in the browser’s settings for this site, then try again.");
    return;
  }
  const made = await subscription(box, token);
  const { url } = await post(form.action, token, { subscription: JSON.stringify(made) });
  localStorage.setItem(MINE, url.split("#")[1]);
  location.assign(url);
  location.reload();
}

// Safari of an iPhone or iPad says whether the page was opened from the home screen; no other browser does.
const fromHomeScreen = () => navigator.standalone;

function whyNot() {
  if (!window.isSecureContext) return "Notifications need an https address. Ask whoever runs this installation.";
  if (fromHomeScreen() === false) return "Add Hypercare to the home screen first, by the steps below.";
  return "This browser has no notifications for sites.";
}

function start(box) {
  const form = box.querySelector("form");
  const steps = document.querySelector("[data-home-screen]");
  if (steps && fromHomeScreen() !== undefined) steps[fromHomeScreen() ? "hidden" : "open"] = true;
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!able) return says(box, whyNot());
  if (document.getElementById(localStorage.getItem(MINE))) {
    says(box, "It is one of the ways above.");
    return;
  }
  says(box, "Pages come as notifications, also while Hypercare is closed.");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await add(box, form);
    } catch (error) {
      says(box, `This browser could not be added. ${error.message || "Its push service did not answer."}`);
    }
    button.disabled = false;
  });
}

document.querySelectorAll("[data-push]").forEach(start);
