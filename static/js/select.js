// Picking rows: the box in the head picks all, shift picks a stretch, the bar at the foot says how many.

let lastPicked = null;
const picks = () => [...document.querySelectorAll("[data-pick]")];

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
  if (event.target.matches("[data-select-all]")) picks().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-select-all], [data-pick]")) showPicked();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-clear-picks]")) return;
  picks().forEach((box) => { box.checked = false; });
  showPicked();
});

function showPicked() {
  const all = picks();
  const picked = all.filter((box) => box.checked).length;
  for (const bar of document.querySelectorAll("[data-bulk]")) {
    bar.hidden = picked === 0;
    bar.querySelector("[data-bulk-count]")?.replaceChildren(`${picked} selected`);
  }
  for (const box of document.querySelectorAll("[data-select-all]")) {
    box.checked = picked > 0 && picked === all.length;
    box.indeterminate = picked > 0 && picked < all.length;
  }
}

document.addEventListener("htmx:afterSettle", showPicked);
showPicked();
