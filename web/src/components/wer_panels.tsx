// The grid that fills cell by cell, a panel a language, and under it the same as lines.
import type { Run, SweetSpotTable, WerRow, WerTable } from "../api/schema";
import { DepthChart, LineKey, highestOf } from "../charts/depth_chart";
import type { GridPanel, Scale } from "../charts/grid";
import { HeatLegend, WerGrid } from "../charts/wer_grid";
import { query, setQuery } from "../router";
import { text } from "../text";
import { RunStateMark } from "./state";

const mostCells = 1000, fewestRows = 8;  // more than that would take longer to draw than to ask for

interface PanelsProps {
  panels: GridPanel[];
  scale: Scale | null;
  wer: WerTable | null;
  sweetSpots: ReadonlySet<string>;
}

export function WerPanels({ panels, scale, wer, sweetSpots }: PanelsProps) {
  const intervals = new Map<string, WerRow>(wer?.rows.map((row) => [row.run, row]));
  const highest = highestOf(panels, intervals);
  const doing = new Set(panels.flatMap((panel) => panel.rows.flatMap((row) => [...row.cells.values()].map((run) => run.state))));
  const most = query.value.get("rows") === "all" ? Infinity : mostRows(panels);
  const longest = Math.max(0, ...panels.map((panel) => panel.rows.length));
  return (
    <section aria-labelledby="grid-title">
      <h2 id="grid-title">{text.sweep.grid}</h2>
      <p class="facts faint">
        <span>{text.sweep.gridUnit} {text.sweep.rows} × {text.sweep.layers.toLowerCase()}.</span>
        <HeatLegend scale={scale} />
        {scale && <span>{text.sweep.signs}</span>}
        {[...doing].filter((state) => state !== "succeeded").map((state) => <RunStateMark key={state} state={state} />)}
      </p>
      <div class="panels">
        {panels.map((whole) => ({ ...whole, rows: whole.rows.slice(0, most) })).map((panel) => (
          <div key={panel.language} class={panel.depths.length > 5 ? "panel-pair wide" : "panel-pair"}>
            <WerGrid panel={panel} scale={scale} intervals={intervals} sweetSpots={sweetSpots} />
            <DepthChart panel={panel} intervals={intervals} highest={highest} />
          </div>
        ))}
      </div>
      {longest > most && <p class="facts">{text.sweep.rowsShown(most, longest)} <button type="button" onClick={() => setQuery("rows", "all")}>{text.sweep.rowsAll}</button></p>}
      {panels[0] && <LineKey panel={{ ...panels[0], rows: panels[0].rows.slice(0, most) }} />}
    </section>
  );
}

function mostRows(panels: readonly GridPanel[]): number {
  const across = panels.reduce((sum, panel) => sum + panel.depths.length, 0);
  return Math.max(fewestRows, Math.floor(mostCells / across));
}

/** The runs that make up the sweet spots: one a language. */
export function sweetRuns(runs: readonly Run[], table: SweetSpotTable | null): Set<string> {
  const spots = table?.rows.filter((row) => row.kind === "sweet_spot" && row.layers !== null) ?? [];
  const same = (settings: object) => JSON.stringify(settings);
  return new Set(runs.filter((run) => spots.some((spot) => spot.encoder === run.encoder && spot.layers === run.layers &&
    spot.lora === run.lora && spot.seed === run.seed && same(spot.settings) === same(run.settings))).map((run) => run.id));
}
