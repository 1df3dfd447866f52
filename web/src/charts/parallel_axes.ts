// Runs -> the axes of the parallel coordinates: those on which they differ, and the WER. What an axis lets through stands
// in the address: `pc.layers=6,4` or `pc.wer=0.02~0.1`.
import type { Run } from "../api/schema";
import { text } from "../text";

export interface Axis {
  key: string;
  title: string;
  values: string[] | null;  // null: a range of numbers
  low: number;
  high: number;
  of(run: Run): string | number;
}

export function axesOf(runs: readonly Run[]): Axis[] {
  const settings = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))];
  const { columns } = text.runs;
  const listed = [
    listAxis("encoder", columns.encoder, runs, (run) => run.encoder),
    listAxis("layers", columns.layers, runs, (run) => String(run.layers)),
    listAxis("language", columns.language, runs, (run) => run.language),
    listAxis("lora", columns.lora, runs, (run) => text.lora(run.lora)),
    listAxis("seed", columns.seed, runs, (run) => String(run.seed)),
    ...settings.map((name) => listAxis(name, name, runs, (run) => JSON.stringify(run.settings[name] ?? null))),
  ].filter((axis) => axis.values!.length > 1);
  return [...listed, rangeAxis("wer", columns.wer, runs, (run) => run.wer!)];
}

function listAxis(key: string, title: string, runs: readonly Run[], of: (run: Run) => string): Axis {
  const values = [...new Set(runs.map(of))].sort((a, b) => Number(b) - Number(a) || (a < b ? -1 : 1));
  return { key, title, values, low: 0, high: values.length - 1, of };
}

function rangeAxis(key: string, title: string, runs: readonly Run[], of: (run: Run) => number): Axis {
  const numbers = runs.map(of);
  return { key, title, values: null, low: Math.min(...numbers), high: Math.max(...numbers), of };
}

/** 0 (top) to 1. */
export function shareOf(axis: Axis, value: string | number): number {
  if (axis.values) return axis.values.length < 2 ? 0.5 : axis.values.indexOf(String(value)) / (axis.values.length - 1);
  return axis.high > axis.low ? 1 - (Number(value) - axis.low) / (axis.high - axis.low) : 0.5;
}

export type Brushes = ReadonlyMap<string, string>;

export function brushesOf(query: URLSearchParams): Brushes {
  return new Map([...query].filter(([name]) => name.startsWith("pc.")).map(([name, value]) => [name.slice(3), value]));
}

export function rangeOf(axis: Axis, brush: string | undefined): [number, number] {
  const [low = NaN, high = NaN] = (brush ?? "").split("~").map((part) => (part === "" ? NaN : Number(part)));
  return [Number.isFinite(low) ? low : axis.low, Number.isFinite(high) ? high : axis.high];
}

export function passes(run: Run, axes: readonly Axis[], brushes: Brushes): boolean {
  return axes.every((axis) => {
    const brush = brushes.get(axis.key);
    if (brush === undefined) return true;
    if (axis.values) return brush.split(",").includes(String(axis.of(run)));
    const [low, high] = rangeOf(axis, brush);
    return Number(axis.of(run)) >= low - 1e-9 && Number(axis.of(run)) <= high + 1e-9;
  });
}
