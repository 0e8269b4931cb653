// The board: cards are dragged by mouse, touch and keyboard, or moved by their menu. What a move means, and whether it may be, the server says: a refused card goes back, and a message tells why.

const region = () => document.getElementById("board");
const menu = document.getElementById("board-menu");
const dialog = document.getElementById("board-dialog");
const lists = () => [...document.querySelectorAll("[data-cell]")];
const cardsOf = (list) => [...list.querySelectorAll(":scope > .ticket-card")];
const cardOf = (node) => node.closest?.(".ticket-card");
let pending = null; // a card that was put elsewhere, while nobody knows yet whether it may stay
let before = null; // the card after which more were asked for
let opened = ""; // the card whose menu was opened last
let lifted = null; // a card that the arrow keys carry

// --- asking the server ---

async function ask(url, options = {}) {
  try {
    const answer = await fetch(url, { ...options, headers: { "HX-Request": "true" } });
    return { ok: answer.ok, status: answer.status, text: await answer.text() };
  } catch {
    return { ok: false, status: 0, text: "No connection to the server." };
  }
}

function post(url, fields) {
  return ask(url, { method: "POST", body: new URLSearchParams(fields) });
}

const moveUrl = (card) => card.querySelector("[data-card-menu]").href.split("?")[0];

function toast(text, isGood) {
  const made = document.getElementById("board-toast").content.firstElementChild.cloneNode(true);
  made.classList.add(...(isGood ? ["run", "passing"] : ["stop"]));
  const line = made.querySelector("[data-said]");
  line.replaceChildren();
  if (!isGood) line.append(Object.assign(document.createElement("span"), { className: "toast-word", textContent: "Not done: " }));
  line.append(text);
  document.querySelector(".toasts").append(made);
}

// An answer that isn't for a script is a page: its words aren't for a message.
const reasonOf = ({ status, text }) => (status === 401 ? "You are signed out." : text.trimStart().startsWith("<") ? "The board can't do that now. Reload the page." : text);

function say(text) {
  document.querySelector("[data-board-said]").textContent = text;
}

// --- refreshing ---

// Of the cells that show more than they do by themselves: so many, or all that run and one more.
function loaded() {
  const atFirst = Number(region().dataset.cards);
  const running = (list) => list.querySelectorAll(":scope > .run").length;
  const many = lists().filter((list) => cardsOf(list).length > Math.max(atFirst, running(list) + 1));
  return Object.fromEntries(many.map((list) => [`shown.${list.dataset.cell}`, cardsOf(list).length]));
}

async function refresh() {
  const url = new URL(region().getAttribute("hx-get"), location.href);
  url.searchParams.delete("v");
  for (const [name, value] of Object.entries(loaded())) url.searchParams.set(name, value);
  const { ok, text } = await ask(url);
  if (!ok || !text || isBusy()) return;
  window.Idiomorph.morph(region(), text, { morphStyle: "outerHTML" });
  window.htmx.process(region());
  makeSortable();
}

const isBusy = () => Boolean(pending || lifted || document.querySelector(".sortable-fallback"));

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt === region()) Object.assign(event.detail.parameters, loaded());
});

// Whatever holds a card holds the refresh as well, even one that is on its way already.
for (const name of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(name, (event) => {
    const isRegion = event.detail.elt === region() || event.detail.target === region();
    if (isRegion && (isBusy() || menu.matches(":popover-open"))) event.preventDefault();
  });
}

document.addEventListener("htmx:afterSettle", () => {
  // A card that moved down meanwhile comes a second time with those that follow.
  const seen = new Set();
  for (const card of document.querySelectorAll("#board .ticket-card")) {
    if (seen.has(card.id)) card.remove();
    seen.add(card.id);
  }
  if (before) focusOn(before.nextElementSibling);
  before = null;
  makeSortable();
});

// --- putting a card elsewhere ---

function begin(card) {
  pending = { card, list: card.parentElement, next: card.nextElementSibling, focus: card.contains(document.activeElement) };
  document.querySelector(".board").dataset.moving = "";
}

function putBack() {
  if (!pending) return;
  const { card, list, next, focus } = pending;
  list.insertBefore(card, next?.parentElement === list ? next : null);
  if (focus) card.querySelector(".title").focus({ preventScroll: true });
  end();
}

function end() {
  pending = null;
  delete document.querySelector(".board").dataset.moving;
}

function refuse(answer) {
  const { card } = pending ?? {};
  putBack();
  toast(reasonOf(answer), false);
  if (card) say(`${card.dataset.ticket} went back.`);
  refresh();
}

async function succeed(text) {
  const { card, focus } = pending ?? {};
  end();
  toast(text, true);
  await refresh();
  if (isBusy()) return; // the next card is lifted already
  if (focus) document.getElementById(card.id)?.querySelector(".title").focus();
  if (!card) document.getElementById(opened)?.querySelector("[data-card-menu]").focus();
}

// What stands where the card was put decides.
async function dropped() {
  const { card, list } = pending;
  const to = card.parentElement;
  if (to === list && card.nextElementSibling === pending.next) return putBack();
  if (to.dataset.lane !== list.dataset.lane) return toLane(card, list, to);
  if (to.dataset.column === list.dataset.column) return reorder(card);
  const answer = await ask(`${moveUrl(card)}?to=${encodeURIComponent(to.dataset.column)}`);
  return answer.ok ? openDialog(answer.text) : refuse(answer);
}

// A lane of another priority is that priority; a column besides would be a second decision.
async function toLane(card, from, to) {
  if (!/^[0-3]$/.test(to.dataset.lane)) return refuse({ text: "A ticket stays in its project." });
  if (to.dataset.column !== from.dataset.column) return refuse({ text: "One thing at a time: first the other lane, then the other column." });
  const { csrf } = document.querySelector("[data-csrf]").dataset;
  const answer = await post(moveUrl(card), { csrf_token: csrf, priority: to.dataset.lane });
  return answer.ok ? succeed(answer.text) : refuse(answer);
}

async function reorder(card) {
  if (!("queued" in card.dataset)) return refuse({ text: `${card.dataset.ticket} isn't in a queue, so it has no place there.` });
  const isRival = (other) => ["project", "stage"].every((name) => other.dataset[name] === card.dataset[name]) && "queued" in other.dataset;
  const all = cardsOf(card.parentElement);
  const at = all.indexOf(card);
  const above = all.slice(0, at).reverse().find(isRival);
  const below = all.slice(at + 1).find(isRival);
  const isEqual = (other) => other?.dataset.priority === card.dataset.priority;
  const [place, other] = isEqual(above) || !below ? ["after", above] : ["before", below];
  if (!other) return putBack();
  // Between what is more urgent and what is less it stands where it did.
  if (!isEqual(other) && above && above.dataset.priority < card.dataset.priority && below.dataset.priority > card.dataset.priority) return putBack();
  const { csrf } = document.querySelector("[data-csrf]").dataset;
  const answer = await post(moveUrl(card), { csrf_token: csrf, place, other_id: other.dataset.ticket, stage: card.dataset.stage });
  return answer.ok ? succeed(answer.text) : refuse(answer);
}

// --- dialogs and menus ---

// The answers are our own server's templates, which escape what people wrote.
function fill(place, html) {
  place.replaceChildren(document.createRange().createContextualFragment(html));
}

function openDialog(html) {
  fill(dialog, html);
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[data-focus]") ?? dialog.querySelector("textarea, select, [type=submit]"))?.focus();
}

dialog.addEventListener("close", putBack);

// Capturing: before forms.js hears of it, whose forms leave the page.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-move], [data-add]")) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  (form.matches("[data-add]") ? add(form) : carryOut(form, event.submitter)).finally(() => delete form.dataset.busy);
}, true);

async function carryOut(form, submitter) {
  const answer = await post(form.action, new FormData(form, submitter));
  if (!answer.ok && answer.text.trimStart().startsWith("<header")) return openDialog(answer.text);
  if (menu.matches(":popover-open")) menu.hidePopover();
  const held = pending;
  pending = null; // what becomes of the card is known: closing the dialog needn't put it back
  dialog.close();
  pending = held;
  return answer.ok ? succeed(answer.text) : refuse(answer);
}

async function add(form) {
  const input = form.elements.title;
  const answer = await post(form.action, new FormData(form));
  if (!answer.ok) return toast(reasonOf(answer), false);
  input.value = "";
  toast(answer.text, true);
  await refresh();
  document.getElementById(input.id)?.focus();
}

document.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey) return;
  const opener = event.target.closest("[data-card-menu]");
  if (opener) {
    event.preventDefault();
    return openMenu(opener);
  }
  const more = event.target.closest("#board .more");
  if (more) {
    event.preventDefault();
    before = more.previousElementSibling;
    return window.htmx.trigger(more, "asked");
  }
  const verb = event.target.closest("#board-menu [data-verb]");
  if (!verb) return;
  event.preventDefault();
  menu.hidePopover();
  const answer = await ask(`${menu.dataset.url}?verb=${verb.dataset.verb}`);
  if (answer.ok) openDialog(answer.text);
  else toast(reasonOf(answer), false);
});

async function openMenu(opener) {
  const answer = await ask(opener.href);
  if (!answer.ok) return toast(reasonOf(answer), false);
  fill(menu, answer.text);
  menu.dataset.url = opener.href.split("?")[0];
  opened = cardOf(opener).id;
  menu.showPopover({ source: opener });
  menu.querySelector("button, a").focus();
}

menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const items = [...menu.querySelectorAll("button, a")];
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  event.preventDefault();
});

// --- mouse and touch ---

function makeSortable() {
  if (!document.querySelector("[data-card-menu]")) return; // who may move nothing drags nothing
  for (const list of lists()) {
    if (window.Sortable.get(list)) continue;
    window.Sortable.create(list, {
      group: "board",
      draggable: ".ticket-card",
      filter: ".card-menu",
      preventOnFilter: false,
      animation: 120,
      // The browser's own dragging is another on every system, and knows no touch.
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 5,
      delay: 200,
      delayOnTouchOnly: true,
      touchStartThreshold: 6,
      scroll: true,
      bubbleScroll: true,
      onStart: ({ item }) => begin(item),
      onEnd: () => pending && dropped(),
    });
  }
}

// --- the keyboard: space lifts a card and drops it, arrows carry it, Escape puts it back ---

document.addEventListener("keydown", (event) => {
  const isOnCard = event.target.matches?.(".ticket-card .title");
  const card = isOnCard ? cardOf(event.target) : event.target === document.body && document.querySelector(".ticket-card.is-current");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = lifted ? carrying[event.key] : resting[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  action(lifted ?? card);
}, true);

const resting = {
  " ": lift,
  "m": (card) => card.querySelector("[data-card-menu]")?.click(),
  "ArrowDown": (card) => focusOn(card.nextElementSibling),
  "ArrowUp": (card) => focusOn(card.previousElementSibling),
  "ArrowRight": (card) => focusOn(beside(card, 1, (list) => cardsOf(list).length)?.querySelector(".ticket-card")),
  "ArrowLeft": (card) => focusOn(beside(card, -1, (list) => cardsOf(list).length)?.querySelector(".ticket-card")),
};

const carrying = {
  " ": drop,
  "Enter": drop,
  "Escape": (card) => { setDown(card); putBack(); say(`${card.dataset.ticket} is back where it was.`); },
  "ArrowDown": (card) => carry(card, () => card.nextElementSibling?.matches(".ticket-card") ? card.nextElementSibling.after(card) : otherLane(card, 1)?.prepend(card)),
  "ArrowUp": (card) => carry(card, () => card.previousElementSibling ? card.previousElementSibling.before(card) : toEndOf(otherLane(card, -1), card)),
  "ArrowRight": (card) => carry(card, () => beside(card, 1)?.prepend(card)),
  "ArrowLeft": (card) => carry(card, () => beside(card, -1)?.prepend(card)),
};

function focusOn(card) {
  card?.querySelector?.(".title")?.focus();
}

// The next column that way, in the same lane.
function beside(card, step, fits = () => true) {
  const row = lists().filter((list) => list.dataset.lane === card.parentElement.dataset.lane);
  for (let at = row.indexOf(card.parentElement) + step; row[at]; at += step) {
    if (fits(row[at])) return row[at];
  }
  return null;
}

// The same column in the next lane that way.
function otherLane(card, step) {
  const column = lists().filter((list) => list.dataset.column === card.parentElement.dataset.column);
  return column[column.indexOf(card.parentElement) + step];
}

function toEndOf(list, card) {
  if (list) list.insertBefore(card, cardsOf(list).at(-1)?.nextElementSibling ?? null);
}

function lift(card) {
  if (!card.querySelector("[data-card-menu]") || pending) return;
  focusOn(card);
  begin(card);
  lifted = card;
  card.classList.add("is-lifted");
  say(`${card.dataset.ticket} is lifted. Arrows move it, space drops it, Escape puts it back.`);
}

function carry(card, step) {
  step();
  focusOn(card);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  const list = card.parentElement;
  say(`${list.closest("section").getAttribute("aria-label")}, place ${cardsOf(list).indexOf(card) + 1} of ${cardsOf(list).length}`);
}

function setDown(card) {
  lifted = null;
  card.classList.remove("is-lifted");
}

function drop(card) {
  setDown(card);
  dropped();
}

makeSortable();
