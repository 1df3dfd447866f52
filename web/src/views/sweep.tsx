// A sweep: how far it is, what failed, where its sweet spot is, and the grid that fills cell by cell. Its further parts
// (charts, runs, tables, file) are addresses of their own.
import { useMemo } from "preact/hooks";
import type { Sweep, SweetSpotTable, WerTable } from "../api/schema";
import { panelsOf, scaleOf } from "../charts/grid";
import { Considered } from "../components/considered";
import { Failures } from "../components/failures";
import { ProblemBox, Waiting } from "../components/problem";
import { RunTable } from "../components/runs/run_table";
import { SpotCard, SpotFigures } from "../components/spot_card";
import { ruleQuery } from "../components/spot_rule";
import { SweepCharts } from "../components/sweep_charts";
import { SweepHead } from "../components/sweep_head";
import { Tables } from "../components/tables";
import { Views } from "../components/views";
import { WerPanels, sweetRuns } from "../components/wer_panels";
import { links, query, withQuery } from "../router";
import { useFetched, useKept, useResource } from "../store/resource";
import { loadSweepRuns, runs as known, runsOf } from "../store/runs";
import { text } from "../text";
import { useTitle } from "./title";

const parts = ["overview", "charts", "runs", "tables", "file"] as const;
type Part = (typeof parts)[number];

export function SweepView({ id }: { id: string }) {
  const loaded = useFetched(`runs of ${id}`, `reload:${id}`, (signal) => loadSweepRuns(id, signal));
  const sweep = useResource<Sweep>(`sweeps/${id}`, `sweep:${id}`);
  useTitle(sweep.data?.name ?? id);
  if (!sweep.data) return <Waiting problem={sweep.problem} />;
  const part = parts.find((known) => known === query.value.get("part")) ?? "overview";
  return (
    <>
      <SweepHead sweep={sweep.data} />
      <Parts now={part} />
      <Views of="sweep" />
      <OnePart part={part} sweep={sweep.data} problem={loaded.problem} />
    </>
  );
}

function Parts({ now }: { now: Part }) {
  return (
    <nav class="parts" aria-label={text.parts.label}>
      {parts.map((part) => <a key={part} href={withQuery({ part: part === "overview" ? "" : part })} aria-current={part === now ? "page" : undefined}>{text.parts[part]}</a>)}
    </nav>
  );
}

function OnePart({ part, sweep, problem }: { part: Part; sweep: Sweep; problem: Error | null }) {
  const { id } = sweep;
  const runs = useMemo(() => runsOf(id), [id, known.value]);
  if (part === "tables") return <Tables sweep={id} />;
  if (part === "file") return <SweepFile sweep={sweep} />;
  if (runs.length === 0) return <Waiting problem={problem} />;
  if (part === "runs") return <RunTable sweep={id} all={runs} />;
  if (part === "charts") return <SweepCharts sweep={id} runs={runs} />;
  return <Overview sweep={id} runs={runs} />;
}

function Overview({ sweep, runs }: { sweep: string; runs: ReturnType<typeof runsOf> }) {
  const wer = useResource<WerTable>(`sweeps/${sweep}/tables/wer`, `sweep:${sweep}`);
  const [panels, scale] = useMemo(() => [panelsOf(runs), scaleOf(runs)], [runs]);
  const spot = useKept(useResource<SweetSpotTable>(`sweeps/${sweep}/tables/sweet-spot${ruleQuery.value}`, `sweep:${sweep}`));
  return (
    <>
      <Failures runs={runs} />
      {spot.data ? <SpotCard table={spot.data} /> : spot.problem && <ProblemBox problem={spot.problem} />}
      <WerPanels panels={panels} scale={scale} wer={wer.data} sweetSpots={sweetRuns(runs, spot.data)} />
      {spot.data && <SpotFigures table={spot.data} />}
      {spot.data && <Considered table={spot.data} />}
    </>
  );
}

function SweepFile({ sweep }: { sweep: Sweep }) {
  return (
    <section class="file" aria-labelledby="file-title">
      <h2 id="file-title">{text.sweep.file}</h2>
      {sweep.source === null && <p><a href={links.submitLike(sweep.id)}>{text.sweep.again}</a></p>}
      <pre tabIndex={0} aria-label={text.sweep.file}>{JSON.stringify(sweep.spec, null, 2)}</pre>
    </section>
  );
}
