// Shows openapi.json and tries its operations. Text goes into the page as text, never as markup, and
// the token is kept in its field alone.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEPTH_MAX = 6;

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

// The few marks of Markdown that the document uses: paragraphs, **bold**, `code`.
function prose(text) {
  return (text || "").split(/\n\n+/).map((paragraph) => make("p", {}, marked(paragraph)));
}

function marked(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`") && part.endsWith("`") && part.length > 2) return make("code", {}, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 4) return make("strong", {}, part.slice(2, -2));
    return part;
  });
}

function resolver(contract) {
  return function resolved(value) {
    if (!value || !value.$ref) return value;
    const path = value.$ref.replace(/^#\//, "").split("/");
    return path.reduce((place, key) => (place ? place[key.replace(/~1/g, "/").replace(/~0/g, "~")] : undefined), contract);
  };
}

function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

// A schema in one line: what kind of value, and its bounds.
function kindOf(schema, resolved) {
  if (!schema) return "any";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.allOf && schema.allOf.length === 1) return kindOf(schema.allOf[0], resolved);
  const choices = schema.oneOf || (schema.type ? undefined : schema.anyOf);
  if (choices) return choices.map((choice) => kindOf(choice, resolved)).join(" or ");
  if (schema.enum) return schema.enum.filter((word) => word !== null).map((word) => JSON.stringify(word)).join(" | ");
  if (schema.type === "array") return "list of " + kindOf(schema.items, resolved);
  const bounds = [];
  if (schema.format) bounds.push(schema.format);
  if (schema.minimum !== undefined) bounds.push("≥ " + schema.minimum);
  if (schema.maximum !== undefined) bounds.push("≤ " + schema.maximum);
  if (schema.minLength !== undefined) bounds.push("at least " + schema.minLength + " long");
  if (schema.maxLength !== undefined) bounds.push("at most " + schema.maxLength + " long");
  return (schema.type || "any") + (bounds.length ? " (" + bounds.join(", ") + ")" : "");
}

function schemaTable(schema, resolved, depth) {
  const target = resolved(schema) || {};
  if (target.type === "array" && target.items) return schemaTable(target.items, resolved, depth);
  if (target.allOf && target.allOf.length === 1) return schemaTable(target.allOf[0], resolved, depth);
  const choices = target.oneOf || (target.properties ? undefined : target.anyOf);
  if (choices) return make("div", {}, choices.map((choice) => schemaTable(choice, resolved, depth)));
  if (!target.properties) return make("p", {}, kindOf(target, resolved));
  const required = new Set(target.required || []);
  const rows = Object.entries(target.properties).map(([name, property]) => {
    const inner = resolved(property) || {};
    const deeper = depth < DEPTH_MAX && hasFields(inner, resolved)
      ? make("details", {}, make("summary", {}, "fields"), lazily(() => schemaTable(property, resolved, depth + 1)))
      : undefined;
    return make("tr", {},
      make("td", {}, make("code", {}, name), required.has(name) ? make("span", { class: "bad" }, " required") : ""),
      make("td", {}, kindOf(property, resolved)),
      make("td", {}, marked(property.description || inner.description || ""), deeper));
  });
  return make("table", {}, make("thead", {}, make("tr", {}, ["Field", "Kind", "What it is"].map((title) => make("th", { scope: "col" }, title)))), make("tbody", {}, rows));
}

function hasFields(schema, resolved) {
  const parts = [schema, ...(schema.allOf || []), ...(schema.oneOf || []), ...(schema.anyOf || [])].map(resolved);
  return parts.some((part) => part && (part.properties || (part.items && hasFields(resolved(part.items) || {}, resolved))));
}

// Made when it is opened: schemas may hold themselves.
function lazily(build) {
  const place = make("div", {});
  queueMicrotask(() => {
    const details = place.closest("details");
    if (details) details.addEventListener("toggle", () => { if (!place.hasChildNodes()) place.append(build()); }, { once: true });
  });
  return place;
}

function examplesOf(content, resolved) {
  const named = Object.entries(content.examples || {}).map(([name, example]) => {
    const one = resolved(example) || {};
    return { name: one.summary || name, value: one.value };
  });
  if (content.example !== undefined) named.unshift({ name: "Example", value: content.example });
  return named;
}

function responsesOf(operation, resolved) {
  return Object.entries(operation.responses).map(([status, given]) => {
    const answer = resolved(given);
    const contents = Object.entries(answer.content || {});
    const refusal = Number(status) >= 400;
    return make("details", {},
      make("summary", {}, make("strong", { class: refusal ? "bad" : "good" }, status + " "), marked(answer.description)),
      contents.map(([kind, content]) => [
        make("p", {}, make("code", {}, kind)),
        refusal ? undefined : schemaTable(content.schema, resolved, 0),
        examplesOf(content, resolved).map((example) => make("pre", {}, pretty(example.value))),
      ]),
      make("p", {}, "Headers: ", Object.keys(answer.headers || {}).join(", ") || "none of its own"));
  });
}

function quoted(text) {
  return "'" + text.replace(/'/g, "'\\''") + "'";
}

function tryIt(method, path, operation, resolved) {
  const parameters = (operation.parameters || []).map(resolved);
  const fields = parameters.map((parameter) => {
    const example = parameter.example === undefined ? "" : String(parameter.example);
    const input = make("input", { autocomplete: "off", placeholder: example, value: parameter.in === "path" ? example : undefined });
    return { parameter, input };
  });
  const contents = Object.entries((operation.requestBody || {}).content || {});
  const kind = make("select", {}, contents.map(([name]) => make("option", {}, name)));
  const body = make("textarea", { spellcheck: "false", "aria-label": "Body" });
  const fill = () => {
    const content = contents.find(([name]) => name === kind.value);
    const example = content && examplesOf(content[1], resolved)[0];
    body.value = example ? pretty(example.value) : "";
  };
  kind.addEventListener("change", fill);
  fill();
  const line = make("pre", {});
  const output = make("div", { "aria-live": "polite" });
  const request = () => {
    let target = path;
    const query = new URLSearchParams();
    const headers = {};
    for (const { parameter, input } of fields) {
      if (input.value === "") continue;
      if (parameter.in === "path") target = target.replace("{" + parameter.name + "}", encodeURIComponent(input.value));
      if (parameter.in === "query") query.append(parameter.name, input.value);
      if (parameter.in === "header") headers[parameter.name] = input.value;
    }
    if (contents.length) headers["Content-Type"] = kind.value;
    const tenant = document.getElementById("tenant").value;
    if (tenant) headers["Annals-Tenant"] = tenant;
    return { target: target + (query.size ? "?" + query : ""), headers };
  };
  const show = () => {
    const { target, headers } = request();
    const parts = ["curl"];
    if (method !== "get") parts.push("-X " + method.toUpperCase());
    if (!isOpen(operation)) parts.push('-H "Authorization: Bearer $TOKEN"');
    for (const [name, value] of Object.entries(headers)) parts.push("-H " + quoted(name + ": " + value));
    if (contents.length) parts.push("--data-binary " + quoted(body.value));
    parts.push(quoted(location.origin + target));
    line.textContent = parts.join(" ");
  };
  const send = async () => {
    const { target, headers } = request();
    const token = document.getElementById("token").value.trim();
    if (token && !isOpen(operation)) headers.Authorization = "Bearer " + token;
    const began = performance.now();
    try {
      const answer = await fetch(target, { method: method.toUpperCase(), headers, body: contents.length ? body.value : undefined, credentials: "omit", referrerPolicy: "no-referrer" });
      const text = await answer.text();
      const told = [...answer.headers].map(([name, value]) => name + ": " + value).join("\n");
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is not JSON, and is shown as it is */ }
      const took = Math.round(performance.now() - began) + " ms";
      output.replaceChildren(make("p", { class: answer.ok ? "good" : "bad" }, answer.status + " " + answer.statusText + ", " + took), make("pre", {}, told), make("pre", {}, shown));
    } catch (error) {
      output.replaceChildren(make("p", { class: "bad" }, "No answer: " + error));
    }
  };
  const form = make("form", { on: { submit: (event) => { event.preventDefault(); send(); }, input: show, change: show } },
    fields.length ? make("div", { class: "parameters" }, fields.map(({ parameter, input }) => make("label", {}, parameter.name, input))) : undefined,
    contents.length ? [make("label", {}, "Kind of body", kind), body] : undefined,
    make("p", {}, make("button", { type: "submit" }, "Send")), line, output);
  show();
  return form;
}

function isOpen(operation) {
  return Array.isArray(operation.security) && operation.security.length === 0;
}

function operationOf(method, path, operation, resolved) {
  const parameters = (operation.parameters || []).map(resolved);
  const details = make("details", { class: "operation", id: operation.operationId, "data-words": [method, path, operation.summary, operation.description].join(" ").toLowerCase() },
    make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("span", { class: "path" }, path), make("span", { class: "summary" }, operation.summary)));
  const content = () => make("div", {},
    prose(operation.description),
    isOpen(operation) ? make("p", {}, "Needs no token.") : undefined,
    parameters.length ? [make("h4", {}, "Parameters"), make("table", {}, make("tbody", {}, parameters.map((parameter) => make("tr", {},
      make("td", {}, make("code", {}, parameter.name), " in " + parameter.in, parameter.required ? make("span", { class: "bad" }, " required") : ""),
      make("td", {}, kindOf(parameter.schema, resolved)),
      make("td", {}, marked(parameter.description || ""))))))] : undefined,
    operation.requestBody ? [make("h4", {}, "Body"), Object.entries(operation.requestBody.content).map(([kind, body]) => make("details", {}, make("summary", {}, kind), schemaTable(body.schema, resolved, 0), examplesOf(body, resolved).map((example) => [make("p", {}, example.name), make("pre", {}, pretty(example.value))])))] : undefined,
    make("h4", {}, "Answers"), responsesOf(operation, resolved),
    make("h4", {}, "Try it"), tryIt(method, path, operation, resolved));
  details.addEventListener("toggle", () => details.append(content()), { once: true });
  return details;
}

function find() {
  const words = document.getElementById("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const operation of document.querySelectorAll("details.operation")) {
    operation.hidden = !words.every((word) => operation.dataset.words.includes(word));
  }
}

function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) { named.open = true; named.scrollIntoView(); }
}

async function begin() {
  const about = document.getElementById("about");
  let contract;
  try {
    contract = await (await fetch("/api/v1/openapi.json", { credentials: "omit" })).json();
  } catch (error) {
    about.textContent = "The document cannot be read: " + error;
    return;
  }
  const resolved = resolver(contract);
  about.replaceWith(make("div", {}, prose(contract.info.description), make("p", {}, "Version " + contract.info.version + ", OpenAPI " + contract.openapi)));
  const main = document.getElementById("operations");
  const contents = document.getElementById("contents");
  for (const tag of contract.tags) {
    const found = Object.entries(contract.paths).flatMap(([path, methods]) => METHODS.filter((method) => methods[method] && methods[method].tags.includes(tag.name)).map((method) => ({ method, path, operation: methods[method] })));
    main.append(make("h2", {}, tag.name), ...prose(tag.description), ...found.map(({ method, path, operation }) => operationOf(method, path, operation, resolved)));
    contents.append(make("strong", {}, tag.name), make("ul", {}, found.map(({ operation }) => make("li", {}, make("a", { href: "#" + operation.operationId }, operation.summary)))));
  }
  document.getElementById("find").addEventListener("input", find);
  addEventListener("hashchange", openNamed);
  openNamed();
}

begin();
