// What the model said for each test utterance, a page at a time; order and search are the daemon's and stay in the
// address.
import { useEffect, useState } from "preact/hooks";
import { getJson } from "../api/client";
import type { Sample, SamplePage } from "../api/schema";
import { percent } from "../format";
import { query, setQuery } from "../router";
import { useFetched } from "../store/resource";
import { text } from "../text";
import { Alignment, AlignmentLegend } from "./alignment";
import { Player } from "./player";
import { Empty, ProblemBox, Waiting } from "./problem";

const pageSize = 20;

export function Samples({ run }: { run: string }) {
  const sort = query.value.get("samples") ?? "number";
  const contains = query.value.get("contains") ?? "";
  const path = `runs/${run}/samples?limit=${pageSize}&sort=${encodeURIComponent(sort)}` +
    (contains ? `&contains=${encodeURIComponent(contains)}` : "");
  const first = useFetched(path, `run:${run}`, (signal) => getJson<SamplePage>(path, signal));
  return (
    <section aria-labelledby="samples-title">
      <h2 id="samples-title">{text.samples.title}</h2>
      <div class="facts">
        <label>{text.samples.sort}{" "}
          <select value={sort} onChange={(event) => setQuery("samples", event.currentTarget.value)}>
            <option value="number">{text.samples.sorts.number}</option>
            <option value="-errors">{text.samples.sorts.errors}</option>
          </select>
        </label>
        <label>{text.samples.contains}{" "}
          <input type="search" data-search value={contains} onInput={(event) => setQuery("contains", event.currentTarget.value)} />
        </label>
        <AlignmentLegend />
      </div>
      {!first.data ? <Waiting problem={first.problem} />
        : first.data.total === 0 ? <Empty says={contains ? text.samples.none : text.samples.empty} />
        : <SampleList key={path} path={path} first={first.data} />}
    </section>
  );
}

function SampleList({ path, first }: { path: string; first: SamplePage }) {
  const [pages, setPages] = useState([first]);
  const [problem, setProblem] = useState<Error | null>(null);
  useEffect(() => setPages((old) => (old[0]?.total === first.total ? old : [first])), [first]);
  const next = pages[pages.length - 1]!.next_cursor;
  const more = () => getJson<SamplePage>(`${path}&cursor=${next}`)
    .then((page) => setPages((old) => [...old, page]), setProblem);
  return (
    <>
      <p class="faint">{text.samples.total(first.total)}</p>
      <ol class="samples">
        {pages.flatMap((page) => page.items).map((sample) => <SampleItem key={sample.number} sample={sample} />)}
      </ol>
      {problem && <ProblemBox problem={problem} />}
      {next && <button type="button" onClick={more}>{text.samples.more}</button>}
    </>
  );
}

function SampleItem({ sample }: { sample: Sample }) {
  const { substitutions: s, deletions: d, insertions: i, hits } = sample.words;
  const errors = s + d + i;
  return (
    <li>
      <div class="facts faint">
        <Player path={sample.audio} name={sample.id} />
        <span class="id">{sample.id}</span>
        <span>{text.samples.seconds(sample.seconds.toFixed(1))}</span>
        <span>{errors === 0 ? text.samples.perfect : `${text.samples.wer(percent(sample.wer))} · ${text.run.errors(s, d, i, hits + s + d)}`}</span>
      </div>
      <Alignment reference={sample.reference} hypothesis={sample.hypothesis} alignment={sample.alignment} />
    </li>
  );
}
