// WER against kept layers in one language, the whole encoder first as in the grid: a line for each encoder, solid without and dashed with LoRA, bars for the
// 95 % intervals. Its numbers are those of the grid beside it, which is the table for those who cannot see it.
import type { WerRow } from "../api/schema";
import { cellLabel, percent } from "../format";
import { text } from "../text";
import type { GridPanel, GridRow } from "./grid";

const size = { width: 360, height: 206, left: 40, right: 16, top: 22, bottom: 36, side: 8 };
const apart = 3;  // lines stand this far beside one another, so that each interval is seen

interface Point {
  run: string;
  layers: number;
  wer: number;
  row: WerRow | undefined;
  label: string;
}

/** The highest WER or end of an interval: the same for all panels, so that they compare. */
export function highestOf(panels: readonly GridPanel[], intervals: ReadonlyMap<string, WerRow>): number {
  let most = 0;
  for (const { rows } of panels) for (const { cells } of rows) for (const run of cells.values()) most = Math.max(most, intervals.get(run.id)?.wer_high ?? run.wer ?? 0);
  return most;
}

export function DepthChart({ panel, intervals, highest }: { panel: GridPanel; intervals: ReadonlyMap<string, WerRow>; highest: number }) {
  const encoders = [...new Set(panel.rows.map((row) => row.encoder))];
  const lines = panel.rows.map((row) => ({ row, points: pointsOf(row, intervals) }));
  const ticks = ticksTo(highest * 100);
  const top = ticks[ticks.length - 1]! / 100;
  const deepest = panel.depths[0]!;
  const shallowest = panel.depths[panel.depths.length - 1]!;
  const span = Math.max(1, deepest - shallowest);
  const x = (layers: number) => size.left + size.side + ((deepest - layers) / span) * (size.width - size.left - size.right - 2 * size.side);
  const beside = (layers: number, line: number) => x(layers) + Math.max(-6, Math.min(6, (line - (lines.length - 1) / 2) * apart));
  const y = (wer: number) => size.height - size.bottom - (wer / top) * (size.height - size.top - size.bottom);
  return (
    <svg class="depth-chart" viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={text.sweep.depthCaption(panel.language)}>
      {ticks.map((tick) => (
        <g key={tick}>
          <line class="rule" x1={size.left} x2={size.width - size.right} y1={y(tick / 100)} y2={y(tick / 100)} />
          <text x={size.left - 5} y={y(tick / 100) + 4} text-anchor="end">{tick} %</text>
        </g>
      ))}
      {panel.depths.map((depth) => <text key={depth} x={x(depth)} y={size.height - 20} text-anchor="middle">{depth}</text>)}
      <text x={(size.left + size.width) / 2} y={size.height - 4} text-anchor="middle">{text.sweep.layers.toLowerCase()}</text>
      <text x={size.left - 5} y="10" text-anchor="end">{text.runs.columns.wer}</text>
      {lines.map(({ row, points: at }, i) => (
        <g key={row.key} class={`line hue-${encoders.indexOf(row.encoder) % 6} ${row.lora ? "dashed" : ""}`}>
          <polyline points={at.map((p) => `${beside(p.layers, i)},${y(p.wer)}`).join(" ")} />
          {at.map((p) => <Mark key={p.run} point={p} cx={beside(p.layers, i)} y={y} />)}
        </g>
      ))}
    </svg>
  );
}

function Mark({ point, cx, y }: { point: Point; cx: number; y: (wer: number) => number }) {
  const { row } = point;
  return (
    <>
      {row && row.wer_low !== null && row.wer_high !== null &&
        <line class="interval" x1={cx} x2={cx} y1={y(row.wer_low)} y2={y(row.wer_high)} />}
      <circle cx={cx} cy={y(point.wer)} r="3"><title>{point.label}</title></circle>
    </>
  );
}

function pointsOf(row: GridRow, intervals: ReadonlyMap<string, WerRow>): Point[] {
  return [...row.cells.values()].flatMap((run) => run.wer === null ? [] : [{
    run: run.id, layers: run.layers, wer: run.wer, row: intervals.get(run.id),
    label: `${cellLabel(run)}: ${percent(run.wer)}`,
  }]).sort((a, b) => a.layers - b.layers);
}

/** 0 to at least `highest` in three to six round steps. */
export function ticksTo(highest: number): number[] {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 500].find((s) => highest / s <= 5) ?? 1000;
  const n = Math.max(1, Math.ceil(highest / step - 1e-9));
  return Array.from({ length: n + 1 }, (_, i) => Number((i * step).toFixed(1)));
}

export function LineKey({ panel }: { panel: GridPanel }) {
  const encoders = [...new Set(panel.rows.map((row) => row.encoder))];
  return (
    <ul class="key">
      {panel.rows.map((row) => (
        <li key={row.key} class={`line hue-${encoders.indexOf(row.encoder) % 6} ${row.lora ? "dashed" : ""}`}>
          <svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true"><line x1="0" x2="28" y1="4" y2="4" /></svg>
          {row.encoder}, {text.lora(row.lora)}{row.more && `, ${row.more}`}
        </li>
      ))}
    </ul>
  );
}
