import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { Sweep } from "../../api/schema";
import { text } from "../../text";

/** Sweeps with a higher priority are given devices first. */
export function Priority({ sweep }: { sweep: Sweep }) {
  const [problem, setProblem] = useState("");
  const [typed, setTyped] = useState<string | null>(null);  // stays while events come
  const change = (value: string) => {
    setProblem("");
    setTyped(null);
    send("PATCH", `sweeps/${sweep.id}`, { priority: Number(value) }).catch((error: Error) => setProblem(error.message));
  };
  return (
    <label title={text.actions.priorityPreview}>{text.actions.priority}{" "}
      <input type="number" min="-1000" max="1000" class="short" value={typed ?? sweep.priority}
        onInput={(event) => setTyped(event.currentTarget.value)} onChange={(event) => change(event.currentTarget.value)} />
      {problem && <span class="trouble" role="alert">{problem}</span>}
    </label>
  );
}
