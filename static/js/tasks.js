// Tasks of a description are ticked where they stand. Without this file they are changed by editing it.

function enable() {
  for (const box of document.querySelectorAll("[data-tasks] input[type=checkbox]")) box.disabled = false;
}

document.addEventListener("change", (event) => {
  const text = event.target.closest("[data-tasks]");
  if (!text) return;
  const form = document.getElementById(text.dataset.tasks);
  const boxes = [...text.querySelectorAll("input[type=checkbox]")];
  form.elements.number.value = boxes.indexOf(event.target) + 1;
  form.elements.is_done.value = event.target.checked ? "yes" : "no";
  form.requestSubmit();
});

document.addEventListener("htmx:afterSettle", enable);
enable();
