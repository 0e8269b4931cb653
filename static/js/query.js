// Completing a query as one types: the server says what the word before the cursor may become. Without this file the box is a plain one.

const WAIT_MS = 90;
const box = document.querySelector("[data-completes]");
const list = document.getElementById("suggestions");
let asked = null;
let waiting = 0;

const options = () => [...list.children];
const chosen = () => list.querySelector("[aria-selected=true]");

// The server counts characters, a browser the halves of those that it writes in two.
const lengthOf = (text) => [...text].length;
const upTo = (count) => [...box.value].slice(0, count).join("").length;

async function ask() {
  asked?.abort();
  asked = new AbortController();
  const at = lengthOf(box.value.slice(0, box.selectionStart));
  const url = `${box.dataset.completes}?q=${encodeURIComponent(box.value)}&at=${at}`;
  try {
    const answer = await fetch(url, { signal: asked.signal, headers: { "HX-Request": "true" } });
    const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
    show(document.activeElement === box ? [...page.querySelectorAll("li")] : []);
  } catch (error) {
    if (error.name !== "AbortError") show([]);
  }
}

function show(found) {
  list.replaceChildren(...found);
  found.forEach((option, index) => { option.id = `suggestion-${index}`; });
  list.hidden = !found.length;
  box.setAttribute("aria-expanded", String(!list.hidden));
  box.removeAttribute("aria-activedescendant");
}

function close() {
  clearTimeout(waiting);
  asked?.abort();
  show([]);
}

function choose(step) {
  const all = options();
  const before = all.indexOf(chosen());
  const at = before < 0 ? (step > 0 ? 0 : all.length - 1) : (before + step + all.length) % all.length;
  chosen()?.removeAttribute("aria-selected");
  all[at].setAttribute("aria-selected", "true");
  all[at].scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", all[at].id);
}

function take(option) {
  const { text, start, end } = option.dataset;
  const isField = text.endsWith(":");
  const isLast = upTo(Number(end)) === box.value.length;
  box.setRangeText(isLast && !isField ? `${text} ` : text, upTo(Number(start)), upTo(Number(end)), "end");
  close();
  box.focus();
  if (isField) ask();
}

// What each key does while suggestions are shown; true: nothing else happens.
const keys = {
  ArrowDown: () => { choose(1); return true; },
  ArrowUp: () => { choose(-1); return true; },
  Enter: () => chosen() && (take(chosen()), true),
  Tab: () => chosen() && (take(chosen()), true),
  Escape: () => { close(); return true; },
};

function press(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (list.hidden) {
    if (event.key !== "ArrowDown") return;
    ask();
  } else if (!keys[event.key]?.()) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

if (box && list) {
  box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, WAIT_MS); });
  box.addEventListener("keydown", press);
  box.addEventListener("blur", close);
  box.form.addEventListener("submit", close);
  // A press would take the focus from the box, and close the list before the click.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => { const option = event.target.closest("li"); if (option) take(option); });
}
