// Which runs are listed: chips for each value that occurs, any of a kind, all kinds together. The daemon filters.
import type { Run, RunState } from "../../api/schema";
import { query, setQueries } from "../../router";
import { runStates, text } from "../../text";

export const kinds = ["state", "encoder", "language", "layers", "lora", "seed", "tag"] as const;
export type Kind = (typeof kinds)[number];

export function chosen(kind: Kind): string[] {
  return (query.value.get(kind) ?? "").split(",").filter(Boolean);
}

export function Filters({ runs }: { runs: readonly Run[] }) {
  const some = kinds.some((kind) => chosen(kind).length > 0);
  return (
    <div class="filters" role="group" aria-label={text.runs.filters}>
      {kinds.map((kind) => <Chips key={kind} kind={kind} values={valuesOf(runs, kind)} />)}
      {some && <button type="button" onClick={() => setQueries(Object.fromEntries([...kinds, "after"].map((kind) => [kind, ""])))}>{text.runs.all}</button>}
    </div>
  );
}

/** A kind with one value only tells nothing apart. */
function Chips({ kind, values }: { kind: Kind; values: readonly string[] }) {
  const ticked = chosen(kind);
  if (values.length < (kind === "tag" ? 1 : 2) && ticked.length === 0) return null;
  const toggle = (value: string) => {
    if (kind === "lora") return setQueries({ lora: ticked.includes(value) ? "" : value, after: "" });
    const next = ticked.includes(value) ? ticked.filter((one) => one !== value) : [...ticked, value];
    setQueries({ [kind]: next.join(","), after: "" });
  };
  return (
    <span class="chips"><span class="faint">{text.runs.columns[kind]}</span>
      {values.map((value) => (
        <button key={value} type="button" class="chip" aria-pressed={ticked.includes(value)} onClick={() => toggle(value)}>{shown(kind, value)}</button>
      ))}
    </span>
  );
}

function valuesOf(runs: readonly Run[], kind: Kind): string[] {
  return [...new Set([...runs.flatMap((run) => (kind === "tag" ? run.tags ?? [] : String(run[kind]))), ...chosen(kind)])];
}

function shown(kind: Kind, value: string): string {
  if (kind === "state") return runStates[value as RunState]?.word ?? value;
  return kind === "lora" ? text.lora(value === "true") : value;
}
