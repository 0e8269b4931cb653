// The command palette: what this page offers and where its links lead, matched here; what the board has, asked of the server. Without this file its link leads to the search page.

const palette = document.getElementById("palette");
const WAIT_MS = 120;
let asked = null;
let waiting = 0;
let had = null;

const box = () => palette.querySelector("input");
const list = () => palette.querySelector("ul");
const options = () => [...list().querySelectorAll("[role=option]")];
const chosen = () => list().querySelector("[aria-selected=true]");

document.addEventListener("click", (event) => {
  if (!palette || !event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  document.getElementById("side")?.matches(":popover-open") && document.getElementById("side").hidePopover();
  had = commands();
  box().value = "";
  list().replaceChildren();
  palette.showModal();
  refresh();
});

// Every button and link that does something to what is shown, then every place the sidebar knows.
function commands() {
  const doing = document.querySelectorAll("#main .btn:not([disabled], [aria-disabled]), #main .menu-item");
  const going = document.querySelectorAll("#side a[href]:not([data-palette])");
  return [...[...doing].map((element) => command(element, "Do")), ...[...going].map((element) => command(element, "Go to"))].filter(({ text }) => text);
}

function command(element, kind) {
  const words = element.cloneNode(true);
  for (const extra of words.querySelectorAll("kbd, .count, .badge, svg")) extra.remove();
  const text = element.getAttribute("aria-label") ?? words.textContent.trim().replace(/\s+/g, " ");
  return { element, kind, text };
}

function refresh() {
  const typed = box().value.trim();
  const words = typed.toLowerCase().split(/\s+/);
  const seen = new Set();
  const found = had.filter(({ text }) => {
    const isNew = words.every((word) => text.toLowerCase().includes(word)) && !seen.has(text);
    return isNew && seen.add(text);
  });
  list().replaceChildren(...found.slice(0, typed ? 6 : 30).map(line));
  choose(0);
  clearTimeout(waiting);
  asked?.abort();
  if (typed) waiting = setTimeout(ask, WAIT_MS, typed);
}

function line({ element, kind, text }) {
  const item = document.createElement("li");
  item.setAttribute("role", "none");
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", "option");
  button.tabIndex = -1;
  for (const [name, words] of [["palette-what", text], ["quiet", kind]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = words;
    button.append(part, " ");
  }
  button.addEventListener("click", () => { palette.close(); element.click(); });
  item.append(button);
  return item;
}

async function ask(typed) {
  asked = new AbortController();
  try {
    const answer = await fetch(`${palette.dataset.url}?q=${encodeURIComponent(typed)}`, { signal: asked.signal, headers: { "HX-Request": "true" } });
    if (!answer.ok) return say("The server didn't answer; the pages above are still there.");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list().append(...page.querySelectorAll("li"));
    if (!chosen()) choose(0);
    say(`${options().length} found`);
  } catch (error) {
    if (error.name !== "AbortError") say("No connection to the server.");
  }
}

function say(words) {
  palette.querySelector("[data-palette-said]").textContent = words;
}

function choose(at) {
  const all = options();
  chosen()?.setAttribute("aria-selected", "false");
  const option = all.at(all.length ? at % all.length : 0);
  if (!option) return box().removeAttribute("aria-activedescendant");
  all.forEach((each, index) => { each.id = `palette-${index}`; });
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  box().setAttribute("aria-activedescendant", option.id);
}

palette?.addEventListener("input", refresh);
palette?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(options().indexOf(chosen()) + step);
  else if (event.key === "Enter" && !event.isComposing) chosen()?.click();
  else return;
  event.preventDefault();
});
