// Relative times keep ticking, and their title says the exact moment in the reader's time zone.
// The words are those of app/rendering.py.

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const DATE_AFTER = 30 * 86400;
const dates = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long", ...chosenZone() });

let ahead = 0;

// The zone that the reader chose; unless they did, the browser's. A browser may not know every name that the server knows.
function chosenZone() {
  const timeZone = document.documentElement.dataset.timeZone;
  try {
    return timeZone && Intl.DateTimeFormat(undefined, { timeZone }) ? { timeZone } : {};
  } catch {
    return {};
  }
}

function tick() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const moment = new Date(time.dateTime);
    const words = wordsFor(moment, time.dataset.ago);
    if (time.textContent !== words) time.textContent = words;
  }
}

function wordsFor(moment, form) {
  const seconds = (Date.now() - ahead - moment) / 1000;
  if (form === "since") return coarse(Math.max(0, seconds));
  if (Math.abs(seconds) >= DATE_AFTER) return dates.format(moment);
  if (form === "short") return coarse(Math.abs(seconds));
  if (Math.abs(seconds) < 5) return "just now";
  return seconds > 0 ? `${coarse(seconds)} ago` : `in ${coarse(-seconds)}`;
}

function coarse(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

// Only when someone looks: hundreds of rows need no title until then.
function tellExactTime(event) {
  const time = event.target.closest?.("time[data-ago]");
  if (time) time.title = exact.format(new Date(time.dateTime));
}

// A reader's clock may be wrong; every answer to a live region says what the server's clock shows.
function learnSkew(event) {
  const date = Date.parse(event.detail.xhr.getResponseHeader("Date") ?? "");
  if (date) ahead = Math.abs(Date.now() - date) > 3000 ? Date.now() - date : 0;
}

document.addEventListener("pointerover", tellExactTime);
document.addEventListener("focusin", tellExactTime);
document.addEventListener("visibilitychange", () => document.hidden || tick());
document.addEventListener("htmx:afterRequest", learnSkew);
document.addEventListener("htmx:afterSettle", tick);
setInterval(() => document.hidden || tick(), 10_000);
tick();
