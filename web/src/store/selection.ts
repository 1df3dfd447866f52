// What the reader has ticked: sweeps or runs, by id. It stays while rows come and go, and stands in the address of the
// list where it was ticked, unless it is more than an address holds.
import { effect, signal } from "@preact/signals";
import { query, setQuery } from "../router";

export const selection = signal<ReadonlySet<string>>(new Set());
const mostInAddress = 200;
let anchor: string | null = null;
let written = "";

effect(() => {
  const named = query.value.get("ticked") ?? written;
  if (named !== written) selection.value = new Set((written = named).split(","));
});

export function select(ids: readonly string[], ticked: boolean): void {
  const next = new Set(selection.peek());
  for (const id of ids) ticked ? next.add(id) : next.delete(id);
  selection.value = next;
  const alike = [...next].filter((id) => id.split("_")[0] === ids[0]?.split("_")[0]);
  written = alike.length > mostInAddress ? "" : alike.join();
  setQuery("ticked", written);
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
