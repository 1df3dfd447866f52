// Mean WER against cost: every configuration a point, and a line through those that no other beats in both.
import type { ParetoPoint } from "../api/schema";
import { count, percent } from "../format";
import { text } from "../text";
import { ticksTo } from "./depth_chart";

export type Cost = "params" | "system_params" | "real_time_factor";
export const bestFor = { params: "best_for_params", system_params: "best_for_system_params", real_time_factor: "best_for_speed" } as const;

const size = { width: 640, height: 340, left: 60, right: 24, top: 16, bottom: 52 };

export function FrontChart({ points, cost }: { points: readonly ParetoPoint[]; cost: Cost }) {
  const known = points.filter((point) => point[cost] !== null);
  if (known.length === 0) return <p class="faint">{text.charts.frontEmpty}</p>;
  const encoders = [...new Set(known.map((point) => point.encoder))];
  const costs = known.map((point) => point[cost]!);
  const low = Math.min(...costs), high = Math.max(...costs), room = (high - low) * 0.05 || high * 0.05 || 1;
  const ticks = ticksTo(Math.max(...known.map((point) => point.wer)) * 100);
  const top = ticks[ticks.length - 1]! / 100 || 1;
  const x = (value: number) => size.left + ((value - low + room) / (high - low + 2 * room)) * (size.width - size.left - size.right);
  const y = (wer: number) => size.height - size.bottom - (wer / top) * (size.height - size.top - size.bottom);
  const front = known.filter((point) => point[bestFor[cost]]).sort((a, b) => a[cost]! - b[cost]!);
  const named = front.filter((point, i) => {  // names that would lie over one another: the better one's
    const next = front[i + 1];
    return !next || x(next[cost]!) - x(point[cost]!) > 60 || y(next.wer) - y(point.wer) > 16;
  });
  const places = known.map((point) => [point, x(point[cost]!), y(point.wer)] as const);
  return (
    <svg class="front" viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={text.charts.frontCaption(text.charts.costs[cost])}>
      {ticks.map((tick) => (
        <g key={tick}>
          <line class="rule" x1={size.left} x2={size.width - size.right} y1={y(tick / 100)} y2={y(tick / 100)} />
          <text x={size.left - 6} y={y(tick / 100) + 4} text-anchor="end">{tick} %</text>
        </g>
      ))}
      {[low, (low + high) / 2, high].filter((value, i, all) => all.indexOf(value) === i)
        .map((value) => <text key={value} x={x(value)} y={size.height - 34} text-anchor="middle">{costText(value, cost)}</text>)}
      <text x={(size.left + size.width - size.right) / 2} y={size.height - 6} text-anchor="middle">{text.charts.costs[cost]}</text>
      <polyline class="front-line" points={front.map((point) => `${x(point[cost]!)},${y(point.wer)}`).join(" ")} />
      {known.map((point) => (
        <Point key={`${point.encoder} ${point.layers} ${point.lora} ${JSON.stringify(point.settings)}`} point={point} cost={cost}
          hue={encoders.indexOf(point.encoder) % 6} at={[x(point[cost]!), y(point.wer)]} best={front.includes(point)} name={named.includes(point) ? nameAt(point, places) : null} />
      ))}
    </svg>
  );
}

function Point({ point, cost, hue, at: [x, y], best, name }: { point: ParetoPoint; cost: Cost; hue: number; at: [number, number]; best: boolean; name: Name | null }) {
  const label = `${text.spot.configuration(point.encoder, point.layers, point.lora)}: ${percent(point.wer)}, ${costText(point[cost]!, cost)}`;
  const shape = point.lora
    ? <rect x={x - 4.5} y={y - 4.5} width="9" height="9" />
    : <circle cx={x} cy={y} r="5" />;
  return (
    <g class={`point hue-${hue} ${best ? "best" : ""}`}>
      <title>{label}</title>
      {shape}
      {name && <text x={name.x} y={name.y} text-anchor={name.anchor}>{name.says}</text>}
    </g>
  );
}

interface Name {
  x: number;
  y: number;
  anchor: "start" | "end";
  says: string;
}

/** Below and left of a point of the front there is no other, and no line; where that is outside, wherever no point is. */
function nameAt(point: ParetoPoint, places: readonly (readonly [ParetoPoint, number, number])[]): Name {
  const says = text.charts.shortName(point.layers, point.lora);
  const width = says.length * (innerWidth > 480 ? 6.5 : 11);  // as wide as the style makes its letters
  const [, x, y] = places.find(([one]) => one === point)!;
  const free = ([dx, dy]: readonly [number, number]) => {
    const left = dx < 0 ? x + dx - width : x + dx;
    return left > size.left && left + width < size.width &&
      !places.some(([one, px, py]) => one !== point && px > left - 6 && px < left + width + 6 && Math.abs(py - (y + dy - 4)) < 12);
  };
  const [dx, dy] = ([[-8, 18], [8, -6], [8, 18], [-8, -6]] as const).find(free) ?? [8, -6];
  return { x: x + dx, y: y + dy, anchor: dx < 0 ? "end" : "start", says };
}

export function costText(value: number, cost: Cost): string {
  return cost === "real_time_factor" ? value.toPrecision(2) : count(value);
}
