import type { Epoch, Metrics } from "../api/schema";
import { Curve, type Line } from "../charts/curve";
import { CurveTools, isLog, smoothed, smoothing } from "../charts/smoothing";
import { integer, percent } from "../format";
import { text } from "../text";
import { Scroll } from "./scroll";
import { useMemo } from "preact/hooks";

/** The training loss by step and the norm of its gradient: smoothed, and as they were behind that. */
export function LossCurve({ metrics, run }: { metrics: Metrics | null; run: string }) {
  const losses = useMemo(() => lossesOf(metrics), [metrics]);
  return (
    <section aria-labelledby="loss-title">
      <h2 id="loss-title">{text.run.loss}</h2>
      {!metrics || !losses.length ? <p class="faint">{text.run.lossEmpty}</p> : <>
        <CurveTools />
        <Series points={losses} label={text.run.lossSeries} caption={text.run.lossCaption} name={`${run}-loss`} hue={0} dots={losses !== metrics.series.loss} />
        <Series points={metrics.series.gradient_norm ?? []} label={text.run.normSeries} caption={text.run.normCaption} name={`${run}-gradient-norm`} hue={1} />
      </>}
    </section>
  );
}

/** A run so short that it told no step's loss has those of its epochs. */
function lossesOf(metrics: Metrics | null): Metrics["series"][string] {
  if (metrics?.series.loss?.length) return metrics.series.loss;
  return metrics?.epochs.map((epoch): [number | null, number | null] => [epoch.step, epoch.train_loss]) ?? [];
}

function Series({ points, label, caption, name, hue, dots = false }: { points: Metrics["series"][string]; label: string; caption: string; name: string; hue: number; dots?: boolean }) {
  const weight = smoothing();
  const lines = useMemo(() => {
    const known = points.map(([step, value]) => [step ?? 0, value] as const);
    const raw: Line = { label, points: known, hue, faint: weight > 0, dots };
    return weight > 0 ? [raw, { label: text.curve.smoothed, points: smoothed(known, weight), hue }] : [raw];
  }, [points, weight, dots]);
  return points.length ? <Curve caption={caption} name={name} lines={lines} xLabel={text.run.stepSeries} log={isLog()} /> : null;
}

/** Validation WER by epoch, as a curve and as a table. */
export function Epochs({ epochs, run }: { epochs: Epoch[]; run: string }) {
  const { epochColumns: columns } = text.run;
  const lines = useMemo(() => [{ label: columns.wer, points: validation(epochs), hue: 0, dots: true }], [epochs]);
  return (
    <section aria-labelledby="epochs-title">
      <h2 id="epochs-title">{text.run.epochsTitle}</h2>
      {epochs.length === 0 ? <p class="faint">{text.run.epochsEmpty}</p> : (
        <>
          <Curve caption={text.run.validationCaption} name={`${run}-validation`} lines={lines} xLabel={columns.epoch} />
          <Scroll label={text.run.epochsTitle} file={`${run}-epochs`}>
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

/** In per cent. */
export function validation(epochs: readonly Epoch[]): [number, number | null][] {
  return epochs.map((epoch) => [epoch.epoch, epoch.val_wer === null ? null : epoch.val_wer * 100]);
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
