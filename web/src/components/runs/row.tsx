import type { Run } from "../../api/schema";
import { links } from "../../router";
import { selection, tick } from "../../store/selection";
import { text } from "../../text";
import type { Column } from "./columns";

export function Row({ run, order, columns }: { run: Run; order: readonly string[]; columns: readonly Column[] }) {
  const ticked = selection.value.has(run.id);
  return (
    <tr data-row={run.id} aria-selected={ticked}>
      <td><input type="checkbox" aria-label={text.runs.select(run.id)} checked={ticked}
        onClick={(event) => tick(run.id, event.currentTarget.checked, order, event.shiftKey)} /></td>
      <th scope="row"><a href={links.run(run.id)}>{run.id}</a>{run.tags?.map((tag) => <a key={tag} class="chip" href={links.taggedRuns(run.sweep, tag)}>{tag}</a>)}</th>
      {columns.map(({ key, number, cell }) => <td key={key} class={number ? "number" : undefined}>{cell(run)}</td>)}
    </tr>
  );
}
