// Runs -> the grid: a panel a language, a row for each encoder and LoRA (and seed or further setting where these
// vary, so that nothing is ever averaged), a column a depth.
import type { Run } from "../api/schema";
import { settingsLabel } from "../format";
import { text } from "../text";

export interface GridRow {
  key: string;
  encoder: string;
  lora: boolean;
  more: string;  // seed and settings, where they vary
  cells: ReadonlyMap<number, Run>;  // by kept layers
}

export interface GridPanel {
  language: string;
  depths: readonly number[];  // whole encoder first
  rows: readonly GridRow[];
}

/** Lowest and highest WER of a sweep's finished runs: a colour is the same WER in each language's panel. */
export interface Scale {
  best: number;
  worst: number;
}

export const heatSteps = 8;

export function panelsOf(runs: readonly Run[]): GridPanel[] {
  const seedsVary = new Set(runs.map((run) => run.seed)).size > 1;
  const languages = [...new Set(runs.map((run) => run.language))];
  return languages.map((language) => {
    const ours = runs.filter((run) => run.language === language);
    const depths = [...new Set(ours.map((run) => run.layers))].sort((a, b) => b - a);
    return { language, depths, rows: rowsOf(ours, seedsVary) };
  });
}

function rowsOf(runs: readonly Run[], seedsVary: boolean): GridRow[] {
  const rows = new Map<string, GridRow & { cells: Map<number, Run> }>();
  const encoders = [...new Set(runs.map((run) => run.encoder))];
  for (const run of runs) {
    const more = [seedsVary ? text.seed(run.seed) : "", settingsLabel(run.settings)].filter(Boolean).join(", ");
    const key = [run.encoder, run.lora, more].join("|");
    const row = rows.get(key) ?? { key, encoder: run.encoder, lora: run.lora, more, cells: new Map<number, Run>() };
    row.cells.set(run.layers, run);
    rows.set(key, row);
  }
  const order = (row: GridRow) => encoders.indexOf(row.encoder) * 2 + Number(row.lora);
  return [...rows.values()].sort((a, b) => order(a) - order(b) || (a.more < b.more ? -1 : 1));
}

export function scaleOf(runs: readonly Run[]): Scale | null {
  const wers = runs.flatMap((run) => (run.wer === null ? [] : [run.wer]));
  return wers.length ? { best: Math.min(...wers), worst: Math.max(...wers) } : null;
}

/** 0 (best) to heatSteps - 1 (worst), by the logarithm: from 5 to 10 % is as far as from 10 to 20 %. */
export function heatOf(wer: number, { best, worst }: Scale): number {
  const floor = 1e-3;
  const log = (value: number) => Math.log(Math.max(value, floor));
  const range = log(worst) - log(best);
  if (range <= 0) return 0;
  return Math.min(heatSteps - 1, Math.floor(((log(wer) - log(best)) / range) * heatSteps));
}
