// Utterance by utterance, what the second run heard better or worse than the first. The daemon finds, sorts and pages.
import { useState } from "preact/hooks";
import { getJson } from "../../api/client";
import type { Difference, DifferencePage, RunDetail } from "../../api/schema";
import { cellLabel, percent } from "../../format";
import { query, setQuery } from "../../router";
import { useFetched, useKept } from "../../store/resource";
import { text } from "../../text";
import { Alignment, AlignmentLegend } from "../alignment";
import { Player } from "../player";
import { Waiting } from "../problem";

const pageSize = 20;

export function Differences({ runs }: { runs: readonly RunDetail[] }) {
  const here = runs[0]!;
  const there = runs.find((run) => run.id === query.value.get("against")) ?? runs[1]!;
  const sort = query.value.get("by") === "change" ? "change" : "-change";
  const path = `runs/${here.id}/differences?with=${there.id}&sort=${sort}&limit=${pageSize}`;
  const { data, problem } = useKept(useFetched(path, `run:${here.id} run:${there.id}`, (signal) => getJson<DifferencePage>(path, signal)));
  return (
    <section aria-labelledby="differences-title">
      <h2 id="differences-title">{text.compare.differences(here.id, there.id)}</h2>
      <div class="facts">
        {runs.length > 2 && <label>{text.compare.against}{" "}
          <select value={there.id} onChange={(event) => setQuery("against", event.currentTarget.value)}>
            {runs.slice(1).map((run) => <option key={run.id} value={run.id}>{run.id}: {cellLabel(run)}</option>)}
          </select></label>}
        <label>{text.samples.sort}{" "}
          <select value={sort} onChange={(event) => setQuery("by", event.currentTarget.value)}>
            <option value="-change">{text.compare.losses(there.id)}</option>
            <option value="change">{text.compare.gains(there.id)}</option>
          </select></label>
        <AlignmentLegend />
      </div>
      {problem ? <Waiting problem={problem} /> : data && <>
        <p>{text.compare.tally(there.id, data.better, data.worse, data.same)}</p>
        <Pages key={path} path={path} first={data} names={[here.id, there.id]} />
      </>}
    </section>
  );
}

function Pages({ path, first, names }: { path: string; first: DifferencePage; names: [string, string] }) {
  const [more, setMore] = useState<DifferencePage[]>([]);
  const pages = [first, ...more];
  const next = pages[pages.length - 1]!.next_cursor;
  return (
    <>
      <ol class="samples">{pages.flatMap((page) => page.items).map((item) => <Item key={item.number} item={item} names={names} />)}</ol>
      {next && <button type="button" onClick={() => getJson<DifferencePage>(`${path}&cursor=${next}`).then((page) => setMore([...more, page]))}>{text.samples.more}</button>}
    </>
  );
}

function Item({ item, names }: { item: Difference; names: [string, string] }) {
  return (
    <li>
      <div class="facts faint">
        <Player path={item.audio} name={item.id} />
        <span class="id">{item.id}</span><strong>{text.compare.change(item.change)}</strong>
      </div>
      {[item.here, item.there].map((heard, i) => (
        <div key={i} class="heard"><span class="faint">{names[i]} {percent(heard.wer)}</span>
          <Alignment reference={item.reference} hypothesis={heard.hypothesis} alignment={heard.alignment} /></div>
      ))}
    </li>
  );
}
