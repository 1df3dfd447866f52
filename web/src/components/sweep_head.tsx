// What the sweep is and how far, when it ends, and what can be done with it.
import type { Sweep } from "../api/schema";
import { links } from "../router";
import { text } from "../text";
import { ActionBar } from "./actions/bar";
import { Priority } from "./actions/priority";
import { sweepActions } from "./actions/sweep_actions";
import { useEta } from "./eta";
import { Labels } from "./labels";
import { SweepProgress, overOf } from "./progress";
import { SweepStateMark } from "./state";
import { Ago } from "./time";

export function SweepHead({ sweep }: { sweep: Sweep }) {
  const eta = useEta(sweep, text.progress.eta);
  const over = overOf(sweep.counts) === sweep.counts.total;
  return (
    <header class="head">
      <h1>{sweep.name} <span class="faint">{sweep.id}</span></h1>
      <p class="facts">
        <SweepStateMark state={sweep.state} />
        {!over && !sweep.paused && <strong class="eta">{eta}</strong>}
        <span class="faint">{text.sweep.submitted} <Ago time={sweep.created_at} /></span>
        {sweep.source !== null && <span class="imported">{text.sweep.imported(sweep.source)}</span>}
        {over && sweep.priority !== 0 && <span class="faint">{text.sweep.priority(sweep.priority)}</span>}
      </p>
      <SweepProgress counts={sweep.counts} />
      <Labels path={`sweeps/${sweep.id}`} of={sweep} found={links.tagged} />
      {sweep.source === null && (
        <div class="facts">
          <ActionBar label={text.sweep.act} actions={sweepActions([sweep])} />
          {!over && <Priority sweep={sweep} />}
        </div>
      )}
    </header>
  );
}
