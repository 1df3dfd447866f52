// openapi.json -> public/reference.html: the API reference as a fragment of HTML, made anew at every build.
//   node reference.mjs ../schemas/openapi.json public/reference.html
import { readFileSync, writeFileSync } from "node:fs";

const [source, target] = process.argv.slice(2);
const api = JSON.parse(readFileSync(source, "utf8"));

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
const resolved = (node) => (node.$ref ? node.$ref.slice(2).split("/").reduce((place, name) => place[name], api) : node);

function typeOf(schema = {}) {
  if (schema.$ref) return `<code>${schema.$ref.split("/").pop()}</code>`;
  if (schema.enum) return schema.enum.map((value) => `<code>${escaped(value)}</code>`).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  return escaped([schema.type ?? "any"].flat().join(" | "));
}

const table = (head, rows) => rows.length === 0 ? "" : `<div class="scroll" role="region" tabindex="0" aria-label="${head[0]}, table"><table class="list wrap"><thead><tr>${head.map((name) =>
  `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows.map(([first, ...rest]) =>
  `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</tbody></table></div>`;

const parameterRow = (entry) => {
  const { name, in: place, required, description = "", schema } = resolved(entry);
  return [`<code>${name}</code>`, `${place}${required ? ", required" : ""}`, typeOf(schema), escaped(description)];
};

function answerRow([status, entry]) {
  const { description, content = {} } = resolved(entry);
  const kinds = Object.entries(content).map(([type, { schema }]) => `${typeOf(schema)} as ${type}`);
  return [status, escaped(description), kinds.join("<br>")];
}

function curlOf(method, path, { parameters = [], requestBody }) {
  const query = parameters.map(resolved).filter((one) => one.in === "query" && one.required).map((one) => `${one.name}=…`).join("&");
  const type = requestBody && Object.keys(requestBody.content)[0];
  return [`curl -s`, method === "get" ? "" : `-X ${method.toUpperCase()}`, type ? `-H 'Content-Type: ${type}' -d @body.json` : "",
    `'%BASE%${path.slice(1)}${query && `?${query}`}'`].filter(Boolean).join(" ");
}

const operation = (method, path, one) => `<details class="operation"><summary><code>${method.toUpperCase()} ${escaped(path)}</code> ${escaped(one.summary)}</summary>
${one.description ? `<p>${escaped(one.description)}</p>` : ""}<pre class="command" tabindex="0" aria-label="The same with curl">${escaped(curlOf(method, path, one))}</pre>
${table(["Parameter", "Where", "Type", "Meaning"], (one.parameters ?? []).map(parameterRow))}
${one.requestBody ? `<p>Body: ${Object.entries(one.requestBody.content).map(([type, { schema }]) => `${typeOf(schema)} as ${type}`).join(", ")}</p>` : ""}
${table(["Status", "Meaning", "Answer"], Object.entries(one.responses).map(answerRow))}</details>`;

function schemaOf([name, schema]) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([field, about]) =>
    [`<code>${field}</code>`, `${typeOf(about)}${required.has(field) ? "" : ", optional"}`, escaped(about.description ?? "")]);
  return `<details class="operation"><summary><code>${name}</code> ${escaped(schema.description ?? "")}</summary>${rows.length ? table(["Field", "Type", "Meaning"], rows) : typeOf(schema)}</details>`;
}

const all = Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => ({ method, path, one })));
const sections = api.tags.map(({ name }) => `<section><h2>${name}</h2>${all.filter(({ one }) => one.tags[0] === name).map(({ method, path, one }) => operation(method, path, one)).join("")}</section>`);
writeFileSync(target, `<p class="prose">${escaped(api.info.description ?? "")}</p>${sections.join("")}<section><h2>schemas</h2>${Object.entries(api.components.schemas).map(schemaOf).join("")}</section>`);
