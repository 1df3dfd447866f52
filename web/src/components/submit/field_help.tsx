// What the field under the caret means, by the schema of the sweep file that the daemon serves.
import { ask } from "../../api/client";
import { useFetched } from "../../store/resource";
import { text } from "../../text";

interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  $defs?: Record<string, Schema>;
}

export function FieldHelp({ path }: { path: readonly string[] }) {
  const schema = useFetched("schema", "never", async (signal) => (await ask("../sweep.schema.json", "*/*", signal)).json() as Promise<Schema>);
  const field = schema.data && find(schema.data, schema.data, path);
  return (
    <div class="field-help" aria-live="polite">
      <code>{path.join(".") || text.submit.top}</code>{" "}
      {field ? <><strong>{field.title}</strong> {field.description} {field.default !== undefined && field.default !== "" &&
        <span class="faint">{text.submit.byDefault} <code>{JSON.stringify(field.default)}</code></span>}</> : <span class="faint">{text.submit.unknownField}</span>}
    </div>
  );
}

function find(root: Schema, node: Schema, path: readonly string[]): Schema | null {
  const target = node.$ref ? root.$defs?.[node.$ref.split("/").pop()!] : undefined;
  const schema: Schema = { ...target, ...node };
  const [name, ...rest] = path;
  if (name === undefined) return schema;
  const inside = schema.properties?.[name] ?? schema.items ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
  if (inside) return find(root, inside, rest);
  for (const choice of schema.anyOf ?? []) {
    const found = find(root, choice, path);
    if (found) return found;
  }
  return null;
}
