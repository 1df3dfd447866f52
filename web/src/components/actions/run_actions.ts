// What can be done with runs now, and what each of it would change.
import { Problem, send } from "../../api/client";
import type { Run, RunOutcome, RunState } from "../../api/schema";
import { text } from "../../text";
import type { Action } from "./bar";

const heldStates: readonly RunState[] = ["leased", "running", "orphaned"];
const retryStates: readonly RunState[] = ["failed", "quarantined", "cancelled"];

export function runActions(runs: readonly Run[]): Action[] {
  const own = runs.filter((run) => !run.imported);
  const again = own.filter((run) => retryStates.includes(run.state));
  const open = own.filter((run) => run.state !== "succeeded" && !retryStates.includes(run.state));
  const held = open.filter((run) => heldStates.includes(run.state)).length;
  const { actions } = text;
  return [
    again.length > 0 && { kind: "retry", name: actions.retryRuns(again.length), preview: actions.retryPreview(again.length), act: () => onEach(again, "retry") },
    open.length > 0 && {
      kind: "cancel", name: actions.cancel(open.length), preview: actions.cancelPreview(held, open.length - held), loses: true,
      act: () => onEach(open, "cancel"),
    },
  ].filter((action): action is Action => !!action);
}

/** Those that changed meanwhile are told apart; the others are done. */
async function onEach(runs: readonly Run[], action: string): Promise<string> {
  let changed = 0;
  const whyNot: string[] = [];
  for (const run of runs) {
    await send<RunOutcome>("POST", `runs/${run.id}/actions/${action}`).then(() => changed++, (error: unknown) => {
      if (!(error instanceof Problem) || error.status !== 409) throw error;
      whyNot.push(error.message);
    });
  }
  return [text.actions.changed(changed), ...whyNot].join(" ");
}
