// Reference and hypothesis word under word, as the daemon aligned them: each error has a colour and its letter.
import { text } from "../text";

type Letter = "H" | "S" | "D" | "I";

interface Pair {
  letter: Letter;
  reference: string;
  heard: string;
}

/** Walks both texts by the alignment's letters: H and S take a word of each, D of the reference, I of the other. */
export function pairsOf(reference: string, hypothesis: string, alignment: string): Pair[] {
  const left = wordsOf(reference);
  const right = wordsOf(hypothesis);
  return ([...alignment] as Letter[]).map((letter) => ({
    letter,
    reference: letter === "I" ? "" : left.shift() ?? "",
    heard: letter === "D" ? "" : right.shift() ?? "",
  }));
}

function wordsOf(sentence: string): string[] {
  return sentence.split(" ").filter(Boolean);
}

export function Alignment(props: { reference: string; hypothesis: string; alignment: string }) {
  return (
    <p class="alignment">
      {pairsOf(props.reference, props.hypothesis, props.alignment).map((pair, i) => <Word key={i} pair={pair} />)}
    </p>
  );
}

function Word({ pair }: { pair: Pair }) {
  const { letter, reference, heard } = pair;
  return (
    <span class={`pair pair-${letter}`} title={letter === "H" ? undefined : text.samples.pair[letter](reference, heard)}>
      <span class="hidden">{text.samples.pair[letter](reference, heard)} </span>
      <span aria-hidden="true" class="ref">{reference || "∗"}</span>
      <span aria-hidden="true" class="hyp">{heard || "∗"}</span>
      <span aria-hidden="true" class="letter">{letter === "H" ? "" : letter}</span>
    </span>
  );
}

export function AlignmentLegend() {
  return (
    <ul class="key">
      {(["S", "D", "I"] as const).map((letter) => (
        <li key={letter}><span class={`pair-${letter}`}><span class="letter">{letter}</span></span> {text.samples.legend[letter]}</li>
      ))}
    </ul>
  );
}
