// openapi.json -> src/api/schema.ts: one TypeScript type for each schema of the contract, made anew at every build,
// so that a field the dashboard uses and the daemon no longer gives is a compile error.
//   node types.mjs ../schemas/openapi.json src/api/schema.ts
import { readFileSync, writeFileSync } from "node:fs";

const [source, target] = process.argv.slice(2);
const { schemas } = JSON.parse(readFileSync(source, "utf8")).components;

const primitives = { string: "string", integer: "number", number: "number", boolean: "boolean", null: "null" };

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.allOf) return schema.allOf.map(typeOf).join(" & ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(" | ");
  if (schema.type === "array") return schema.maxItems === 2 && schema.minItems === 2
    ? `[${typeOf(schema.items)}, ${typeOf(schema.items)}]` : `(${typeOf(schema.items ?? {})})[]`;
  if (schema.type === "object") return objectOf(schema);
  return primitives[schema.type] ?? "unknown";
}

function objectOf(schema) {
  if (!schema.properties) return `Record<string, ${typeOf(schema.additionalProperties || {})}>`;
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(([name, field]) =>
    `${comment(field)}${name}${required.has(name) ? "" : "?"}: ${typeOf(field)};`);
  return `{\n${fields.join("\n").replace(/^/gm, "  ")}\n}`;
}

function comment(schema) {
  return schema.description ? `/** ${schema.description.replaceAll("*/", "* /")} */\n` : "";
}

const types = Object.entries(schemas).map(([name, schema]) =>
  `${comment(schema)}export type ${name} = ${typeOf(schema)};\n`);
writeFileSync(target, `// Made by types.mjs from openapi.json.\n\n${types.join("\n")}`);
