// The end of a run's log, read on by byte offset while the run goes on.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../api/client";
import { integer } from "../format";
import { text } from "../text";
import { Download } from "./download";
import { ProblemBox } from "./problem";

const tailLines = 200;
const keptCharacters = 200_000;
const readEvery = 2000;

interface Shown {
  lines: string;
  begin: number;   // byte of the log that `lines` begins with
  next: number | null;
}

/** `attempt` names the log, and `active` says that more may come. */
export function Log({ run, attempt, active }: { run: string; attempt: number; active: boolean }) {
  const [shown, setShown] = useState<Shown>({ lines: "", begin: 0, next: null });
  const [problem, setProblem] = useState<Error | null>(null);
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  const next = useRef<number | null>(null);

  useEffect(() => {
    next.current = null;
    setShown({ lines: "", begin: 0, next: null });
  }, [run, attempt]);

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      try {
        const more = await readFrom(run, next.current, abort.signal);
        if (abort.signal.aborted) return;
        next.current = more.next;
        setShown((old) => join(old, more));
        setProblem(null);
      } catch (error) {
        if (abort.signal.aborted) return;
        setProblem(error as Error);
      }
      if (active) timer = setTimeout(read, readEvery);
    };
    read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [run, attempt, active]);

  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown, follow]);

  return (
    <section aria-labelledby="log-title">
      <h2 id="log-title">{text.log.title}</h2>
      <p class="facts">
        <label><input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} /> {text.log.follow}</label>
        <Download path={`runs/${run}/log`} file={`${run}.log.txt`}>{text.log.download}</Download>
        {shown.begin > 0 && <span class="faint">{text.log.earlier(integer(shown.begin))}</span>}
      </p>
      {problem && <ProblemBox problem={problem} />}
      <pre ref={box} class="log" tabIndex={0} aria-label={text.log.title}>{shown.lines || text.log.empty}</pre>
    </section>
  );
}

async function readFrom(run: string, offset: number | null, signal: AbortSignal): Promise<Shown> {
  const where = offset === null ? `tail=${tailLines}` : `offset=${offset}`;
  const response = await ask(`runs/${run}/log?${where}`, "text/plain", signal);
  const number = (name: string) => Number(response.headers.get(name) ?? 0);
  return { lines: withoutColours(await response.text()), begin: number("Log-Offset"), next: number("Next-Offset") };
}

function join(old: Shown, more: Shown): Shown {
  if (old.next === null) return more;
  if (more.lines === "") return old;
  return { lines: (old.lines + more.lines).slice(-keptCharacters), begin: old.begin, next: more.next };
}

function withoutColours(lines: string): string {
  return lines.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
}
