// The sweep from more sides: what the WER costs, every run as a line, the pivot table, and where the time went.
import type { Run, SweepTiming, SweetSpotTable } from "../api/schema";
import { FrontChart, type Cost } from "../charts/front";
import { ParallelChart } from "../charts/parallel";
import { axesOf, brushesOf, passes } from "../charts/parallel_axes";
import { cellLabel, percent } from "../format";
import { links, query, setQueries, setQuery } from "../router";
import { useResource } from "../store/resource";
import { text } from "../text";
import { Front } from "./considered";
import { Exportable } from "./exportable";
import { Pivot } from "./pivot";
import { Scroll } from "./scroll";
import { TimeSpent } from "./timing";

const costs: readonly Cost[] = ["params", "system_params", "real_time_factor"];
const bestShown = 10, mostLines = 1000;

export function SweepCharts({ sweep, runs }: { sweep: string; runs: readonly Run[] }) {
  const timing = useResource<SweepTiming>(`sweeps/${sweep}/timing`, `sweep:${sweep}`, 10_000);
  return (
    <>
      <FrontSection sweep={sweep} />
      <ParallelSection sweep={sweep} runs={runs.filter((run) => run.wer !== null)} />
      <Pivot runs={runs} name={sweep} />
      <TimeSpent timing={timing.data} />
    </>
  );
}

function FrontSection({ sweep }: { sweep: string }) {
  const { data } = useResource<SweetSpotTable>(`sweeps/${sweep}/tables/sweet-spot`, `sweep:${sweep}`);
  const cost = costs.find((known) => known === query.value.get("cost")) ?? "params";
  const points = data?.summary.pareto ?? [];
  return (
    <section aria-labelledby="front-title">
      <h2 id="front-title">{text.charts.front}</h2>
      <p class="facts">
        <label>{text.charts.cost}{" "}
          <select value={cost} onChange={(event) => setQuery("cost", event.currentTarget.value)}>
            {costs.map((known) => <option key={known} value={known}>{text.charts.costs[known]}</option>)}
          </select>
        </label>
        <span class="faint">{text.charts.frontExplain}</span>
      </p>
      <Exportable name={`${sweep}-front`} drawing><FrontChart points={points} cost={cost} /></Exportable>
      {points.length > 0 && <details><summary>{text.charts.asTable}</summary><Front points={points} /></details>}
    </section>
  );
}

function ParallelSection({ sweep, runs }: { sweep: string; runs: readonly Run[] }) {
  const axes = axesOf(runs);
  const brushes = brushesOf(query.value);
  const kept = runs.filter((run) => passes(run, axes, brushes)).sort((a, b) => a.wer! - b.wer!);
  return (
    <section aria-labelledby="parallel-title">
      <h2 id="parallel-title">{text.charts.parallel}</h2>
      <p class="facts"><span class="faint">{text.charts.parallelExplain}</span>
        {brushes.size > 0 && <button type="button" onClick={() => setQueries(Object.fromEntries([...brushes.keys()].map((key) => [`pc.${key}`, ""])))}>{text.runs.all}</button>}
      </p>
      {runs.length === 0 ? <p class="faint">{text.charts.parallelEmpty}</p> : <>
        <Exportable name={`${sweep}-parallel`} drawing><Scroll label={text.charts.parallel}><ParallelChart runs={runs.length > mostLines ? kept.slice(0, mostLines) : runs} axes={axes} brushes={brushes} /></Scroll></Exportable>
        <p role="status">{text.charts.kept(kept.length, runs.length)} {runs.length > mostLines && text.charts.drawn(mostLines)}</p>
        <ol class="inline best-runs">{kept.slice(0, bestShown).map((run) => <li key={run.id}><a href={links.run(run.id)}>{cellLabel(run)}</a> {percent(run.wer)}</li>)}</ol>
      </>}
    </section>
  );
}
