// How far a sweep is: one bar, with the part that failed told apart by hatching.
import type { Counts } from "../api/schema";
import { text } from "../text";

export function overOf(counts: Counts): number {
  return counts.succeeded + counts.failed + counts.quarantined + counts.cancelled;
}

export function SweepProgress({ counts }: { counts: Counts }) {
  const bad = counts.failed + counts.quarantined;
  const share = (n: number) => `${counts.total ? (n / counts.total) * 100 : 0}%`;
  const over = overOf(counts);
  return (
    <div class="progress">
      <div class="bar" role="progressbar" aria-valuemin={0} aria-valuemax={counts.total} aria-valuenow={over}
        aria-label={text.progress.label(over, counts.total)}>
        <span class="bar-good" style={{ width: share(counts.succeeded) }} />
        <span class="bar-bad" style={{ width: share(bad) }} />
        <span class="bar-off" style={{ width: share(counts.cancelled) }} />
        <span class="bar-now" style={{ width: share(counts.running + counts.leased + counts.orphaned) }} />
      </div>
      <span class="number">{text.progress.done(over, counts.total)}</span>
    </div>
  );
}

export function ShareBar({ share, label }: { share: number; label: string }) {
  const value = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <span class="bar small" role="progressbar" aria-valuemin={0} aria-valuemax={100} aria-valuenow={value} aria-label={label}>
      <span class="bar-now" style={{ width: `${value}%` }} />
    </span>
  );
}
