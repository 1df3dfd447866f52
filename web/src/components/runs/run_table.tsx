// The runs of a sweep, a page at a time. The daemon filters, sorts and pages; events patch the rows in place; what
// is ticked stays ticked.
import { getAll, getJson } from "../../api/client";
import type { Run, RunPage } from "../../api/schema";
import { links, query, setQueries } from "../../router";
import { useFetched, useKept } from "../../store/resource";
import { put, runs as rows } from "../../store/runs";
import { select, selected } from "../../store/selection";
import { text } from "../../text";
import { ActionBar } from "../actions/bar";
import { runActions } from "../actions/run_actions";
import { Waiting } from "../problem";
import { Scroll } from "../scroll";
import { ColumnChoice, commonOf, shownOf, type Column } from "./columns";
import { Filters, chosen, kinds } from "./filters";
import { Head } from "./head";
import { Row } from "./row";

const pageSize = 50;

export function RunTable({ sweep, all }: { sweep: string; all: readonly Run[] }) {
  const filter = `runs?sweep=${sweep}` + kinds.map((kind) => chosen(kind).map((value) => `&${kind}=${encodeURIComponent(value)}`).join("")).join("");
  const sort = query.value.get("sort") ?? "position";
  const after = query.value.get("after") ?? "";
  const path = `${filter}&sort=${sort}&limit=${pageSize}${after && `&cursor=${after}`}`;
  const page = useKept(useFetched(path, `sweep:${sweep}`, async (signal) => {
    const answer = await getJson<RunPage>(path, signal);
    put(answer.items);
    return answer;
  }));
  const columns = shownOf(all);
  return (
    <section aria-labelledby="runs-title">
      <h2 id="runs-title">{text.runs.title}</h2>
      <Filters runs={all} />
      <ColumnChoice shown={columns} />
      <p class="faint">{text.runs.common(commonOf(all))}</p>
      {!page.data ? <Waiting problem={page.problem} /> : <Page page={page.data} filter={filter} first={!after} columns={columns} />}
    </section>
  );
}

function Page({ page, filter, first, columns }: { page: RunPage; filter: string; first: boolean; columns: readonly Column[] }) {
  const ids = page.items.map((run) => run.id);
  const ticked = selected("run_");
  const everyone = async () => select((await getAll<Run>(filter).then((all) => (put(all), all))).map((run) => run.id), true);
  return (
    <>
      <div class="facts">
        <span class="faint">{text.runs.total(page.total)}</span>
        {ids.length < page.total && <button type="button" onClick={everyone}>{text.runs.selectAll(page.total)}</button>}
        {ticked.length > 0 && <button type="button" onClick={() => select(ticked, false)}>{text.runs.selectNone(ticked.length)}</button>}
        {ticked.length > 1 && <a class="button" href={links.compare(ticked)}>{text.runs.compare(ticked.length)}</a>}
      </div>
      {ticked.length > 0 && <ActionBar label={text.runs.act} actions={runActions(ticked.flatMap((id) => rows.value.get(id) ?? []))} />}
      <Scroll label={text.runs.title} file="runs">
        <table class="list" data-table="runs">
          <Head ids={ids} columns={columns} />
          <tbody>{page.items.map((run) => <Row key={run.id} run={rows.value.get(run.id) ?? run} order={ids} columns={columns} />)}</tbody>
        </table>
      </Scroll>
      <p class="facts">
        {!first && <button type="button" onClick={() => setQueries({ after: "" })}>{text.runs.first}</button>}
        {page.next_cursor && <button type="button" onClick={() => setQueries({ after: page.next_cursor! })}>{text.runs.next}</button>}
      </p>
    </>
  );
}
