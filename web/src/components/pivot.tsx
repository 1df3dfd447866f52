// The runs as a table of two dimensions: one axis across, all others down, so that a figure is always one run. Colours
// compare within a language.
import type { Run } from "../api/schema";
import { heatOf, scaleOf, type Scale } from "../charts/grid";
import { axesOf } from "../charts/parallel_axes";
import { duration, percent } from "../format";
import { links, query, setQuery } from "../router";
import { runStates, text } from "../text";
import { Scroll } from "./scroll";

const mostCells = 1000, fewestRows = 20;

const values = {
  wer: (run: Run) => percent(run.wer),
  val_wer: (run: Run) => percent(run.val_wer),
  took: (run: Run) => (run.started_at && run.ended_at ? duration((Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000) : text.none),
} as const;
type Value = keyof typeof values;

export function Pivot({ runs, name }: { runs: readonly Run[]; name: string }) {
  const axes = axesOf(runs).filter((axis) => axis.values);
  const across = axes.find((axis) => axis.key === query.value.get("across")) ?? axes.find((axis) => axis.key === "layers") ?? axes[0];
  const value: Value = (["val_wer", "took"] as const).find((known) => known === query.value.get("value")) ?? "wer";
  if (!across) return null;
  const down = axes.filter((axis) => axis !== across);
  const rows = new Map<string, Run[]>();
  for (const run of runs) {
    const key = down.map((axis) => axis.of(run)).join("\n");
    rows.set(key, [...(rows.get(key) ?? []), run]);
  }
  const scales = new Map([...new Set(runs.map((run) => run.language))].map((language) => [language, scaleOf(runs.filter((run) => run.language === language))]));
  const most = query.value.get("rows") === "all" ? Infinity : Math.max(fewestRows, Math.floor(mostCells / across.values!.length));
  return (
    <section aria-labelledby="pivot-title">
      <h2 id="pivot-title">{text.pivot.title}</h2>
      <div class="facts">
        <Pick name="across" label={text.pivot.across} now={across.key} options={axes.map((axis) => [axis.key, axis.title])} />
        <Pick name="value" label={text.pivot.value} now={value} options={Object.keys(values).map((key) => [key, text.runs.columns[key as Value]])} />
      </div>
      {value === "wer" && <p class="faint">{text.pivot.colours([...scales].flatMap(([language, scale]) => (scale ? [text.pivot.scale(language, percent(scale.best), percent(scale.worst))] : [])).join("; "))}</p>}
      <Scroll label={text.pivot.title} file={`${name}-pivot`}>
        <table class="list pivot" data-table="pivot">
          <thead><tr>{down.map((axis) => <th key={axis.key} scope="col">{axis.title}</th>)}{across.values!.map((at) => <th key={at} scope="col" class="number">{at}</th>)}</tr></thead>
          <tbody>
            {[...rows.values()].slice(0, most).map((row) => (
              <tr key={row[0]!.id}>
                {down.map((axis) => <th key={axis.key} scope="row">{axis.of(row[0]!)}</th>)}
                {across.values!.map((at) => <Cell key={at} run={row.find((run) => across.of(run) === at)} value={value} scales={scales} />)}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.size > most && <p class="facts">{text.sweep.rowsShown(most, rows.size)} <button type="button" onClick={() => setQuery("rows", "all")}>{text.sweep.rowsAll}</button></p>}
    </section>
  );
}

function Cell({ run, value, scales }: { run: Run | undefined; value: Value; scales: ReadonlyMap<string, Scale | null> }) {
  if (!run) return <td class="cell absent" aria-label={text.sweep.notInSweep} />;
  const scale = scales.get(run.language);
  const heat = value === "wer" && run.wer !== null && scale ? `heat-${heatOf(run.wer, scale)}` : "";
  return <td class={`number ${heat}`}><a href={links.run(run.id)}>{run.state === "succeeded" ? values[value](run) : runStates[run.state].word}</a></td>;
}

function Pick({ name, label, now, options }: { name: string; label: string; now: string; options: readonly (readonly [string, string])[] }) {
  return (
    <label>{label}{" "}
      <select value={now} onChange={(event) => setQuery(name, event.currentTarget.value)}>
        {options.map(([key, title]) => <option key={key} value={key}>{title}</option>)}
      </select>
    </label>
  );
}
