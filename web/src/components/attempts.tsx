import type { Attempt } from "../api/schema";
import { duration, now } from "../format";
import { text } from "../text";
import { Scroll } from "./scroll";
import { Ago } from "./time";

export function Attempts({ attempts }: { attempts: Attempt[] }) {
  if (attempts.length === 0) return null;
  const columns = text.run.attemptColumns;
  return (
    <section aria-labelledby="attempts-title">
      <h2 id="attempts-title">{text.run.attempts}</h2>
      <Scroll label={text.run.attempts} file="attempts">
        <table class="list">
          <thead><tr>{Object.values(columns).map((name) => <th key={name} scope="col" class={name === columns.took ? "number" : ""}>{name}</th>)}</tr></thead>
          <tbody>{attempts.map((attempt) => <AttemptRow key={attempt.fence} attempt={attempt} />)}</tbody>
        </table>
      </Scroll>
    </section>
  );
}

function AttemptRow({ attempt }: { attempt: Attempt }) {
  const end = attempt.ended_at ? Date.parse(attempt.ended_at) : now.value;
  return (
    <tr>
      <th scope="row">{attempt.number}</th>
      <td>{attempt.worker}</td>
      <td>{attempt.device}</td>
      <td><Ago time={attempt.started_at} /></td>
      <td class="number">{duration((end - Date.parse(attempt.started_at)) / 1000)}</td>
      <td>{attempt.outcome || text.run.going}{attempt.reason && `: ${attempt.reason}`}</td>
    </tr>
  );
}
