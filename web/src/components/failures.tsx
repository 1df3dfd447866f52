// What went wrong in a sweep: runs of one cause together, with the remedy and the button for it.
import type { Run, RunState } from "../api/schema";
import { cellLabel } from "../format";
import { links } from "../router";
import { text } from "../text";
import { ActionBar } from "./actions/bar";
import { runActions } from "./actions/run_actions";
import { RunStateMark } from "./state";

const badStates: readonly RunState[] = ["failed", "quarantined", "retry_wait"];
const namedAtOnce = 6;

export function Failures({ runs }: { runs: readonly Run[] }) {
  const bad = runs.filter((run) => badStates.includes(run.state));
  if (bad.length === 0) return null;
  const causes = [...new Set(bad.map((run) => run.reason_code))];
  return (
    <section aria-labelledby="troubles-title" class="failures">
      <h2 id="troubles-title">{text.sweep.troubles} <span class="faint">{text.failures.count(bad.length)}</span></h2>
      <ul class="troubles">
        {causes.map((cause) => <Cause key={cause} runs={bad.filter((run) => run.reason_code === cause)} />)}
      </ul>
    </section>
  );
}

function Cause({ runs }: { runs: readonly Run[] }) {
  const first = runs[0]!;
  const again = runs.filter((run) => run.state !== "retry_wait");
  return (
    <li>
      <p><strong>{first.reason}</strong> {first.reason_code && <code>{first.reason_code}</code>}</p>
      {first.hint && <p>{text.failures.remedy} {first.hint}</p>}
      <RunNames runs={runs.slice(0, namedAtOnce)} />
      {runs.length > namedAtOnce && <details><summary>{text.failures.more(runs.length - namedAtOnce)}</summary><RunNames runs={runs.slice(namedAtOnce)} /></details>}
      {again.length > 0 && <ActionBar label={text.failures.act} actions={runActions(again).filter((action) => !action.loses)} />}
      {again.length > 0 && <p class="faint">{text.failures.command} <code>sweetspot retry {again.length === 1 ? first.id : first.sweep}</code></p>}
    </li>
  );
}

function RunNames({ runs }: { runs: readonly Run[] }) {
  return (
    <ul class="inline">
      {runs.map((run) => <li key={run.id}><RunStateMark state={run.state} /> <a href={links.run(run.id)}>{cellLabel(run)}</a></li>)}
    </ul>
  );
}
