// Filter forms: choosing is asking, and an empty filter doesn't stand in the address. A column's head sorts; with Shift, after the others.

document.addEventListener("click", (event) => {
  const head = event.shiftKey && event.target.closest("[data-then]");
  if (!head) return;
  event.preventDefault();
  location.assign(head.dataset.then);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("form[data-autosubmit] :is(select, [type=checkbox], [type=radio])")) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  const empty = [...event.target.elements].filter((control) => control.name && control.value === "" && !control.disabled);
  for (const control of empty) control.disabled = true;
  setTimeout(() => empty.forEach((control) => { control.disabled = false; }));
});
