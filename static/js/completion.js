// Completing what one types, a query or in a text the name of a person: the server says what the word before the cursor may become. Without this file the box is a plain one.

const WAIT_MS = 90;
let box = null;
let asked = null;
let waiting = 0;

const listOf = (other) => document.getElementById(other.getAttribute("aria-controls"));
const isOpen = () => box !== null && listOf(box)?.hidden === false;
const options = () => [...listOf(box).children];
const chosen = () => listOf(box).querySelector("[aria-selected=true]");
const isText = () => box.localName === "textarea";

// The server counts characters, a browser the halves of those that it writes in two.
const lengthOf = (text) => [...text].length;
const upTo = (text, count) => [...text].slice(0, count).join("").length;

// What the server is asked about, and where it begins: all of a line; of a text, which may be long, the word before the cursor, and of a word no more than a name can have.
function question() {
  const before = box.value.slice(0, box.selectionStart);
  const from = isText() ? before.search(/\S{0,100}$/) : 0;
  return { from, typed: isText() ? before.slice(from) : box.value, at: lengthOf(before.slice(from)) };
}

async function ask() {
  asked?.abort();
  const { typed, at } = question();
  if (isText() && !typed.includes("@")) return show([]);
  asked = new AbortController();
  const { signal } = asked;
  const url = new URL(box.dataset.completes, location);
  url.searchParams.set("q", typed);
  url.searchParams.set("at", at);
  try {
    const answer = await fetch(url, { signal, headers: { "HX-Request": "true" } });
    const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
    if (!signal.aborted) show(document.activeElement === box ? [...page.querySelectorAll("li")] : []);
  } catch (error) {
    if (error.name !== "AbortError") show([]);
  }
}

function show(found) {
  const list = listOf(box);
  if (!list) return;
  list.replaceChildren(...found);
  list.removeAttribute("aria-busy");
  found.forEach((option, index) => { option.id = `${list.id}-${index}`; });
  list.hidden = !found.length;
  if (!isText()) box.setAttribute("aria-expanded", String(!list.hidden));
  box.removeAttribute("aria-activedescendant");
  // Enter sends a query as it is, but in a text it takes the first name.
  if (!isText() || list.hidden) return;
  list.scrollIntoView({ block: "nearest" });
  choose(1);
}

function close() {
  clearTimeout(waiting);
  asked?.abort();
  if (isOpen()) show([]);
}

function choose(step) {
  const all = options();
  const before = all.indexOf(chosen());
  const at = before < 0 ? (step > 0 ? 0 : all.length - 1) : (before + step + all.length) % all.length;
  unchoose();
  all[at].setAttribute("aria-selected", "true");
  all[at].scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", all[at].id);
}

function unchoose() {
  chosen()?.removeAttribute("aria-selected");
  box.removeAttribute("aria-activedescendant");
}

function take(option) {
  if (listOf(box).hasAttribute("aria-busy")) return;
  const { text, start, end } = option.dataset;
  const { from, typed } = question();
  const isField = text.endsWith(":");
  const upToEnd = from + upTo(typed, Number(end));
  const isLast = upToEnd === box.value.length;
  box.setRangeText(isLast && !isField ? `${text} ` : text, from + upTo(typed, Number(start)), upToEnd, "end");
  // Its form counts what is typed.
  if (isText()) box.dispatchEvent(new InputEvent("input", { bubbles: true }));
  close();
  box.focus();
  if (isField) ask();
}

// What each key does while suggestions are shown; true: nothing else happens.
const keys = {
  ArrowDown: () => { choose(1); return true; },
  ArrowUp: () => { choose(-1); return true; },
  ArrowLeft: close,
  ArrowRight: close,
  Home: close,
  End: close,
  Enter: () => chosen() && (take(chosen()), true),
  Tab: () => chosen() && (take(chosen()), true),
  Escape: () => { close(); return true; },
};

function press(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (!isOpen()) {
    if (event.key !== "ArrowDown" || isText()) return;
    ask();
  } else if (!keys[event.key]?.()) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

// What is typed makes what is shown older than the text, in which it would land elsewhere: nothing of it is taken until the server has answered.
function type() {
  if (isOpen()) {
    unchoose();
    listOf(box).setAttribute("aria-busy", "true");
  }
  asked?.abort();
  clearTimeout(waiting);
  waiting = setTimeout(ask, WAIT_MS);
}

// Boxes come and go with dialogs, so the page listens for all of them.
function listen(name, act) {
  document.addEventListener(name, (event) => {
    if (!event.target.matches?.("[data-completes]")) return;
    if (box !== event.target) {
      if (box) close();
      box = event.target;
    }
    act(event);
  }, true);
}

listen("input", type);
listen("keydown", press);
listen("pointerdown", close);
listen("blur", close);
document.addEventListener("submit", () => box && close(), true);
// A press would take the focus from the box, and close the list before the click.
document.addEventListener("pointerdown", (event) => event.target.closest(".suggestions") && event.preventDefault());
document.addEventListener("click", (event) => { const option = event.target.closest(".suggestions > li"); if (option) take(option); });
