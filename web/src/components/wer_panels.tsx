// The grid that fills cell by cell, a panel a language, and under it the same as lines.
import type { Run, SweetSpotTable, WerRow, WerTable } from "../api/schema";
import { DepthChart, LineKey } from "../charts/depth_chart";
import type { GridPanel, Scale } from "../charts/grid";
import { HeatLegend, WerGrid } from "../charts/wer_grid";
import { text } from "../text";

interface PanelsProps {
  panels: GridPanel[];
  scale: Scale | null;
  wer: WerTable | null;
  sweetSpots: ReadonlySet<string>;
}

export function WerPanels({ panels, scale, wer, sweetSpots }: PanelsProps) {
  const intervals = new Map<string, WerRow>(wer?.rows.map((row) => [row.run, row]));
  return (
    <section aria-labelledby="grid-title">
      <h2 id="grid-title">{text.sweep.grid}</h2>
      <p class="facts faint">
        <span>{text.sweep.gridUnit} {text.sweep.rows} × {text.sweep.layers.toLowerCase()}.</span>
        <HeatLegend scale={scale} />
        {scale && <span>{text.sweep.signs}</span>}
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
export function sweetRuns(runs: readonly Run[], table: SweetSpotTable | null): Set<string> {
  const spots = table?.rows.filter((row) => row.kind === "sweet_spot" && row.layers !== null) ?? [];
  const same = (settings: object) => JSON.stringify(settings);
  return new Set(runs.filter((run) => spots.some((spot) => spot.encoder === run.encoder && spot.layers === run.layers &&
    spot.lora === run.lora && spot.seed === run.seed && same(spot.settings) === same(run.settings))).map((run) => run.id));
}
