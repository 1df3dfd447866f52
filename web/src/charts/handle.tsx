import { percent } from "../format";
import { shareOf, type Axis } from "./parallel_axes";

interface Props {
  axis: Axis;
  value: number;
  name: string;
  y(share: number): number;
  put(value: number): void;
}

/** One end of a range on a vertical axis of ratios: dragged, or moved a fiftieth of the axis by an arrow key. */
export function Handle({ axis, value, name, y, put }: Props) {
  const bounded = (to: number) => put(Math.min(axis.high, Math.max(axis.low, to)));
  const drag = (event: PointerEvent) => {
    const target = event.currentTarget as SVGElement;
    if (!target.hasPointerCapture(event.pointerId)) return;
    const svg = target.ownerSVGElement!;
    const at = ((event.clientY - svg.getBoundingClientRect().top) / svg.getBoundingClientRect().height) * svg.viewBox.baseVal.height;
    bounded(axis.low + (1 - (at - y(0)) / (y(1) - y(0))) * (axis.high - axis.low));
  };
  const key = (event: KeyboardEvent) => {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    bounded(value + (by * (axis.high - axis.low)) / 50);
  };
  return (
    <g class="handle" role="slider" tabindex={0} aria-label={name} aria-orientation="vertical" aria-valuemin={axis.low * 100} aria-valuemax={axis.high * 100}
      aria-valuenow={value * 100} aria-valuetext={percent(value)} transform={`translate(0 ${y(shareOf(axis, value))})`}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)} onPointerMove={drag} onKeyDown={key}>
      <rect x="-9" y="-4" width="18" height="8" rx="3" />
      <text x="13" y="4">{percent(value)}</text>
    </g>
  );
}
