// An exponential moving average, freed of its start: value n is weighted so that the weights of all add up to 1.
import { query, setQuery } from "../router";
import { text } from "../text";

type Points = readonly (readonly [number, number | null])[];

export function smoothed(points: Points, weight: number): Points {
  let sum = 0, share = 0;
  return points.map(([x, value]) => {
    if (value === null) return [x, null] as const;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return [x, sum / share] as const;
  });
}

export function smoothing(): number {
  return Math.min(0.99, Math.max(0, Number(query.value.get("smooth") ?? 0.8) || 0));
}

export const isLog = () => query.value.get("log") === "1";

export function CurveTools() {
  return (
    <p class="facts">
      <label>{text.curve.smooth}{" "}
        <input type="range" min="0" max="0.99" step="0.01" value={smoothing()} onInput={(event) => setQuery("smooth", event.currentTarget.value)} />
        <output class="number">{smoothing().toFixed(2)}</output>
      </label>
      <label><input type="checkbox" checked={isLog()} onChange={(event) => setQuery("log", event.currentTarget.checked ? "1" : "")} /> {text.curve.log}</label>
    </p>
  );
}
