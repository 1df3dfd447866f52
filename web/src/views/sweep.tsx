// A sweep: how far it is, where its sweet spot is, and the grid that fills cell by cell.
import type { Run, Sweep, SweetSpotTable, WerRow, WerTable } from "../api/schema";
import { DepthChart, LineKey } from "../charts/depth_chart";
import { panelsOf, scaleOf, type GridPanel, type Scale } from "../charts/grid";
import { HeatLegend, WerGrid } from "../charts/wer_grid";
import { ProblemBox, Waiting } from "../components/problem";
import { SweepProgress, overOf } from "../components/progress";
import { Considered } from "../components/considered";
import { SpotCard, SpotFigures } from "../components/spot_card";
import { RunStateMark, SweepStateMark } from "../components/state";
import { Tables } from "../components/tables";
import { Ago } from "../components/time";
import { cellLabel, duration } from "../format";
import { links } from "../router";
import { useFetched, useResource } from "../store/resource";
import { loadSweepRuns, runsOf } from "../store/runs";
import { text } from "../text";
import { useTitle } from "./title";

export function SweepView({ id }: { id: string }) {
  const topic = `sweep:${id}`;
  const sweep = useResource<Sweep>(`sweeps/${id}`, topic);
  const loaded = useFetched(`runs of ${id}`, `reload:${id}`, (signal) => loadSweepRuns(id, signal));
  const wer = useResource<WerTable>(`sweeps/${id}/tables/wer`, topic);
  const spot = useResource<SweetSpotTable>(`sweeps/${id}/tables/sweet-spot`, topic);
  useTitle(sweep.data?.name ?? id);
  if (!sweep.data) return <Waiting problem={sweep.problem} />;
  const runs = runsOf(id);
  return (
    <>
      <SweepHead sweep={sweep.data} />
      {spot.data ? <SpotCard table={spot.data} /> : spot.problem && <ProblemBox problem={spot.problem} />}
      {runs.length === 0 ? <Waiting problem={loaded.problem} />
        : <Panels panels={panelsOf(runs)} scale={scaleOf(runs)} wer={wer.data} sweetSpots={sweetRuns(runs, spot.data)} />}
      {spot.data && <SpotFigures table={spot.data} />}
      {spot.data && <Considered table={spot.data} />}
      <Tables sweep={id} />
      <Troubles runs={runs} />
      <details class="file"><summary>{text.sweep.file}</summary><pre>{JSON.stringify(sweep.data.spec, null, 2)}</pre></details>
    </>
  );
}

function SweepHead({ sweep }: { sweep: Sweep }) {
  const over = overOf(sweep.counts) === sweep.counts.total;
  const eta = sweep.eta_seconds === null ? text.progress.etaUnknown : text.progress.eta(duration(sweep.eta_seconds));
  return (
    <header class="head">
      <h1>{sweep.name} <span class="faint">{sweep.id}</span></h1>
      <p class="facts">
        <SweepStateMark state={sweep.state} />
        {!over && <span>{eta}</span>}
        <span class="faint">{text.sweep.submitted} <Ago time={sweep.created_at} /></span>
        {sweep.source !== null && <span class="imported">{text.sweep.imported(sweep.source)}</span>}
        {sweep.priority !== 0 && <span class="faint">{text.sweep.priority(sweep.priority)}</span>}
      </p>
      <SweepProgress counts={sweep.counts} />
      {sweep.note && <p class="note">{sweep.note}</p>}
    </header>
  );
}

interface PanelsProps {
  panels: GridPanel[];
  scale: Scale | null;
  wer: WerTable | null;
  sweetSpots: ReadonlySet<string>;
}

function Panels({ panels, scale, wer, sweetSpots }: PanelsProps) {
  const intervals = new Map<string, WerRow>(wer?.rows.map((row) => [row.run, row]));
  return (
    <section aria-labelledby="grid-title">
      <h2 id="grid-title">{text.sweep.grid}</h2>
      <p class="facts faint">
        <span>{text.sweep.gridUnit} {text.sweep.rows} × {text.sweep.layers.toLowerCase()}.</span>
        <HeatLegend scale={scale} />
      </p>
      <div class="panels">
        {panels.map((panel) => (
          <div key={panel.language} class={panel.depths.length > 5 ? "panel-pair wide" : "panel-pair"}>
            <WerGrid panel={panel} scale={scale} intervals={intervals} sweetSpots={sweetSpots} />
            <DepthChart panel={panel} intervals={intervals} />
          </div>
        ))}
      </div>
      {panels[0] && <LineKey panel={panels[0]} />}
    </section>
  );
}

/** The runs that make up the sweet spots: one a language. */
function sweetRuns(runs: readonly Run[], table: SweetSpotTable | null): Set<string> {
  const spots = table?.rows.filter((row) => row.kind === "sweet_spot" && row.layers !== null) ?? [];
  const same = (settings: object) => JSON.stringify(settings);
  return new Set(runs.filter((run) => spots.some((spot) => spot.encoder === run.encoder && spot.layers === run.layers &&
    spot.lora === run.lora && spot.seed === run.seed && same(spot.settings) === same(run.settings))).map((run) => run.id));
}

/** What went wrong, why, and what to do about it. */
function Troubles({ runs }: { runs: readonly Run[] }) {
  const bad = runs.filter((run) => ["failed", "quarantined", "retry_wait"].includes(run.state));
  if (bad.length === 0) return null;
  return (
    <section aria-labelledby="troubles-title">
      <h2 id="troubles-title">{text.sweep.troubles}</h2>
      <ul class="troubles">
        {bad.map((run) => (
          <li key={run.id}>
            <RunStateMark state={run.state} /> <a href={links.run(run.id)}>{cellLabel(run)}</a>
            {run.reason && <p>{run.reason}</p>}
            {run.hint && <p class="faint">{run.hint}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
