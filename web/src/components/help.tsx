// What the keys do.
import { useEffect, useRef } from "preact/hooks";
import { helpOpen, keysOn, turnKeys } from "../keys";
import { text } from "../text";

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (helpOpen.value = false)}>
      <h2 id="help-title">{text.keys.title}</h2>
      <dl>{Object.entries(text.keys.list).map(([key, does]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>)}</dl>
      <p><label><input type="checkbox" checked={keysOn.value} onChange={(event) => turnKeys(event.currentTarget.checked)} /> {text.keys.on}</label></p>
      <button type="button" onClick={() => dialog.current?.close()}>{text.keys.close}</button>
    </dialog>
  );
}
