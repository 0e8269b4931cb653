// Buttons that open a native <dialog>, and forms that ask before they destroy something.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (!dialog) return closeOnBackdrop(event);
  event.preventDefault();
  leaveMenu(opener);
  fill(dialog, opener);
  dialog.showModal();
});

// A dialog gives the focus back to what had it. What stands in a menu can't take it once the menu is closed; the menu's own button can.
function leaveMenu(opener) {
  const menu = opener?.closest("details.menu");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}

// One dialog serves every row of a list: data-fill-event="12" goes into its field "event", and where it says data-filled="event".
function fill(dialog, opener) {
  for (const { name, value } of opener.attributes) {
    if (!name.startsWith("data-fill-")) continue;
    const field = name.slice("data-fill-".length);
    dialog.querySelector(`[name="${field}"]`)?.setAttribute("value", value);
    dialog.querySelector(`[data-filled="${field}"]`)?.replaceChildren(value);
  }
}

function closeOnBackdrop(event) {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || dialog.querySelector("form[data-guard]")) return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  // A key press "clicks" at 0,0: only a real pointer outside the box closes it.
  if (!inside && event.detail > 0) dialog.close();
}

document.addEventListener("click", (event) => {
  const dialog = event.target.closest("[data-close]")?.closest("dialog");
  if (!dialog) return;
  // Without a script, or on the form's own page, it is a link that leads back.
  event.preventDefault();
  dialog.close();
});

// Capturing: asked before any other listener hears of the submit.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const asking = event.submitter?.dataset.confirm ? event.submitter : form;
  if (!asking.dataset.confirm || form.dataset.confirmed) return delete form.dataset.confirmed;
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(asking, event.submitter, () => {
    form.dataset.confirmed = "yes";
    form.requestSubmit(event.submitter);
  });
}, true);

function ask(asking, submitter, then) {
  const dialog = document.getElementById("confirm");
  const yes = dialog.querySelector("[data-confirm-yes]");
  const label = submitter?.textContent.trim() || "Yes";
  dialog.querySelector("#confirm-title").textContent = asking.dataset.confirmTitle ?? `${label.replace(/…$/, "")}?`;
  dialog.querySelector("#confirm-text").textContent = asking.dataset.confirm;
  yes.textContent = asking.dataset.confirmAction ?? label.replace(/…$/, "");
  leaveMenu(submitter);
  dialog.returnValue = "";
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && then(), { once: true });
  dialog.showModal();
}

// A form that came back with errors inside a dialog opens it again.
document.querySelector("dialog[data-open-now]")?.showModal();

// A dialog whose form is fetched when it is asked for: what was in it before must not flash up.
document.addEventListener("close", (event) => {
  if (event.target.matches("[data-filled-late]")) event.target.replaceChildren();
}, true);

// Its form comes back with what is wrong, or is told that all is saved.
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (!target.closest("[data-filled-late]") || ![409, 422].includes(detail.xhr.status)) return;
  detail.shouldSwap = true;
  detail.isError = false;
});
document.addEventListener("saved", (event) => event.target.closest("dialog")?.close());
