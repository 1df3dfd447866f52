import { getAll } from "../api/client";
import type { Sweep } from "../api/schema";
import { Empty, Waiting } from "../components/problem";
import { SweepProgress } from "../components/progress";
import { Scroll } from "../components/scroll";
import { SweepStateMark } from "../components/state";
import { Ago } from "../components/time";
import { duration, percent } from "../format";
import { links } from "../router";
import { useFetched } from "../store/resource";
import { text } from "../text";
import { useTitle } from "./title";

export function SweepsView() {
  useTitle(text.sweeps.title);
  const { data, problem } = useFetched("sweeps", "sweeps", (signal) => getAll<Sweep>("sweeps", signal));
  return (
    <>
      <h1>{text.sweeps.title}</h1>
      {!data ? <Waiting problem={problem} />
        : data.length === 0 ? <Empty says={text.sweeps.empty} command={text.sweeps.emptyCommand} hint={text.sweeps.emptyHint} />
        : <SweepTable sweeps={data} />}
    </>
  );
}

function SweepTable({ sweeps }: { sweeps: Sweep[] }) {
  const { columns } = text.sweeps;
  return (
    <Scroll label={text.sweeps.title}>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.state}</th>
            <th scope="col">{columns.progress}</th>
            <th scope="col" class="number">{columns.best}</th>
            <th scope="col" class="number">{columns.eta}</th>
            <th scope="col" class="number">{columns.created}</th>
          </tr>
        </thead>
        <tbody>{sweeps.map((sweep) => <SweepRow key={sweep.id} sweep={sweep} />)}</tbody>
      </table>
    </Scroll>
  );
}

function SweepRow({ sweep }: { sweep: Sweep }) {
  return (
    <tr>
      <th scope="row"><a href={links.sweep(sweep.id)}>{sweep.name}</a> <span class="faint">{sweep.id}{sweep.source !== null && `, ${text.sweeps.imported}`}</span></th>
      <td><SweepStateMark state={sweep.state} /></td>
      <td><SweepProgress counts={sweep.counts} /></td>
      <td class="number">{percent(sweep.best_wer)}</td>
      <td class="number">{sweep.eta_seconds === null || sweep.state !== "running" ? text.none : duration(sweep.eta_seconds)}</td>
      <td class="number"><Ago time={sweep.created_at} /></td>
    </tr>
  );
}
