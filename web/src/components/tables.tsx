// The tables of a sweep. Which columns there are, what they are called and how figures are shown, the daemon says.
import type {
  DatasetsTable, DegradationTable, PatternsTable, ReductionTable, TableColumn, WerTable, WordErrorsTable,
} from "../api/schema";
import { change, integer, percent, settingsLabel } from "../format";
import { query, setQuery } from "../router";
import { useResource } from "../store/resource";
import { text } from "../text";
import { Download } from "./download";
import { tableKinds } from "./export_table";
import { Waiting } from "./problem";
import { Scroll } from "./scroll";

type Table = WerTable | DatasetsTable | DegradationTable | ReductionTable | PatternsTable | WordErrorsTable;
type Row = Record<string, unknown>;

const names = ["wer", "reduction", "degradation", "word-errors", "patterns", "datasets"] as const;
type Name = (typeof names)[number];
const endings = { csv: "csv", md: "md", latex: "tex" } as const;

export function Tables({ sweep }: { sweep: string }) {
  const asked = query.value.get("table");
  const name: Name = names.find((known) => known === asked) ?? "wer";
  return (
    <section aria-labelledby="tables-title" class="tables">
      <h2 id="tables-title">{text.tables.title}</h2>
      <div class="facts">
        <label>{text.tables.choose}{" "}
          <select value={name} onChange={(event) => setQuery("table", event.currentTarget.value)}>
            {names.map((known) => <option key={known} value={known}>{text.tables.names[known]}</option>)}
          </select>
        </label>
        <Exports sweep={sweep} name={name} />
      </div>
      <OneTable key={name} sweep={sweep} name={name} />
    </section>
  );
}

function OneTable({ sweep, name }: { sweep: string; name: Name }) {
  const answer = useResource<Table>(`sweeps/${sweep}/tables/${name}`, `sweep:${sweep}`);
  if (!answer.data) return <Waiting problem={answer.problem} />;
  const table = answer.data;
  const rows = table.rows as readonly unknown[] as readonly Row[];
  return (
    <>
      {"text" in table.summary && <p>{String(table.summary.text)}</p>}
      {rows.length > 0 ? <Rows name={name} columns={table.columns} rows={rows} /> : <p class="faint">{text.tables.empty}</p>}
      <p class="faint prose">{table.definition} {text.tables.normalised(table.normalizer)} {text.tables.signs}</p>
      {table.notes.map((note) => <p key={note} class="faint prose">{note}</p>)}
      {table.missing.length > 0 && <p class="faint">{text.tables.missing(table.missing.length)}</p>}
    </>
  );
}

function Rows({ name, columns, rows }: { name: Name; columns: readonly TableColumn[]; rows: readonly Row[] }) {
  const used = columns.filter((column) => rows.some((row) => !isNothing(row[column.key])));
  const kind = (column: TableColumn) => (column.kind === "text" ? undefined : "number");
  return (
    <Scroll label={text.tables.names[name]}>
      <table class="list" data-table={name}>
        <thead><tr>{used.map((column) => <th key={column.key} scope="col" class={kind(column)}>{column.title}</th>)}</tr></thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>{used.map((column) => <td key={column.key} class={kind(column)}>{shown(row[column.key], column)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

function shown(value: unknown, column: TableColumn): string {
  if (isNothing(value)) return text.none;
  if (typeof value === "boolean") return value ? text.yes : text.no;
  if (typeof value === "object") return settingsLabel(value as Record<string, unknown>);
  if (typeof value !== "number") return String(value);
  if (column.key.startsWith("change")) return change(value);
  if (column.kind === "ratio") return percent(value);
  if (column.kind === "decimal") return value.toFixed(2);
  return column.key === "seed" ? String(value) : integer(value);
}

function Exports({ sweep, name }: { sweep: string; name: Name }) {
  return (
    <span>
      {text.sweep.exports}{" "}
      {tableKinds.map((format) => (
        <span key={format}>
          <Download path={`sweeps/${sweep}/tables/${name}?format=${format}`} file={`${sweep}-${name}.${endings[format]}`}>
            {text.sweep.formats[format]}
          </Download>{" "}
        </span>
      ))}
    </span>
  );
}
