import type { Sweep, SweepPage } from "../api/schema";
import { ActionBar } from "../components/actions/bar";
import { sweepActions } from "../components/actions/sweep_actions";
import { useEta } from "../components/eta";
import { Empty, Waiting } from "../components/problem";
import { SweepProgress } from "../components/progress";
import { Scroll } from "../components/scroll";
import { SweepStateMark } from "../components/state";
import { Ago } from "../components/time";
import { Views } from "../components/views";
import { percent } from "../format";
import { links, query, setQueries, setQuery } from "../router";
import { useKept, useResource } from "../store/resource";
import { selection, tick } from "../store/selection";
import { text } from "../text";
import { useTitle } from "./title";

const pageSize = 25;

export function SweepsView() {
  useTitle(text.sweeps.title);
  const after = query.value.get("after") ?? "";
  const wanted = query.value.get("name") ?? "";
  const tag = query.value.get("tag") ?? "";
  const filter = `${wanted && `&contains=${encodeURIComponent(wanted)}`}${tag && `&tag=${encodeURIComponent(tag)}`}`;
  const { data, problem } = useKept(useResource<SweepPage>(`sweeps?limit=${pageSize}${filter}${after && `&cursor=${after}`}`, "sweeps"));
  return (
    <>
      <h1>{text.sweeps.title}</h1>
      {!data ? <Waiting problem={problem} />
        : data.items.length === 0 && !after && !filter ? <Empty says={text.sweeps.empty} command={text.sweeps.emptyCommand} hint={text.sweeps.emptyHint} />
        : <Listed sweeps={data.items} />}
      <p class="facts">
        {after && <button type="button" onClick={() => setQuery("after", "")}>{text.runs.first}</button>}
        {data?.next_cursor && <button type="button" onClick={() => setQuery("after", data.next_cursor!)}>{text.runs.next}</button>}
      </p>
    </>
  );
}

function Listed({ sweeps }: { sweeps: Sweep[] }) {
  const tag = query.value.get("tag");
  const ticked = sweeps.filter((sweep) => selection.value.has(sweep.id));
  return (
    <>
      <div class="facts">
        <label>{text.sweeps.search}{" "}
          <input type="search" data-search value={query.value.get("name") ?? ""} onInput={(event) => setQueries({ name: event.currentTarget.value, after: "" })} /></label>
        {tag && <button type="button" class="chip" aria-pressed={true} onClick={() => setQueries({ tag: "", after: "" })}>{text.labels.tagged(tag)} ×</button>}
        {ticked.length > 0 && <ActionBar label={text.sweeps.act(ticked.length)} actions={sweepActions(ticked)} />}
      </div>
      <Views of="sweeps" />
      <SweepTable sweeps={sweeps} />
    </>
  );
}

function SweepTable({ sweeps }: { sweeps: Sweep[] }) {
  const { columns } = text.sweeps;
  const order = sweeps.map((sweep) => sweep.id);
  return (
    <Scroll label={text.sweeps.title} file="sweeps">
      <table class="list" data-table="sweeps">
        <thead>
          <tr>
            <th scope="col"><span class="hidden">{columns.select}</span></th>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.state}</th>
            <th scope="col">{columns.progress}</th>
            <th scope="col" class="number">{columns.best}</th>
            <th scope="col" class="number">{columns.eta}</th>
            <th scope="col" class="number">{columns.created}</th>
          </tr>
        </thead>
        <tbody>{sweeps.map((sweep) => <SweepRow key={sweep.id} sweep={sweep} order={order} />)}</tbody>
      </table>
    </Scroll>
  );
}

function SweepRow({ sweep, order }: { sweep: Sweep; order: readonly string[] }) {
  const { columns } = text.sweeps;
  const left = useEta(sweep, (duration) => duration);
  return (
    <tr data-row={sweep.id}>
      <td><input type="checkbox" aria-label={text.runs.select(sweep.name)} checked={selection.value.has(sweep.id)}
        onClick={(event) => tick(sweep.id, event.currentTarget.checked, order, event.shiftKey)} /></td>
      <th scope="row"><a href={links.sweep(sweep.id)}>{sweep.name}</a> <span class="faint">{sweep.id}{sweep.source !== null && `, ${text.sweeps.imported}`}</span>{sweep.tags.map((tag) => <a key={tag} class="chip" href={links.tagged(tag)}>{tag}</a>)}</th>
      <td><SweepStateMark state={sweep.state} /></td>
      <td><SweepProgress counts={sweep.counts} /></td>
      <td class="number" data-label={columns.best}>{percent(sweep.best_wer)}</td>
      <td class="number" data-label={columns.eta}>{sweep.eta_seconds === null || sweep.state !== "running" ? text.none : left}</td>
      <td class="number" data-label={columns.created}><Ago time={sweep.created_at} /></td>
    </tr>
  );
}
