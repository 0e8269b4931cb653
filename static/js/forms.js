// Forms: count what is typed, send once, and don't lose what was typed.

const SENT_FOR_MS = 4000;

document.addEventListener("input", (event) => {
  if (event.target.dataset.maxlength) countLeft(event.target);
  const form = event.target.closest("form[data-guard]");
  if (form) form.dataset.dirty = "yes";
});

// Silent until the end is near: most texts never get there.
function countLeft(control) {
  const longest = Number(control.dataset.maxlength);
  const left = longest - [...control.value].length;
  const place = counterOf(control);
  place.hidden = left > Math.max(20, longest * 0.1);
  place.classList.toggle("is-over", left < 0);
  place.textContent = left < 0 ? `${(-left).toLocaleString("en")} too many` : `${left.toLocaleString("en")} left`;
}

function counterOf(control) {
  const present = control.parentElement.querySelector(".left");
  if (present) return present;
  const counter = Object.assign(document.createElement("span"), { className: "left", role: "status" });
  control.after(counter);
  return counter;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => freeAgain(form, event.submitter), SENT_FOR_MS);
});

function freeAgain(form, submitter) {
  delete form.dataset.sent;
  submitter?.removeAttribute("aria-busy");
}

// A page that comes back from the browser's own cache must not stay "sent".
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) freeAgain(form, form.querySelector("[aria-busy]"));
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-dirty]:not([data-sent])")) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("form");
  form?.requestSubmit(form.querySelector("[type=submit].main") ?? undefined);
});

// What is chosen here changes what else the form asks for: a button of the form fetches that.
document.addEventListener("change", (event) => {
  const button = document.getElementById(event.target.dataset.switch);
  button?.form.requestSubmit(button);
});

for (const control of document.querySelectorAll("[data-maxlength]")) countLeft(control);
document.querySelector("[data-focus]")?.focus();

// A link, a key that is shown once, or a command: one press takes it along.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-link]");
  if (!button || button.dataset.isTold) return;
  const { copy, copyLink } = button.dataset;
  const box = button.parentElement.querySelector("input, pre");
  if (box?.select) box.select();
  else if (box) getSelection().selectAllChildren(box);
  const label = [...button.childNodes];
  button.dataset.isTold = "yes";
  button.replaceChildren((await copied(copy ?? new URL(copyLink, location.href).href)) ? "Copied" : box ? "Press Ctrl C" : "Not allowed here");
  setTimeout(() => { delete button.dataset.isTold; button.replaceChildren(...label); }, 2000);
});

// Over plain HTTP browsers give no clipboard, but the old way may work. Else the text is selected then.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedByCommand(text);
  }
}

function copiedByCommand(text) {
  const put = (event) => { event.clipboardData.setData("text/plain", text); event.preventDefault(); };
  document.addEventListener("copy", put, { once: true, capture: true });
  const isDone = document.execCommand("copy");
  document.removeEventListener("copy", put, { capture: true });
  return isDone;
}

document.addEventListener("focusin", (event) => event.target.matches("[data-select-all-text]") && event.target.select());
