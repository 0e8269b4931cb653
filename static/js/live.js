// Live regions poll by themselves (hx-trigger="every 5s"; a search more rarely). This decides when they should not, and says how fresh the page is.

const regions = () => document.querySelectorAll("[data-live]");
let unfolded = [];
const state = { heard: Date.now(), paused: "", lost: false, refused: false };

function reasonToWait(region) {
  if (document.hidden) return "hidden";
  if (document.querySelector("dialog[open]")) return "a dialog is open";
  if (document.querySelector("details.menu[open]")) return "a menu is open";
  if (region.querySelector(":popover-open")) return "a form is open";
  if (region.querySelector("[data-pick]:checked")) return "rows are selected";
  // What stands beside a region is renewed with it.
  for (const part of [region, ...document.querySelectorAll("[data-live-beside]")]) {
    // A link that was only clicked keeps the focus too, but nobody reads on from there.
    if (part.querySelector(":focus-visible")) return "you are in it";
    if (selectsTextIn(part)) return "text is selected";
  }
  return "";
}

function selectsTextIn(region) {
  const selection = document.getSelection();
  return Boolean(selection && !selection.isCollapsed && region.contains(selection.anchorNode));
}

function beforePoll(event) {
  const region = event.detail.elt;
  if (!region.matches("[data-live]")) return;
  state.paused = reasonToWait(region);
  if (state.paused) event.preventDefault();
  showStatus();
}

function heardBack(event) {
  const { elt, xhr } = event.detail;
  if (!elt.matches("[data-live]")) return;
  // A refusal (gone, signed out) is an answer too; reloading by itself could throw away a half-written comment.
  state.refused = xhr.status >= 400 && xhr.status < 500 && xhr.status;
  setLost(xhr.status === 0 || xhr.status >= 500);
  if (xhr.status >= 200 && xhr.status < 300) state.heard = Date.now();
  showStatus();
}

function setLost(lost) {
  state.lost = lost;
  document.querySelector("[data-offline]").hidden = !lost;
}

function showStatus() {
  for (const place of document.querySelectorAll("[data-live-status]")) {
    const age = Math.max(0, Math.round((Date.now() - state.heard) / 1000));
    const [kind, word] = statusWord();
    place.dataset.state = kind;
    place.title = kind === "paused" ? `Not refreshed while ${state.paused}` : `Refreshes every ${pollSeconds()} seconds`;
    place.textContent = `${word} · updated ${ageText(age)}`;
  }
}

function pollSeconds() {
  return parseInt(regions()[0].getAttribute("hx-trigger").replace("every ", ""), 10);
}

function statusWord() {
  if (state.lost) return ["lost", "no connection"];
  if (state.refused === 401) return ["lost", "signed out"];
  if (state.refused) return ["lost", "reload this page"];
  return state.paused ? ["paused", "paused"] : ["live", "live"];
}

function ageText(seconds) {
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}

// Back from another tab: don't let the reader look at old news for five seconds more.
function refreshNow() {
  if (document.hidden || document.querySelector("dialog[open]")) return;
  for (const region of regions()) {
    window.htmx.ajax("GET", region.getAttribute("hx-get"), { source: region, target: region, swap: "morph:outerHTML" });
  }
}

// The server doesn't know what the reader unfolded; a refresh must not fold it again.
function noteUnfolded() {
  unfolded = [...document.querySelectorAll("details[id][open], [type=checkbox][id]:checked")];
}

function unfoldAgain() {
  for (const { id, tagName } of unfolded) {
    const now = document.getElementById(id);
    if (now) now[tagName === "DETAILS" ? "open" : "checked"] = true;
  }
}

// Whoever was here is signed out. Nothing leads away from the page: what was typed stays, and the next good answer ends it.
function tellSignedOut(event) {
  const note = document.querySelector("[data-signed-out]");
  const { status } = event.detail.xhr;
  if (note && status) note.hidden = status !== 401;
}

document.addEventListener("htmx:afterRequest", tellSignedOut);

if (regions().length) {
  document.addEventListener("htmx:beforeSwap", noteUnfolded);
  document.addEventListener("htmx:afterSwap", unfoldAgain);
  document.addEventListener("htmx:beforeRequest", beforePoll);
  document.addEventListener("htmx:afterRequest", heardBack);
  document.addEventListener("visibilitychange", refreshNow);
  window.addEventListener("online", refreshNow);
  window.addEventListener("offline", () => { setLost(true); showStatus(); });
  setInterval(() => document.hidden || showStatus(), 1000);
  showStatus();
}
