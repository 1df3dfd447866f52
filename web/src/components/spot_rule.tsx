// The rule by which the sweet spot is found: the paper's, or "within so much of the whole encoder", by a slider. It
// stands in the address, and the daemon judges by it.
import { computed } from "@preact/signals";
import { query, setQueries, setQuery } from "../router";
import { text } from "../text";

const names = ["rule", "within", "scope", "prefer"] as const;

export const ruleQuery = computed(() => {
  const wanted = new URLSearchParams(names.flatMap((name) => (query.value.get(name) ? [[name, query.value.get(name)!]] : [])));
  return String(wanted) && `?${wanted}`;
});

export function SpotRule() {
  const now = (name: (typeof names)[number], usual: string) => query.value.get(name) ?? usual;
  const within = Number(now("within", "0.02"));
  const slide = (value: string) => setQueries({ rule: "within", within: String(Number(value) / 100) });
  const { rule } = text;
  return (
    <div class="facts rule" role="group" aria-label={rule.label}>
      <Choice name="rule" usual="paper" options={rule.rules} label={rule.rule} />
      <label>{rule.within}{" "}
        <input type="range" min="0" max="30" step="0.5" value={within * 100} onInput={(event) => slide(event.currentTarget.value)} aria-valuetext={rule.percent(within)} />
        <output class="number">{rule.percent(within)}</output>
      </label>
      <Choice name="prefer" usual="layers" options={rule.prefers} label={rule.prefer} />
      <Choice name="scope" usual="language" options={rule.scopes} label={rule.scope} />
    </div>
  );
}

function Choice({ name, usual, options, label }: { name: string; usual: string; options: Record<string, string>; label: string }) {
  const value = query.value.get(name) ?? usual;
  return (
    <label>{label}{" "}
      <select value={value} onChange={(event) => setQuery(name, event.currentTarget.value === usual ? "" : event.currentTarget.value)}>
        {Object.entries(options).map(([key, says]) => <option key={key} value={key}>{says}</option>)}
      </select>
    </label>
  );
}
