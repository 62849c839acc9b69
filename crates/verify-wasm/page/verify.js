
"use strict";
// The module decides; this script gives it the bytes and shows what it says. Whatever goes wrong on the
// way is shown as a refusal, so that no failure looks like a proof.

const WASM = "{{wasm}}";
/** The largest file that is read, bytes: the longest buffer that the module makes. */
const FILE_LEN_MAX = 67108864;
/** Bytes before the JSON of an answer: its length, little-endian. */
const PREFIX_LEN = 4;

const byId = (id) => document.getElementById(id);
const [form, drop, input, fileName, keys, button, result] =
  ["form", "drop", "file", "file-name", "keys", "check", "result"].map(byId);

let chosen = null;
let compiled = null;
/** How often file or keys were changed: a report on what was there before is not shown. */
let changes = 0;

/** Compiles the module once. Each check runs in an instance of its own, with fresh memory. */
function compile() {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(WASM), (char) => char.charCodeAt(0)));
  return compiled;
}

/** Puts bytes into a buffer of the module. */
function put(exports, bytes) {
  const address = exports.allocate(bytes.length) >>> 0;
  if (address === 0) throw new Error("there is not enough memory for a file of this size");
  new Uint8Array(exports.memory.buffer, address, bytes.length).set(bytes);
  return address;
}

/** The module's report on evidence, both given as bytes. */
async function verify(evidence, trusted) {
  const { exports } = await WebAssembly.instantiate(await compile(), {});
  const [at, keysAt] = [put(exports, evidence), put(exports, trusted)];
  const answer = exports.verify(at, evidence.length, keysAt, trusted.length) >>> 0;
  if (answer === 0) throw new Error("the check gave no answer");
  const length = new DataView(exports.memory.buffer).getUint32(answer, true);
  const json = new Uint8Array(exports.memory.buffer, answer + PREFIX_LEN, length);
  const report = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  exports.release(answer, PREFIX_LEN + length);
  return report;
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function lines(title, list) {
  if (list.length === 0) return [];
  const table = element("dl");
  for (const { label, value } of list) table.append(element("dt", label), element("dd", value));
  return [element("h3", title), table];
}

function sentences(title, list) {
  if (list.length === 0) return [];
  const items = element("ul");
  items.append(...list.map((sentence) => element("li", sentence)));
  return [element("h3", title), items];
}

/** The verdict in words and its class. Whatever is not clearly better is a refusal. */
function verdictOf({ verdict, findings }) {
  if (verdict === "proven" && findings.length === 0) {
    return ["\u2713 Proven: the log holds this, unchanged.", "proven"];
  }
  if (verdict === "consistent" && findings.length === 0) {
    return ["? Not proven: it agrees with itself, but its keys came with it.", "consistent"];
  }
  return ["\u2717 Refused: this proves nothing.", "refused"];
}

function show(name, report) {
  const [words, kind] = verdictOf(report);
  const what = `File: ${name}${report.kind ? ` (${report.kind})` : ""}`;
  const notes = report.notes.map((note) => element("p", note, "note"));
  const text = report.proven === null ? [] : [element("h3", "What is proven"), element("pre", report.proven)];
  const lists = report.lists.flatMap(({ title, items }) => sentences(title, items));
  result.replaceChildren(element("h2", words, `verdict ${kind}`), ...notes, element("p", what),
    ...sentences("Findings", report.findings), ...lines("What it says", report.facts),
    ...lines("What was looked at", report.counts), ...lists, ...text);
}

function refusal(finding) {
  return { verdict: "refused", kind: null, notes: [], counts: [], facts: [], lists: [], proven: null,
    findings: [finding] };
}

async function report(file) {
  if (file === null) return refusal("no file was chosen");
  if (file.size > FILE_LEN_MAX) {
    return refusal(`the file has ${file.size} bytes; at most ${FILE_LEN_MAX} are read here, and larger `
      + "bundles by `annals verify --bundle`");
  }
  try {
    const evidence = new Uint8Array(await file.arrayBuffer());
    return await verify(evidence, new TextEncoder().encode(keys.value));
  } catch (error) {
    return refusal(`the check could not be done: ${error.message}`);
  }
}

async function check() {
  if (button.disabled) return;
  button.disabled = true;
  result.replaceChildren(element("p", "Checking..."));
  // Lets the browser show that before a long check keeps it busy.
  await new Promise((shown) => setTimeout(shown, 0));
  const [file, before] = [chosen, changes];
  try {
    const found = await report(file);
    if (changes === before) show(file === null ? "none" : file.name, found);
  } finally {
    button.disabled = false;
  }
}

/** What was shown was of another file or other keys, so it goes. */
function forget() {
  changes += 1;
  result.replaceChildren();
}

function choose(file) {
  chosen = file;
  fileName.textContent = file === null ? "" : `${file.name}, ${file.size} bytes`;
  forget();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  check();
});
input.addEventListener("change", () => choose(input.files[0] ?? null));
keys.addEventListener("input", forget);

// Dropping works on the whole page: a browser would open a file that is dropped beside the area.
addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) drop.classList.remove("over");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const { files } = event.dataTransfer;
  if (files.length !== 1) return;
  input.files = files;
  choose(files[0]);
  if (keys.value.trim() !== "") check();
});
