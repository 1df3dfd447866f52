// What can be done with sweeps now, and what each of it would change.
import { send } from "../../api/client";
import type { Counts, Sweep, SweepOutcome } from "../../api/schema";
import { text } from "../../text";
import { overOf } from "../progress";
import type { Action } from "./bar";

export function sweepActions(sweeps: readonly Sweep[]): Action[] {
  const open = sweeps.filter((sweep) => overOf(sweep.counts) < sweep.counts.total);
  const going = open.filter((sweep) => !sweep.paused);
  const paused = sweeps.filter((sweep) => sweep.paused);
  const sum = (of: readonly Sweep[], count: (counts: Counts) => number) => of.reduce((n, { counts }) => n + count(counts), 0);
  const held = (counts: Counts) => counts.running + counts.leased + counts.orphaned;
  const left = (counts: Counts) => counts.total - overOf(counts);
  const failed = sum(sweeps, (counts) => counts.failed + counts.quarantined);
  const cancelled = sum(sweeps, (counts) => counts.cancelled);
  const { actions } = text;
  return [
    going.length > 0 && {
      kind: "pause", name: actions.pause, preview: actions.pausePreview(sum(going, held), sum(going, (counts) => left(counts) - held(counts))),
      act: () => onEach(going, "pause"),
    },
    paused.length > 0 && { kind: "resume", name: actions.resume, preview: actions.resumePreview(sum(paused, left)), act: () => onEach(paused, "resume") },
    failed > 0 && {
      kind: "retry", name: actions.retry(failed), preview: actions.retryPreview(failed),
      act: () => onEach(sweeps, "retry", { states: ["failed", "quarantined"] }),
    },
    cancelled > 0 && {
      kind: "requeue", name: actions.retryCancelled(cancelled), preview: actions.retryPreview(cancelled),
      act: () => onEach(sweeps, "retry", { states: ["cancelled"] }),
    },
    open.length > 0 && {
      kind: "cancel", name: actions.cancel(sum(open, left)), preview: actions.cancelPreview(sum(open, held), sum(open, (counts) => left(counts) - held(counts))),
      loses: true, act: () => onEach(open, "cancel"),
    },
  ].filter((action): action is Action => !!action);
}

async function onEach(sweeps: readonly Sweep[], action: string, body?: unknown): Promise<string> {
  let changed = 0;
  for (const sweep of sweeps) changed += (await send<SweepOutcome>("POST", `sweeps/${sweep.id}/actions/${action}`, body)).changed;
  return text.actions.changed(changed);
}
