import type { Epoch, Metrics } from "../api/schema";
import { Curve } from "../charts/curve";
import { integer, percent } from "../format";
import { text } from "../text";
import { Scroll } from "./scroll";
import { useMemo } from "preact/hooks";

/** The training loss by step. */
export function LossCurve({ metrics }: { metrics: Metrics | null }) {
  const points = metrics?.series.loss ?? [];
  const x = useMemo(() => points.map(([step]) => step ?? 0), [points]);
  const y = useMemo(() => points.map(([, value]) => value), [points]);
  return (
    <section aria-labelledby="loss-title">
      <h2 id="loss-title">{text.run.loss}</h2>
      {points.length === 0 ? <p class="faint">{text.run.lossEmpty}</p>
        : <Curve caption={text.run.lossCaption} x={x} y={y} xLabel={text.run.stepSeries} yLabel={text.run.lossSeries} />}
    </section>
  );
}

/** Validation WER by epoch, as a curve and as a table. */
export function Epochs({ epochs }: { epochs: Epoch[] }) {
  const x = useMemo(() => epochs.map((epoch) => epoch.epoch), [epochs]);
  const y = useMemo(() => epochs.map((epoch) => (epoch.val_wer === null ? null : epoch.val_wer * 100)), [epochs]);
  const { epochColumns: columns } = text.run;
  return (
    <section aria-labelledby="epochs-title">
      <h2 id="epochs-title">{text.run.epochsTitle}</h2>
      {epochs.length === 0 ? <p class="faint">{text.run.epochsEmpty}</p> : (
        <>
          <Curve caption={text.run.validationCaption} x={x} y={y} xLabel={columns.epoch} yLabel={columns.wer} points />
          <Scroll label={text.run.epochsTitle}>
            <table class="list">
              <thead>
                <tr>{Object.values(columns).map((name) => <th key={name} scope="col" class="number">{name}</th>)}</tr>
              </thead>
              <tbody>{epochs.map((epoch) => <EpochRow key={epoch.epoch} epoch={epoch} />)}</tbody>
            </table>
          </Scroll>
        </>
      )}
    </section>
  );
}

function EpochRow({ epoch }: { epoch: Epoch }) {
  return (
    <tr>
      <th scope="row" class="number">{epoch.epoch}</th>
      <td class="number">{integer(epoch.step)}</td>
      <td class="number">{epoch.train_loss?.toFixed(4) ?? text.none}</td>
      <td class="number">{epoch.best && <span title={text.run.best}>★<span class="hidden">{text.run.best}</span> </span>}{percent(epoch.val_wer)}</td>
      <td class="number">{epoch.lr?.toExponential(2) ?? text.none}</td>
      <td class="number">{epoch.seconds.toFixed(1)}</td>
    </tr>
  );
}
