// Picking rows: the box in the head picks all, shift picks a stretch, the bar at the foot says how many and what can be done to them.

let lastPicked = null;
const picks = () => [...document.querySelectorAll("[data-pick]")];
const allThatMatch = () => document.querySelector("[data-pick-all]");

document.addEventListener("click", (event) => {
  if (!event.target.matches("[data-pick]")) return;
  if (event.shiftKey && lastPicked?.isConnected) pickBetween(lastPicked, event.target);
  lastPicked = event.target;
});

function pickBetween(from, to) {
  const all = picks();
  const [start, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
  for (const box of all.slice(start, end + 1)) box.checked = to.checked;
}

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches("[data-select-all], [data-pick-all]")) picks().forEach((box) => { box.checked = target.checked; });
  // One that is left out means that no longer all are meant.
  else if (target.matches("[data-pick]") && !target.checked && allThatMatch()) allThatMatch().checked = false;
  if (target.matches("[data-select-all], [data-pick], [data-pick-all]")) showPicked();
});

document.addEventListener("click", (event) => event.target.closest("[data-clear-picks]") && clear());

function clear() {
  for (const box of [...picks(), allThatMatch()]) if (box) box.checked = false;
  showPicked();
}

function showPicked() {
  const all = picks();
  const picked = all.filter((box) => box.checked).length;
  for (const bar of document.querySelectorAll("[data-bulk]")) {
    bar.hidden = picked === 0;
    bar.querySelector("[data-bulk-count]")?.replaceChildren(allThatMatch()?.checked ? "All selected" : `${picked} selected`);
    const offer = bar.querySelector("[data-pick-all-offer]");
    if (offer) offer.hidden = picked < all.length;
  }
  for (const box of document.querySelectorAll("[data-select-all]")) {
    box.checked = picked > 0 && picked === all.length;
    box.indeterminate = picked > 0 && picked < all.length;
  }
}

document.addEventListener("htmx:afterSettle", showPicked);
showPicked();

// What is to be done to many is asked, counted and told in one dialog.
const dialog = document.getElementById("dialog-many");

// Not as soon as it is there: only now htmx knows the form, and whoever has the focus may press Enter.
dialog?.addEventListener("htmx:afterSettle", () => {
  if (!dialog.hasChildNodes()) return;
  leaveMenu(document.querySelector("[data-bulk] details.menu[open]"));
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[autofocus], .error, button[type=submit]")?.focus();
});

// A dialog gives the focus back to what had it; what stands in a closed menu can't take it.
function leaveMenu(menu) {
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}

// "saved" comes instead of a page when there is nothing to read; else the dialog is closed after reading. A list isn't refreshed while a dialog is open.
dialog?.addEventListener("saved", () => setTimeout(showWhatBecame));
dialog?.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]") && dialog.querySelector("[data-acted]")) setTimeout(showWhatBecame);
});
const toasts = document.querySelector(".toasts");
toasts?.addEventListener("saved", (event) => {
  // Not yet removed: what comes instead of it isn't there.
  event.target.closest("[data-toast]").hidden = true;
  showWhatBecame();
});
toasts?.addEventListener("htmx:afterSwap", () => {
  toasts.querySelectorAll("[data-toast][hidden]").forEach((toast) => toast.remove());
  leaveBar();
});

// What had the focus is gone with the bar; the way back is the nearest.
function leaveBar() {
  const { activeElement } = document;
  if (activeElement !== document.body && !activeElement.closest("[data-bulk][hidden]")) return;
  toasts.querySelector("[data-toast]:last-child button")?.focus();
}

function showWhatBecame() {
  clear();
  leaveBar();
  for (const region of document.querySelectorAll("[data-live]")) {
    window.htmx.ajax("GET", region.getAttribute("hx-get"), { source: region, target: region, swap: "morph:outerHTML" });
  }
}
