// The grid that fills cell by cell, a panel a language, and under it the same as lines.
import { useEffect, useState } from "preact/hooks";
import type { Run, SweetSpotRow, SweetSpotTable, WerRow, WerTable } from "../api/schema";
import { DepthChart, LineKey, highestOf } from "../charts/depth_chart";
import type { GridPanel, Scale } from "../charts/grid";
import { HeatLegend, WerGrid } from "../charts/wer_grid";
import { query, setQuery } from "../router";
import { text } from "../text";
import { Exportable } from "./exportable";
import { RunStateMark } from "./state";

const mostCells = 1000, fewestRows = 8;  // more than that would take longer to draw than to ask for
const atOnce = 300;

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
  const drawn = useDrawn(panels, most);
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
        {panels.slice(0, drawn).map((whole) => ({ ...whole, rows: whole.rows.slice(0, most) })).map((panel) => (
          <div key={panel.language} class={panel.depths.length > 5 ? "panel-pair wide" : "panel-pair"}>
            <Exportable name={`wer-${panel.language}`} table drawing={hasResult(panel)}>
              <WerGrid panel={panel} scale={scale} intervals={intervals} sweetSpots={sweetSpots} />
              {hasResult(panel) && <DepthChart panel={panel} intervals={intervals} highest={highest} />}
            </Exportable>
          </div>
        ))}
      </div>
      {longest > most && <p class="facts">{text.sweep.rowsShown(most, longest)} <button type="button" onClick={() => setQuery("rows", "all")}>{text.sweep.rowsAll}</button></p>}
      {panels[0] && <LineKey panel={{ ...panels[0], rows: panels[0].rows.slice(0, most) }} />}
    </section>
  );
}

function hasResult({ rows }: GridPanel): boolean {
  return rows.some(({ cells }) => [...cells.values()].some((run) => run.wer !== null));
}

/** How many panels there are: all, or of a large grid one after another, so that the first is not waited for. */
function useDrawn(panels: readonly GridPanel[], most: number): number {
  const cells = panels.reduce((sum, { rows, depths }) => sum + Math.min(most, rows.length) * depths.length, 0);
  const [drawn, draw] = useState(1);
  const missing = cells > atOnce && drawn < panels.length;
  useEffect(() => { if (missing) setTimeout(() => draw(drawn + 1)); }, [missing, drawn]);
  return missing ? drawn : panels.length;
}

function mostRows(panels: readonly GridPanel[]): number {
  const across = panels.reduce((sum, panel) => sum + panel.depths.length, 0);
  return Math.max(fewestRows, Math.floor(mostCells / across));
}

/** The runs that make up the sweet spots: one a language. */
export function sweetRuns(runs: readonly Run[], table: SweetSpotTable | null): Set<string> {
  const key = ({ encoder, layers, lora, seed, settings }: Run | SweetSpotRow) => JSON.stringify([encoder, layers, lora, seed, settings]);
  const spots = new Set(table?.rows.filter((row) => row.kind === "sweet_spot").map(key));
  return new Set(spots.size ? runs.filter((run) => spots.has(key(run))).map((run) => run.id) : []);
}
