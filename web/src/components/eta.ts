// When a sweep ends. The daemon's estimate is of the moment when it was asked; from then on it is counted down.
import { useMemo } from "preact/hooks";
import type { Sweep } from "../api/schema";
import { clock, duration, now } from "../format";
import { text } from "../text";

export function useEta(sweep: Sweep, says: (left: string, clock: string) => string): string {
  const { eta_seconds: seconds } = sweep;
  const end = useMemo(() => Date.now() + (seconds ?? 0) * 1000, [sweep]);
  if (seconds === null) return text.progress.etaUnknown;
  return end < now.value ? text.progress.etaLate : says(duration((end - now.value) / 1000), clock(end));
}
