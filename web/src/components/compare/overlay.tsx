import { useMemo } from "preact/hooks";
import { Curve } from "../../charts/curve";
import { CurveTools, isLog, smoothed, smoothing } from "../../charts/smoothing";
import { text } from "../../text";
import type { Compared } from "../../views/compare";
import { validation } from "../epochs";

/** The curves of all runs over one another, a colour a run. */
export function Overlay({ runs }: { runs: readonly Compared[] }) {
  const weight = smoothing();
  const loss = useMemo(() => runs.map(({ run, metrics }, i) => ({
    label: run.id, hue: i, points: smoothed((metrics.series.loss ?? []).map(([step, value]) => [step ?? 0, value] as const), weight),
  })), [runs, weight]);
  const wer = useMemo(() => runs.map(({ run, metrics }, i) => ({ label: run.id, hue: i, dots: true, points: validation(metrics.epochs) })), [runs]);
  return (
    <section aria-labelledby="overlay-title">
      <h2 id="overlay-title">{text.compare.curves}</h2>
      <CurveTools />
      <div class="columns">
        <Curve caption={text.run.lossCaption} name="compare-loss" lines={loss} xLabel={text.run.stepSeries} log={isLog()} />
        <Curve caption={text.run.validationCaption} name="compare-validation" lines={wer} xLabel={text.run.epochColumns.epoch} />
      </div>
    </section>
  );
}
