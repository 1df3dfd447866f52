// What the runs are and how they came out, and of their settings only those that differ.
import { cellLabel, duration, percent } from "../../format";
import { links } from "../../router";
import { text } from "../../text";
import type { Compared } from "../../views/compare";
import { Scroll } from "../scroll";
import { RunStateMark } from "../state";

export function Settings({ runs, remove }: { runs: readonly Compared[]; remove(id: string): void }) {
  const cells = runs.map(({ run }) => flat(run.cell));
  const names = [...new Set(cells.flatMap((cell) => [...cell.keys()]))].filter((name) => new Set(cells.map((cell) => cell.get(name) ?? text.none)).size > 1);
  const rows: [string, string[]][] = [
    [text.run.wer, runs.map(({ run }) => percent(run.wer))],
    [text.run.cer, runs.map(({ run }) => percent(run.result?.cer))],
    [text.compare.validation, runs.map(bestOf)],
    [text.run.took, runs.map(({ run }) => (run.started_at && run.ended_at ? duration((Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000) : text.none))],
    ...names.map((name): [string, string[]] => [name, cells.map((cell) => cell.get(name) ?? text.none)]),
  ];
  return (
    <section aria-labelledby="settings-title">
      <h2 id="settings-title">{text.compare.settings}</h2>
      <Scroll label={text.compare.settings} file="compare">
        <table class="list" data-table="settings">
          <thead>
            <tr><th scope="col">{text.compare.setting}</th>{runs.map(({ run }, i) => (
              <th key={run.id} scope="col" class={`hue-${i % 6}`}><a href={links.run(run.id)}>{run.id}</a> <RunStateMark state={run.state} />{" "}
                <button type="button" class="plain" aria-label={text.compare.remove(run.id)} onClick={() => remove(run.id)}>×</button>
                <small>{cellLabel(run)}</small></th>
            ))}</tr>
          </thead>
          <tbody>{rows.map(([name, values]) => <tr key={name}><th scope="row">{name}</th>{values.map((value, i) => <td key={i}>{value}</td>)}</tr>)}</tbody>
        </table>
      </Scroll>
    </section>
  );
}

/** The best WER and the epoch that had it. */
function bestOf({ metrics }: Compared): string {
  const best = [...metrics.epochs].reverse().find((epoch) => epoch.best);
  return best ? text.compare.at(percent(best.val_wer), best.epoch) : text.none;
}

/** {"train": {"lr": 1}} -> train.lr: "1" */
function flat(value: unknown, name = ""): Map<string, string> {
  if (value === null) return new Map([[name, text.none]]);
  if (typeof value !== "object" || Array.isArray(value)) return new Map([[name, typeof value === "string" ? value : JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, inside]) => [...flat(inside, name ? `${name}.${key}` : key)]));
}
