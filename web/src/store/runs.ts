// The rows of runs that the page shows, patched in place by events. Whole sweeps are loaded at once, in short rows: the
// grid is their picture. Patches that come while a load is under way wait for it, so that an older answer never wins.
import { signal } from "@preact/signals";
import { getJson } from "../api/client";
import type { Grid, Run, RunDetail } from "../api/schema";

export const runs = signal<ReadonlyMap<string, Run>>(new Map());
let loading = 0;

export type RunPatch = Partial<Run>;

export function mayPatch(): boolean {
  return loading === 0;
}

export function patchRuns(patches: ReadonlyMap<string, RunPatch>): void {
  const next = new Map(runs.peek());
  let changed = false;
  for (const [id, patch] of patches) {
    const row = next.get(id);
    if (!row) continue;
    next.set(id, { ...row, ...patch });
    changed = true;
  }
  if (changed) runs.value = next;
}

export async function loadSweepRuns(sweep: string, signal: AbortSignal): Promise<number> {
  return put(rowsOf(await whileLoading(getJson<Grid>(`sweeps/${sweep}/grid`, signal))));
}

/** What the grid does not say of a run is not there until its page or the table of runs asks for it. */
function rowsOf({ sweep, runs: size, same, columns }: Grid): Run[] {
  const lists = Object.entries(columns);
  return Array.from({ length: size }, (_, i) => {
    const run: Record<string, unknown> = { sweep, ...same };
    for (const [name, values] of lists) run[name] = values[i];
    return run as unknown as Run;
  });
}

export async function loadRun(id: string): Promise<void> {
  put([await whileLoading(getJson<Run>(`runs/${id}`))]);
}

export async function loadRunDetail(id: string, signal: AbortSignal): Promise<RunDetail> {
  const detail = await whileLoading(getJson<RunDetail>(`runs/${id}`, signal));
  put([detail]);
  return detail;
}

async function whileLoading<T>(answer: Promise<T>): Promise<T> {
  loading += 1;
  try {
    return await answer;
  } finally {
    loading -= 1;
  }
}

export function put(rows: readonly Run[]): number {
  const next = new Map(runs.peek());
  for (const row of rows) {
    const known = next.get(row.id);
    next.set(row.id, known ? { ...known, ...row } : row);
  }
  runs.value = next;
  return rows.length;
}

export function runsOf(sweep: string): Run[] {
  return [...runs.value.values()].filter((run) => run.sweep === sweep).sort((a, b) => a.position - b.position);
}
