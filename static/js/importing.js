// A file that is chosen is packed into the form, so that a larger one fits into a request. Without this file its lines can be pasted.

const chooser = document.querySelector("[data-packs]");
const { packed, file_name: name, text } = chooser.form.elements;
const said = document.getElementById(chooser.getAttribute("aria-describedby").split(" ")[0]);
const buttons = chooser.form.querySelectorAll("[type=submit]");
const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function tell(words, isWrong = false) {
  said.textContent = words;
  said.className = isWrong ? "error" : "quiet";
  chooser.setAttribute("aria-invalid", String(isWrong));
}

async function pack(file) {
  const { most, mostPacked } = chooser.dataset;
  if (file.size > Number(most)) return tell(`${file.name} has ${size(file.size)}: too large for a form. Use the command below.`, true);
  const stream = file.stream().pipeThrough(new CompressionStream("gzip"));
  const url = await asDataUrl(await new Response(stream).blob());
  const content = url.slice(url.indexOf(",") + 1);
  if (encodeURIComponent(content).length > Number(mostPacked)) return tell(`${file.name} is too large for a request to this board. Use the command below.`, true);
  packed.value = content;
  name.value = file.name;
  text.value = "";
  tell(`${file.name}, ${size(file.size)}`);
}

const asDataUrl = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

async function take() {
  const [file] = chooser.files;
  if (!file) return;
  packed.value = name.value = "";
  for (const button of buttons) button.disabled = true;
  try {
    await pack(file);
  } catch {
    tell(`${file.name} can’t be read.`, true);
  }
  for (const button of buttons) button.disabled = false;
}

chooser.addEventListener("change", take);
// It may be chosen already: before this file has come, or before the reader went away and back.
take();
