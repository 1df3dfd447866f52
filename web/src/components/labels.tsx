// What people say of a sweep or a run: tags, by which lists are searched, and a note in plain text.
import { useState } from "preact/hooks";
import { send } from "../api/client";
import { focusOnce } from "../keys";
import { text } from "../text";
import { ProblemBox } from "./problem";

interface Labelled {
  note: string;
  tags: readonly string[];
}

/** `path` is what is patched, `found` the address of everything with a tag. */
export function Labels({ path, of, found }: { path: string; of: Labelled; found(tag: string): string }) {
  const [editing, setEditing] = useState(false);
  if (editing) return <Form path={path} of={of} close={() => setEditing(false)} />;
  return (
    <div class="labels">
      {of.note && <p class="note">{of.note}</p>}
      {of.tags.map((tag) => <a key={tag} class="chip" href={found(tag)}>{tag}</a>)}
      <button type="button" class="plain" onClick={() => setEditing(true)}>{text.labels.edit}</button>
    </div>
  );
}

function Form({ path, of, close }: { path: string; of: Labelled; close(): void }) {
  const [problem, setProblem] = useState<Error | null>(null);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const tags = [...new Set(String(form.get("tags")).split(",").map((tag) => tag.trim()).filter(Boolean))];
    send("PATCH", path, { note: form.get("note"), tags }).then(close, setProblem);
  };
  return (
    <form class="labels" onSubmit={save}>
      <label>{text.labels.tags} <input name="tags" defaultValue={of.tags.join(", ")} ref={focusOnce} /></label>
      <label>{text.labels.note} <textarea name="note" rows={3} defaultValue={of.note} /></label>
      <button class="main">{text.labels.save}</button> <button type="button" onClick={close}>{text.actions.keep}</button>
      {problem && <ProblemBox problem={problem} />}
    </form>
  );
}
