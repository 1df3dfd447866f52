import type { RunState, SweepState } from "../api/schema";
import { runStates, sweepStates, type Word } from "../text";

function Mark({ kind, word }: { kind: string; word: Word }) {
  return <span class={`state state-${kind}`} title={word.meaning}><span aria-hidden="true">{word.glyph}</span> {word.word}</span>;
}

export function RunStateMark({ state }: { state: RunState }) {
  return <Mark kind={state} word={runStates[state]} />;
}

export function SweepStateMark({ state }: { state: SweepState }) {
  return <Mark kind={state} word={sweepStates[state]} />;
}
