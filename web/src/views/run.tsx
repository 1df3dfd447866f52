// A run: where it stands and why, how it learned, what it heard, what its worker wrote.
import type { ComponentChildren } from "preact";
import type { Epoch, Metrics, Run, RunDetail } from "../api/schema";
import { ActionBar } from "../components/actions/bar";
import { runActions } from "../components/actions/run_actions";
import { Artifacts } from "../components/artifacts";
import { Attempts } from "../components/attempts";
import { Epochs, LossCurve } from "../components/epochs";
import { Labels } from "../components/labels";
import { Log } from "../components/log";
import { Waiting } from "../components/problem";
import { ShareBar } from "../components/progress";
import { Samples } from "../components/samples";
import { RunStateMark } from "../components/state";
import { Ago } from "../components/time";
import { TimeSpent } from "../components/timing";
import { Timeline } from "../components/timeline";
import { cellLabel, count, duration, integer, now, percent, settingsLabel } from "../format";
import { links } from "../router";
import { useFetched, useResource } from "../store/resource";
import { loadRunDetail, runs } from "../store/runs";
import { text } from "../text";
import { useTitle } from "./title";

const noEpochs: Epoch[] = [];

export function RunView({ id }: { id: string }) {
  const detail = useFetched(`run ${id}`, `run:${id}`, (signal) => loadRunDetail(id, signal));
  const metrics = useResource<Metrics>(`runs/${id}/metrics`, `curve:${id}`);
  useTitle(detail.data ? cellLabel(detail.data) : id);
  if (!detail.data) return <Waiting problem={detail.problem} />;
  const run: RunDetail = { ...detail.data, ...runs.value.get(id) };  // events patch the row
  const active = ["leased", "running", "orphaned"].includes(run.state);
  return (
    <>
      <Head run={run} />
      <Facts run={run} />
      <TimeSpent timing={run.timing} />
      <div class="columns">
        <LossCurve metrics={metrics.data} run={id} />
        <Epochs epochs={metrics.data?.epochs ?? noEpochs} run={id} />
      </div>
      <Samples run={id} />
      <Log run={id} attempt={run.attempt} active={active} />
      <Attempts attempts={run.attempts} />
      <Timeline run={id} />
      <Artifacts run={id} />
      <details class="file"><summary>{text.run.config}</summary><pre>{JSON.stringify(run.cell, null, 2)}</pre></details>
    </>
  );
}

function Head({ run }: { run: Run }) {
  const settings = settingsLabel(run.settings);
  return (
    <header class="head">
      <p class="crumb"><a href={links.sweep(run.sweep)}>{text.run.sweep} {run.sweep}</a></p>
      <h1>{cellLabel(run)} <span class="faint">{run.id}, {text.seed(run.seed)}{settings && `, ${settings}`}</span></h1>
      <p class="facts"><RunStateMark state={run.state} />{run.imported && <span class="faint">{text.sweeps.imported}</span>}{run.state === "running" && <Phase run={run} />}</p>
      {run.reason && (
        <div class={`notice ${run.state === "failed" || run.state === "quarantined" ? "bad" : ""}`} role="note">
          <p><strong>{run.reason}</strong>{run.reason_code && <> <code>{run.reason_code}</code></>}</p>
          {run.hint && <p>{run.hint}</p>}
        </div>
      )}
      <ActionBar label={text.run.act} actions={runActions([run])} />
      <Labels path={`runs/${run.id}`} of={run} found={(tag) => links.taggedRuns(run.sweep, tag)} />
      <p><a href={links.compare([run.id])}>{text.run.compare}</a></p>
    </header>
  );
}

function Phase({ run }: { run: Run }) {
  if (!run.phase) return null;
  const share = run.steps > 0 ? run.step / run.steps : 0;
  return (
    <span class="doing">
      <span>{run.phase}</span>
      {run.steps > 0 && <>
        <ShareBar share={share} label={text.progress.step(run.phase, percent(share, 0))} />
        <span class="number faint">{text.run.step(run.phase, integer(run.step), integer(run.steps))}</span>
      </>}
    </span>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const { result, params } = run;
  const end = run.ended_at ? Date.parse(run.ended_at) : now.value;
  return (
    <dl class="tiles">
      <Tile name={text.run.wer} strong>{percent(run.wer)}{result && <small>{errorsOf(result.words)}</small>}</Tile>
      <Tile name={text.run.cer}>{percent(result?.cer)}</Tile>
      <Tile name={text.run.validation}>{percent(run.val_wer)}</Tile>
      <Tile name={text.run.epochs}>{run.epoch}</Tile>
      <Tile name={text.run.device}>{run.device || text.none}</Tile>
      <Tile name={text.run.attempt}>{run.attempt}</Tile>
      <Tile name={text.run.started}><Ago time={run.started_at} /></Tile>
      <Tile name={text.run.took}>{run.started_at ? duration((end - Date.parse(run.started_at)) / 1000) : text.none}</Tile>
      {params && <Tile name={text.run.params}>{count(params.encoder)}</Tile>}
      {params && <Tile name={text.run.trained}>{count(params.projector + params.adapter)}</Tile>}
      {!!result?.skipped?.length && <Tile name={text.samples.title}>{text.run.skipped(result.skipped.length)}</Tile>}
    </dl>
  );
}

function errorsOf({ substitutions: s, deletions: d, insertions: i, hits }: { substitutions: number; deletions: number; insertions: number; hits: number }): string {
  return text.run.errors(s, d, i, hits + s + d);
}

function Tile({ name, strong, children }: { name: string; strong?: boolean; children: ComponentChildren }) {
  return <div class={strong ? "tile strong" : "tile"}><dt>{name}</dt><dd>{children}</dd></div>;
}
