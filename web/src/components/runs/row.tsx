import type { Run } from "../../api/schema";
import { duration, now, percent, settingsLabel } from "../../format";
import { links } from "../../router";
import { selection, tick } from "../../store/selection";
import { text } from "../../text";
import { ShareBar } from "../progress";
import { RunStateMark } from "../state";
import { Ago } from "../time";

export function Row({ run, order }: { run: Run; order: readonly string[] }) {
  const ticked = selection.value.has(run.id);
  const more = settingsLabel(run.settings);
  return (
    <tr data-row={run.id} aria-selected={ticked}>
      <td><input type="checkbox" aria-label={text.runs.select(run.id)} checked={ticked}
        onClick={(event) => tick(run.id, event.currentTarget.checked, order, event.shiftKey)} /></td>
      <th scope="row"><a href={links.run(run.id)}>{run.id}</a>{run.tags?.map((tag) => <a key={tag} class="chip" href={links.taggedRuns(run.sweep, tag)}>{tag}</a>)}</th>
      <td><RunStateMark state={run.state} /> {run.state === "running" && run.steps > 0 &&
        <ShareBar share={run.step / run.steps} label={text.progress.step(run.phase, percent(run.step / run.steps, 0))} />}</td>
      <td class="long" title={run.encoder}>{run.encoder}</td>
      <td class="number">{run.layers}</td>
      <td>{run.language}</td>
      <td>{text.lora(run.lora)}</td>
      <td>{run.seed}{more && `, ${more}`}</td>
      <td class="number">{percent(run.wer)}</td>
      <td class="number">{percent(run.val_wer)}</td>
      <td class="number">{took(run)}</td>
      <td>{run.device || text.none}</td>
      <td><Ago time={run.ended_at} /></td>
    </tr>
  );
}

function took(run: Run): string {
  if (!run.started_at) return text.none;
  const end = run.ended_at ? Date.parse(run.ended_at) : now.value;
  return duration((end - Date.parse(run.started_at)) / 1000);
}
