// The keyboard: where to go, which row, what to do with it. The help dialog lists the same keys.

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
const current = () => document.querySelector("[data-row].is-current");
let currentId = "";

function follow(selector) {
  document.querySelector(selector)?.click();
}

function goToSearch(event) {
  event.preventDefault();
  const box = document.querySelector("#main [data-search]");
  if (box) return box.focus(), box.select();
  follow("[data-palette]");
}

function create() {
  // Who may make nothing has neither link.
  (document.querySelector("[data-create]") ?? document.querySelector("[data-new]"))?.click();
}

function move(step) {
  // On a ticket's page: on in the list that one came from, to which Back leads from each.
  const way = document.querySelector("[data-neighbours]");
  if (way) {
    const there = way.querySelector(`[rel=${step > 0 ? "next" : "prev"}]`);
    return there?.href && location.replace(there.href);
  }
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

// A verb is known by the page that its link leads to. In a list it is done to the row that is marked, and to no other.
function press(verb) {
  const shown = document.getElementById("ticket-actions") && document.getElementById("main");
  (current() ?? shown)?.querySelector(`a[href$="/${verb}"]`)?.click();
}

function comment(event) {
  const box = document.querySelector("#comment textarea");
  if (!box) return;
  event.preventDefault();
  box.focus();
}

// A dialog has the keyboard to itself.
const unlessDialog = (action) => (event) => document.querySelector("dialog[open]") || action(event);

// What the keys of the table in the help dialog do.
const actions = {
  "palette": (event) => { event.preventDefault(); follow("[data-palette]"); },
  "search": goToSearch,
  "create": create,
  "help": () => document.getElementById("keys").showModal(),
  "next": () => move(1),
  "previous": () => move(-1),
  "open": open,
  "pick": pick,
  "comment": comment,
};
const families = { go: (letter) => follow(`[data-go=${letter}]`), press };
const bindings = {};
for (const { dataset } of document.querySelectorAll("#keys [data-keys]")) {
  const [name, which] = dataset.does.split(":");
  bindings[dataset.keys] = which ? () => families[name](which) : actions[name];
}

// A ticked checkbox keeps the focus, and the keys go on working; a held key goes on moving.
// Ctrl+K is no letter that somebody types.
const isTyping = (event) => !event.ctrlKey && !event.metaKey && (event.isComposing || event.target.matches?.("input:not([type=checkbox], [type=radio]), select, textarea"));

const guarded = Object.entries(bindings).map(([keys, action]) => [keys, unlessDialog(action)]);
window.tinykeys.tinykeys(window, Object.fromEntries(guarded), { ignore: isTyping });
window.addEventListener("keydown", (event) => event.key === "Escape" && escape(event));

// Back in the list, the row that was opened last is marked, and the keys go on from there.
const OPENED = "opened-row";
const shown = document.querySelector("[data-neighbours]");
if (shown) sessionStorage.setItem(OPENED, shown.dataset.neighbours);
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-open]")?.closest("[data-row]");
  if (row) sessionStorage.setItem(OPENED, row.id);
});
window.addEventListener("pageshow", () => {
  const row = document.getElementById(sessionStorage.getItem(OPENED) ?? "");
  if (!row?.matches("[data-row]")) return;
  sessionStorage.removeItem(OPENED);
  select(row);
});

document.addEventListener("htmx:afterSettle", () => {
  if (currentId && !current()) mark(document.getElementById(currentId));
});
