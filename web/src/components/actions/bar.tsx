// Buttons that change something. Each says before what it will do, and after what it did; one that loses something
// asks once more, and nothing else does.
import { useState } from "preact/hooks";
import { Problem } from "../../api/client";
import { focusOnce } from "../../keys";
import { text } from "../../text";

export interface Action {
  kind: string;      // which it is, whatever its name counts
  name: string;
  preview: string;
  loses?: boolean;
  act(): Promise<string>;  // what happened
}

export function ActionBar({ label, actions }: { label: string; actions: readonly Action[] }) {
  const [looking, setLooking] = useState<string | null>(null);
  const [asked, setAsked] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const perform = async (action: Action) => {
    setAsked(null);
    setSaid(text.actions.doing);
    setSaid(await action.act().catch(sentenceOf));
    setLooking(null);
  };
  const start = (action: Action) => (action.loses ? setAsked(action.kind) : void perform(action));
  const shown = actions.find((action) => action.kind === looking);
  const asking = actions.find((action) => action.kind === asked);
  if (actions.length === 0 && !said) return null;
  return (
    <div class="actions" role="group" aria-label={label}>
      {actions.map((action) => (
        <button key={action.kind} type="button" title={action.preview} class={action.loses ? "loses" : ""}
          onClick={() => start(action)} onPointerEnter={() => setLooking(action.kind)} onPointerLeave={() => setLooking(null)}
          onFocus={() => setLooking(action.kind)} onBlur={() => setLooking(null)}>{action.name}</button>
      ))}
      <p class="said faint" role="status">{asking ? "" : shown?.preview ?? said}</p>
      {asking && <Confirm action={asking} yes={() => perform(asking)} no={() => setAsked(null)} />}
    </div>
  );
}

function Confirm({ action, yes, no }: { action: Action; yes(): void; no(): void }) {
  return (
    <div class="notice bad confirm" role="alertdialog" aria-label={action.name} onKeyDown={(event) => { if (event.key === "Escape") no(); }}>
      <p>{action.preview}</p>
      <button type="button" class="loses" onClick={yes}>{action.name}</button>{" "}
      <button type="button" ref={focusOnce} onClick={no}>{text.actions.keep}</button>
    </div>
  );
}

function sentenceOf(error: unknown): string {
  return error instanceof Problem ? `${error.message} ${error.hint}` : text.problem.offline;
}
