// Parallel coordinates: a line a finished run, never averaged. A value of a list axis is a button that keeps only its
// runs; the WER axis has two handles, dragged or moved by arrow keys.
import type { Run } from "../api/schema";
import { cellLabel, percent } from "../format";
import { setQuery } from "../router";
import { text } from "../text";
import { Handle } from "./handle";
import { passes, rangeOf, shareOf, type Axis, type Brushes } from "./parallel_axes";

const size = { height: 320, right: 70, top: 40, bottom: 22, step: 190 };
export const plotHeight = size.height - size.top - size.bottom;

export function ParallelChart({ runs, axes, brushes }: { runs: readonly Run[]; axes: readonly Axis[]; brushes: Brushes }) {
  const left = Math.max(40, ...(axes[0]!.values ?? []).map((value) => 24 + 7 * value.length));
  const width = left + size.right + size.step * (axes.length - 1);
  const encoders = [...new Set(runs.map((run) => run.encoder))];
  const x = (i: number) => left + i * size.step;
  const y = (share: number) => size.top + share * plotHeight;
  const line = (run: Run) => axes.map((axis, i) => `${x(i)},${y(shareOf(axis, axis.of(run)))}`).join(" ");
  const [inside, outside] = [true, false].map((wanted) => runs.filter((run) => passes(run, axes, brushes) === wanted));
  const drawn = (run: Run, out: string) => (
    <polyline key={run.id} class={`line hue-${encoders.indexOf(run.encoder) % 6} ${run.lora ? "dashed" : ""} ${out}`} points={line(run)}>
      <title>{`${cellLabel(run)}: ${percent(run.wer)}`}</title>
    </polyline>
  );
  return (
    <svg class="parallel" viewBox={`0 0 ${width} ${size.height}`} style={{ minWidth: `${width * 0.9}px`, maxWidth: `${width * 1.2}px` }} role="group" aria-label={text.charts.parallelCaption}>
      {outside!.map((run) => drawn(run, "out"))}
      {inside!.map((run) => drawn(run, ""))}
      {axes.map((axis, i) => (
        <g key={axis.key} transform={`translate(${x(i)} 0)`}>
          <text class="axis-title" x="0" y="16" text-anchor="middle">{axis.title}</text>
          <line class="axis" x1="0" x2="0" y1={y(0)} y2={y(1)} />
          {axis.values ? <Values axis={axis} brush={brushes.get(axis.key)} y={y} first={i === 0} /> : <Range axis={axis} brush={brushes.get(axis.key)} y={y} />}
        </g>
      ))}
    </svg>
  );
}

function Values({ axis, brush, y, first }: { axis: Axis; brush: string | undefined; y(share: number): number; first: boolean }) {
  const kept = brush?.split(",") ?? [];
  const toggle = (value: string) =>
    setQuery(`pc.${axis.key}`, (kept.includes(value) ? kept.filter((one) => one !== value) : [...kept, value]).join(","));
  return (
    <>
      {axis.values!.map((value, i, { length }) => (
        <g key={value} role="button" tabindex={0} aria-pressed={kept.includes(value)} aria-label={`${axis.title} ${value}`} class="value"
          transform={`translate(0 ${y(shareOf(axis, value))})`} onClick={() => toggle(value)}
          onKeyDown={(event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(value); } }}>
          <rect x="-5" y="-5" width="10" height="10" class={kept.length === 0 || kept.includes(value) ? "kept" : ""} />
          {/* left of the first axis there are no lines, nor below the lowest value */}
          <text x={first ? -9 : 9} y={first ? 4 : i === length - 1 ? 16 : -7} text-anchor={first ? "end" : "start"}>{value}</text>
        </g>
      ))}
    </>
  );
}

function Range({ axis, brush, y }: { axis: Axis; brush: string | undefined; y(share: number): number }) {
  const [low, high] = rangeOf(axis, brush);
  const put = (from: number, to: number) =>
    setQuery(`pc.${axis.key}`, from <= axis.low && to >= axis.high ? "" : `${Number(from.toFixed(5))}~${Number(to.toFixed(5))}`);
  return (
    <>
      <line class="range" x1="0" x2="0" y1={y(shareOf(axis, high))} y2={y(shareOf(axis, low))} />
      <Handle axis={axis} value={high} y={y} name={text.charts.highest(axis.title)} put={(value) => put(Math.min(low, value), value)} />
      <Handle axis={axis} value={low} y={y} name={text.charts.lowest(axis.title)} put={(value) => put(value, Math.max(high, value))} />
    </>
  );
}

