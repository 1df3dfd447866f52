// What the reader has ticked: sweeps or runs, by id. It stays while rows come and go.
import { signal } from "@preact/signals";

export const selection = signal<ReadonlySet<string>>(new Set());
let anchor: string | null = null;

export function select(ids: readonly string[], ticked: boolean): void {
  const next = new Set(selection.peek());
  for (const id of ids) ticked ? next.add(id) : next.delete(id);
  selection.value = next;
}

/** With `through` everything of `order` from the last one ticked to this one. */
export function tick(id: string, ticked: boolean, order: readonly string[], through: boolean): void {
  const from = through && anchor ? order.indexOf(anchor) : -1;
  const to = order.indexOf(id);
  select(from < 0 ? [id] : order.slice(Math.min(from, to), Math.max(from, to) + 1), ticked);
  anchor = id;
}

export function selected(kind: "sw_" | "run_"): string[] {
  return [...selection.value].filter((id) => id.startsWith(kind));
}
