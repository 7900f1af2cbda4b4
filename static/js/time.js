// Ticks <time data-tick> and [data-clock] with the server's clock.
// The words mirror hypercare/ui/time_words.py; change both together.

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const root = document.documentElement;
let drift = Date.parse(root.dataset.now) - Date.now() || 0;

export const now = () => Date.now() + drift;

export function hours(moment) {
  const timeZone = root.dataset.zone || undefined;
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }).format(moment);
}

const two = (big, unit, small, smallUnit, width) =>
  small ? `${big} ${unit} ${String(small).padStart(width, "0")} ${smallUnit}` : `${big} ${unit}`;

export function duration(seconds, precise = false) {
  const total = Math.floor(Math.abs(seconds));
  const minutes = Math.floor(total / MINUTE);
  if (total < MINUTE) return `${total} s`;
  if (precise && total < 5 * MINUTE) return `${minutes} m ${String(total % MINUTE).padStart(2, "0")} s`;
  if (total < HOUR) return `${minutes} m`;
  if (total < DAY) return two(Math.floor(total / HOUR), "h", Math.floor(total % HOUR / MINUTE), "m", 2);
  return two(Math.floor(total / DAY), "d", Math.floor(total % DAY / HOUR), "h", 1);
}

function relative(left) {
  if (left >= DAY) return `in ${Math.floor(left / DAY)} d`;
  if (left >= 0) return `in ${duration(left)}`;
  return -left < DAY ? `${duration(left)} ago` : null;
}

function write(element, text) {
  if (text !== null && element.textContent !== text) element.textContent = text;
}

function tickTime(element) {
  const left = (Date.parse(element.dateTime) - now()) / 1000;
  if (element.dataset.tick === "when") return write(element, relative(left));
  if (element.dataset.tick === "left") return write(element, left < 0 ? "now" : left < HOUR ? `${Math.floor(left / MINUTE)} m ${String(Math.floor(left % MINUTE)).padStart(2, "0")} s` : duration(left));
  const by = element.textContent.split(", by ")[1];
  element.classList.toggle("late", left < 0);
  write(element, left < 0 ? `${duration(left)} late` : by ? `${duration(left)} left, by ${by}` : null);
}

function tickClock(element) {
  const { clock, label, total } = element.dataset;
  const left = (Date.parse(clock) - now()) / 1000;
  const words = left < 0 ? `${duration(left)} late` : `in ${duration(left, true)}`;
  const text = `${label} ${words}`.trim();
  write(element.querySelector("[data-clock-text]"), text[0].toUpperCase() + text.slice(1));
  if (left < 0) return makeLate(element);
  if (!+total) return;
  element.querySelector("circle + circle")?.setAttribute("stroke-dasharray", `${Math.max(3, Math.min(100, Math.round(100 * left / total)))} 100`);
  if (left < total / 4) element.classList.replace("clock--running", "clock--soon");
}

function makeLate(element) {
  if (element.classList.contains("clock--late")) return;
  element.classList.remove("clock--running", "clock--soon");
  element.classList.add("clock--late");
  const sprite = document.querySelector("use")?.getAttribute("href").split("#")[0];
  const ring = element.querySelector(".clock__ring");
  if (!ring) return;
  ring.setAttribute("class", "icon");
  ring.innerHTML = `<use href="${sprite}#late"/>`;
}

// Countdown bars: <progress data-until="ISO" max="seconds">
function tickBar(bar) {
  bar.value = Math.max(0, (Date.parse(bar.dataset.until) - now()) / 1000);
}

// Reads words aloud where a screen reader runs; nobody sees them.
export function say(text) {
  const words = Object.assign(document.createElement("span"), { className: "vh", textContent: text });
  document.querySelector("#toasts")?.append(words);
  setTimeout(() => words.remove(), 5000);
}

const MARKS = [[0, "late"], [120, "2 minutes left"], [600, "10 minutes left"]];
function announce(element) {
  const left = (Date.parse(element.dataset.clock) - now()) / 1000;
  const mark = MARKS.find(([seconds]) => left <= seconds);
  if (!mark || element.dataset.said === mark[1]) return;
  const first = element.dataset.said === undefined;
  element.dataset.said = mark[1];
  if (!first) say(`${element.dataset.label}: ${mark[1]}`);
}

export function tick() {
  document.querySelectorAll("time[data-tick]").forEach(tickTime);
  document.querySelectorAll("[data-clock]").forEach(tickClock);
  document.querySelectorAll("[data-announce]").forEach(announce);
  document.querySelectorAll("progress[data-until]").forEach(tickBar);
}

// A response's Date header corrects a wrong or sleeping device clock (to the second).
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const sent = Date.parse(detail.xhr?.getResponseHeader("Date"));
  if (sent && Math.abs(sent - now()) > 2000) drift = sent - Date.now();
});

setInterval(() => document.visibilityState === "visible" && tick(), 1000);
document.addEventListener("visibilitychange", tick);
