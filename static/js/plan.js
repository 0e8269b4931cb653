// The plan editor without a round trip. Without this file the same buttons ask the server to do it.

const rowsOf = (editor) => editor.querySelector("[data-plan-rows]");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-plan] button[name=plan_action]");
  if (!button) return;
  event.preventDefault();
  const editor = button.closest("[data-plan]");
  const row = button.closest("li");
  const verb = button.value.split("-")[0];
  ({ add, up, down, remove })[verb]?.(editor, row);
});

function add(editor) {
  const row = newRow(editor, "");
  rowsOf(editor).append(row);
  settle(editor, `Stage ${numberOf(row)} added`);
  row.querySelector("select").focus();
}

function up(editor, row) {
  row.previousElementSibling?.before(row);
  settleMove(editor, row, "up");
}

function down(editor, row) {
  row.nextElementSibling?.after(row);
  settleMove(editor, row, "down");
}

function remove(editor, row) {
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  if (!rowsOf(editor).children.length) rowsOf(editor).append(newRow(editor, ""));
  settle(editor, "Stage removed");
  (neighbour ?? rowsOf(editor).firstElementChild).querySelector("select").focus();
}

// The button that moved a row keeps the focus, so it can be pressed again; at the end its opposite takes it.
function settleMove(editor, row, verb) {
  settle(editor, `${row.querySelector("select").value || "Stage"} is now stage ${numberOf(row)}`);
  const atEnd = verb === "up" ? !row.previousElementSibling : !row.nextElementSibling;
  const opposite = verb === "up" ? "down" : "up";
  row.querySelector(`button[value^="${atEnd ? opposite : verb}-"]`)?.focus();
}

function newRow(editor, chosen) {
  const row = editor.querySelector("template[data-plan-row]").content.firstElementChild.cloneNode(true);
  row.querySelector("select").value = chosen;
  return row;
}

function numberOf(row) {
  return row.querySelector(".plan-number").textContent;
}

function settle(editor, said) {
  const offset = Number(editor.dataset.offset);
  [...rowsOf(editor).children].forEach((row, index) => renumber(row, index + 1, index + 1 + offset));
  editor.querySelector("[data-plan-said]").textContent = said;
  showTemplate(editor);
  editor.dispatchEvent(new Event("input", { bubbles: true }));
}

// The picker names the template that the rows hold, and none when they hold a plan of their own.
function showTemplate(editor) {
  const picker = editor.querySelector("[data-plan-template]");
  if (!picker) return;
  const stages = JSON.stringify([...rowsOf(editor).querySelectorAll("select")].map((select) => select.value).filter(Boolean));
  const holds = (option) => option.dataset.stages && JSON.stringify(JSON.parse(option.dataset.stages)) === stages;
  if (!holds(picker.selectedOptions[0])) picker.value = [...picker.options].find(holds)?.value ?? "";
}

function renumber(row, position, number) {
  row.querySelector(".plan-number").textContent = number;
  row.querySelector("select").setAttribute("aria-label", `Stage ${number}`);
  for (const button of row.querySelectorAll("button[name=plan_action]")) {
    button.value = `${button.value.split("-")[0]}-${position}`;
    button.setAttribute("aria-label", `${button.title} stage ${number}`);
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-plan-rows] select")) return showTemplate(event.target.closest("[data-plan]"));
  const stages = event.target.matches("[data-plan-template]") && event.target.selectedOptions[0].dataset.stages;
  if (!stages) return;
  const editor = event.target.closest("[data-plan]");
  rowsOf(editor).replaceChildren(...JSON.parse(stages).map((stage) => newRow(editor, stage)));
  settle(editor, `Plan set to ${event.target.selectedOptions[0].textContent}`);
});

for (const editor of document.querySelectorAll("[data-plan]")) {
  window.Sortable?.create(rowsOf(editor), { handle: ".plan-handle", animation: 120, onEnd: () => settle(editor, "Stages reordered") });
}
