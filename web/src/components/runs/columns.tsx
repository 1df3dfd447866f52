// What the table of runs says of each. At first of the settings only those that vary; which ones are shown stands in the
// address, and is remembered in this browser.
import type { ComponentChildren } from "preact";
import type { Run } from "../../api/schema";
import { duration, now, percent, settingsLabel } from "../../format";
import { query, setQuery } from "../../router";
import { text } from "../../text";
import { ShareBar } from "../progress";
import { RunStateMark } from "../state";
import { Ago } from "../time";

const titles = text.runs.columns;
const remembered = "sweetspot.columns";

export interface Column {
  key: Exclude<keyof typeof titles, "id" | "tag">;
  sort?: string;     // by which the daemon can
  number?: boolean;
  setting?: boolean;
  cell(run: Run): ComponentChildren;
}

export const columns: readonly Column[] = [
  { key: "state", cell: (run) => <><RunStateMark state={run.state} /> {run.state === "running" && run.steps > 0 &&
    <ShareBar share={run.step / run.steps} label={text.progress.step(run.phase, percent(run.step / run.steps, 0))} />}</> },
  { key: "encoder", setting: true, cell: (run) => <span class="long" title={run.encoder}>{run.encoder}</span> },
  { key: "layers", setting: true, sort: "layers", number: true, cell: (run) => run.layers },
  { key: "language", setting: true, cell: (run) => run.language },
  { key: "lora", setting: true, cell: (run) => text.lora(run.lora) },
  { key: "seed", setting: true, cell: seedOf },
  { key: "wer", sort: "wer", number: true, cell: (run) => percent(run.wer) },
  { key: "val_wer", sort: "val_wer", number: true, cell: (run) => percent(run.val_wer) },
  { key: "took", number: true, cell: took },
  { key: "device", cell: (run) => run.device || text.none },
  { key: "ended", sort: "ended_at", cell: (run) => <Ago time={run.ended_at} /> },
];

function seedOf(run: Run): string {
  return [run.seed, settingsLabel(run.settings)].filter((part) => part !== "").join(", ");
}

function took(run: Run): string {
  if (!run.started_at) return text.none;
  const end = run.ended_at ? Date.parse(run.ended_at) : now.value;
  return duration((end - Date.parse(run.started_at)) / 1000);
}

const varies = (column: Column, runs: readonly Run[]) => new Set(runs.map((run) => String(column.cell === seedOf ? seedOf(run) : run[column.key as "layers"]))).size > 1;

/** Asked for in the address, or in this browser before, or by what varies. */
export function shownOf(runs: readonly Run[]): readonly Column[] {
  const wanted = (query.value.get("columns") ?? localStorage.getItem(remembered))?.split(",");
  return columns.filter((column) => (wanted ? wanted.includes(column.key) : !column.setting || varies(column, runs)));
}

/** What all runs have in common, so that no column needs to say it. */
export function commonOf(runs: readonly Run[]): string {
  const [first] = runs;
  return first ? columns.filter((column) => column.setting && !varies(column, runs)).map((column) => `${titles[column.key]} ${column.key === "encoder" ? first.encoder : String(column.cell(first))}`).join(", ") : "";
}

export function ColumnChoice({ shown }: { shown: readonly Column[] }) {
  const put = (keys: string) => {
    localStorage.setItem(remembered, keys);
    setQuery("columns", keys);
  };
  const toggle = (one: Column) => put(columns.filter((column) => shown.includes(column) !== (column === one)).map((column) => column.key).join());
  return (
    <details class="views"><summary>{text.runs.columnChoice}</summary>
      <div class="facts">{columns.map((column) => (
        <label key={column.key}><input type="checkbox" checked={shown.includes(column)} onChange={() => toggle(column)} /> {titles[column.key]}</label>
      ))}</div>
    </details>
  );
}
