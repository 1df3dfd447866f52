import { Problem } from "../api/client";
import { announceAll } from "../store/topics";
import { text } from "../text";

export function ProblemBox({ problem }: { problem: Error }) {
  if (!(problem instanceof Problem)) {
    return (
      <section class="notice bad" role="alert">
        <h2>{text.problem.title}</h2>
        <p>{text.problem.offline}</p>
        <p>{text.problem.offlineHint} <code>{text.problem.offlineCommand}</code></p>
        <Again />
      </section>
    );
  }
  const calm = problem.status === 409;  // what was asked for cannot be; nothing is broken
  return (
    <section class={calm ? "notice" : "notice bad"} role="alert">
      {!calm && <h2>{text.problem.title}</h2>}
      <p>{problem.message}</p>
      {problem.hint && <p>{problem.hint}</p>}
      {!calm && problem.requestId && <p class="faint">{text.problem.request(problem.requestId)}</p>}
      {!calm && <Again />}
    </section>
  );
}

const Again = () => <p><button type="button" onClick={announceAll}>{text.problem.again}</button></p>;

/** What stands in for data that is not there yet. */
export function Waiting({ problem }: { problem: Error | null }) {
  return problem ? <ProblemBox problem={problem} /> : <p class="faint">{text.loading}</p>;
}

export function Empty({ says, command, hint }: { says: string; command?: string; hint?: string }) {
  return (
    <div class="notice">
      <p>{says}</p>
      {command && <pre class="command"><code>{command}</code></pre>}
      {hint && <p class="faint">{hint}</p>}
    </div>
  );
}
