// The keyboard: where to go, which row, what to do with it. The help dialog lists the same keys.

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
const current = () => document.querySelector("[data-row].is-current");
let currentId = "";

function followLink(selector) {
  document.querySelector(selector)?.click();
}

function goToSearch(event) {
  event.preventDefault();
  const box = document.querySelector("[data-search]");
  if (box) return box.focus(), box.select();
  const list = document.querySelector("[data-go=t]");
  if (list) location.assign(`${list.href}#search`);
}

function create() {
  // Who may make nothing has neither link.
  (document.querySelector("[data-create]") ?? document.querySelector("[data-new]"))?.click();
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  select(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)]);
}

// Marked, not focused: focus inside a live region would stop its refresh.
function select(row) {
  unmark();
  mark(row);
  row.scrollIntoView({ block: "nearest" });
  currentId = row.id;
}

function mark(row) {
  row?.classList.add("is-current");
  row?.setAttribute("aria-current", "true");
}

function unmark() {
  current()?.removeAttribute("aria-current");
  current()?.classList.remove("is-current");
  currentId = "";
}

function open(event) {
  if (event.target !== document.body && event.target.id !== "main") return;
  current()?.querySelector("[data-open]")?.click();
}

function pick() {
  current()?.querySelector("[data-pick]")?.click();
}

function escape(event) {
  if (event.target.matches?.("input, select, textarea")) return event.target.blur();
  unmark();
}

// A dialog has the keyboard to itself.
const unlessDialog = (action) => (event) => document.querySelector("dialog[open]") || action(event);

const bindings = {
  "[Shift]+/": goToSearch,
  "c": create,
  "j": () => move(1),
  "k": () => move(-1),
  "x": pick,
  "Enter": open,
  "[Shift]+?": () => document.getElementById("keys")?.showModal(),
};
for (const letter of "dtwip") bindings[`g ${letter}`] = () => followLink(`[data-go=${letter}]`);

// A ticked checkbox keeps the focus, and the keys go on working; a held key goes on moving.
const isTyping = (event) => event.isComposing || event.target.matches?.("input:not([type=checkbox], [type=radio]), select, textarea");

const guarded = Object.entries(bindings).map(([keys, action]) => [keys, unlessDialog(action)]);
window.tinykeys.tinykeys(window, Object.fromEntries(guarded), { ignore: isTyping });
window.addEventListener("keydown", (event) => event.key === "Escape" && escape(event));

document.addEventListener("htmx:afterSettle", () => {
  if (currentId && !current()) mark(document.getElementById(currentId));
});
if (location.hash === "#search") document.querySelector("[data-search]")?.focus();
