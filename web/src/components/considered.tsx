// Why every other configuration is not the sweet spot; and as a table, which ones no other beats in both cost and WER.
import type { SweetSpotTable } from "../api/schema";
import { count, percent, settingsLabel } from "../format";
import { text } from "../text";
import { Scroll } from "./scroll";

export function Considered({ table }: { table: SweetSpotTable }) {
  const { encoders } = table.summary;
  if (encoders.every((encoder) => encoder.considered.length === 0)) return null;
  return (
    <details class="considered">
      <summary>{text.spot.considered}</summary>
      {encoders.map((encoder) => (
        <div key={`${encoder.encoder} ${settingsLabel(encoder.settings)}`}>
          {encoder.uncertain.length > 0 && <p>{text.spot.uncertain(encoder.encoder, encoder.uncertain.join(", "))}</p>}
          <ul>
            {encoder.considered.map((one) => (
              <li key={`${one.layers} ${one.lora}`} class={`outcome-${one.outcome}`}>
                {text.spot.configuration(one.encoder, one.layers, one.lora)}: {one.why}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </details>
  );
}

export function Front({ points }: { points: SweetSpotTable["summary"]["pareto"] }) {
  const front = points.filter((point) => point.best_for_params || point.best_for_speed);
  const mark = (best: boolean) => (best ? "★" : "");
  return (
    <>
      <h3>{text.spot.pareto}</h3>
      <Scroll label={text.spot.pareto} file="front">
        <table class="list">
          <thead>
            <tr>
              <th scope="col">{text.spot.columns.kind}</th>
              <th scope="col" class="number">{text.spot.meanWer}</th>
              <th scope="col" class="number">{text.spot.columns.params}</th>
              <th scope="col" class="number">{text.spot.system}</th>
              <th scope="col" class="number">{text.spot.speed}</th>
            </tr>
          </thead>
          <tbody>
            {front.map((point) => (
              <tr key={`${point.encoder} ${point.layers} ${point.lora} ${settingsLabel(point.settings)}`}>
                <th scope="row">{text.spot.configuration(point.encoder, point.layers, point.lora)}</th>
                <td class="number">{percent(point.wer)}</td>
                <td class="number">{count(point.params)} {mark(point.best_for_params)}</td>
                <td class="number">{count(point.system_params)} {mark(point.best_for_system_params)}</td>
                <td class="number">{point.real_time_factor?.toFixed(3) ?? text.none} {mark(point.best_for_speed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}
