// A sweep written or pasted here is checked as it is typed, by the daemon that will run it.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, getJson, send } from "../api/client";
import type { Plan, Sweep } from "../api/schema";
import { FieldHelp } from "../components/submit/field_help";
import { Faults } from "../components/submit/faults";
import { pathAt, withoutComments } from "../components/submit/places";
import { PlanView } from "../components/submit/plan_view";
import { links, query } from "../router";
import { text } from "../text";
import { useTitle } from "./title";

const draftKey = "sweetspot.draft";
const checkAfter = 400;

interface Checked {
  source: string;
  plan: Plan | null;
  problem: Error | null;
}

export function SubmitView() {
  useTitle(text.submit.title);
  const [source, setSource] = useState(localStorage.getItem(draftKey) || text.submit.example);
  const [caret, setCaret] = useState(0);
  const [refused, setRefused] = useState<Error | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const key = useRef("");
  const checked = useCheck(source);
  const edit = (next: string) => {
    key.current = newKey();
    setRefused(null);
    setSource(next);
    localStorage.setItem(draftKey, next);
  };
  const from = query.value.get("from");
  useEffect(() => {
    if (from) getJson<Sweep>(`sweeps/${from}`).then((sweep) => edit(JSON.stringify(sweep.spec, null, 2)), setRefused);
  }, [from]);
  const submit = () => send<Sweep>("POST", "sweeps", withoutComments(source), undefined, (key.current ||= newKey()))
    .then((sweep) => { location.hash = links.sweep(sweep.id); }, setRefused);
  const go = (place: number) => {
    area.current?.focus();
    area.current?.setSelectionRange(place, place);
    setCaret(place);
  };
  const current = checked?.source === source ? checked : null;
  const plan = current?.plan;
  const ready = !!plan && plan.errors.length + plan.missing.length === 0 && plan.cells > 0;
  const problem = refused ?? checked?.problem ?? null;
  return (
    <>
      <h1>{text.submit.title}</h1>
      <p class="faint prose">{text.submit.explain}</p>
      <label for="sweep-file">{text.submit.label}</label>
      <textarea id="sweep-file" ref={area} class="editor" spellcheck={false} rows={24} value={source} aria-describedby="check"
        onInput={(event) => edit(event.currentTarget.value)} onSelect={(event) => setCaret(event.currentTarget.selectionStart)} />
      <FieldHelp path={pathAt(source, caret)} />
      <p class="facts">
        <button type="button" class="main" disabled={!ready} onClick={submit}>{plan && ready ? text.submit.send(plan.cells) : text.submit.cannot}</button>
        <span id="check" role="status">{!current ? text.submit.checking : ready ? text.submit.valid : text.submit.invalid}</span>
      </p>
      {problem && <Faults title={text.submit.faults} go={go} source={source} faults={faultsOf(problem)} />}
      {checked?.plan && <Faults title={text.submit.impossible} go={go} source={source} faults={[...checked.plan.errors, ...checked.plan.missing]} />}
      {checked?.plan && <PlanView plan={checked.plan} rules={rulesOf(source)} />}
    </>
  );
}

/** Once no key was pressed for a moment; an older answer never wins. */
function useCheck(source: string): Checked | null {
  const [checked, setChecked] = useState<Checked | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      send<Plan>("POST", "sweeps?dry_run=1", withoutComments(source), abort.signal).then(
        (plan) => setChecked({ source, plan, problem: null }),
        (problem: Error) => { if (!abort.signal.aborted) setChecked({ source, plan: null, problem }); });
    }, checkAfter);
    return () => { clearTimeout(timer); abort.abort(); };
  }, [source]);
  return checked;
}

function faultsOf(problem: Error) {
  if (!(problem instanceof Problem)) return [{ code: "", detail: text.problem.offline, pointer: "", hint: "" }];
  return problem.errors.length ? problem.errors : [{ code: "", detail: problem.message, pointer: "", hint: problem.hint }];
}

function rulesOf(source: string): readonly unknown[] {
  try {
    return (JSON.parse(withoutComments(source)) as { exclude?: unknown[] }).exclude ?? [];
  } catch {
    return [];
  }
}

/** Sent again by an impatient click or a broken connection, it is stored once. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
