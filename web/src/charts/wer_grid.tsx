// The grid as a table that a screen reader can walk, coloured as a heat map.
import type { Run, WerRow } from "../api/schema";
import { Scroll } from "../components/scroll";
import { cellLabel, percent, points } from "../format";
import { links } from "../router";
import { runStates, text } from "../text";
import { heatOf, heatSteps, type GridPanel, type GridRow, type Scale } from "./grid";

interface Props {
  panel: GridPanel;
  scale: Scale | null;
  intervals: ReadonlyMap<string, WerRow>;  // by run
  sweetSpots: ReadonlySet<string>;         // runs
}

export function WerGrid({ panel, scale, intervals, sweetSpots }: Props) {
  const title = text.sweep.gridCaption(panel.language);
  return (
    <figure class="panel" data-language={panel.language}>
      <figcaption><h3>{panel.language}</h3></figcaption>
      <Scroll label={title}>
        <table class="grid">
          <caption class="hidden">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{text.sweep.rows}</th>
              {panel.depths.map((depth) => <th key={depth} scope="col" class="depth" aria-label={`${depth} ${text.sweep.layers}`}>{depth}</th>)}
            </tr>
          </thead>
          <tbody>
            {panel.rows.map((row) => (
              <tr key={row.key}>
                <RowHead row={row} />
                {panel.depths.map((depth) => {
                  const run = row.cells.get(depth);
                  if (!run) return <td key={depth} class="cell absent" aria-label={text.sweep.notInSweep} title={text.sweep.notInSweep} />;
                  return <Cell key={depth} run={run} scale={scale} row={intervals.get(run.id)} sweet={sweetSpots.has(run.id)} />;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </figure>
  );
}

function RowHead({ row }: { row: GridRow }) {
  return (
    <th scope="row">
      <span class="encoder">{row.encoder}</span>{" "}
      <span class="faint">{text.lora(row.lora)}{row.more && `, ${row.more}`}</span>
    </th>
  );
}

interface CellProps {
  run: Run;
  scale: Scale | null;
  row: WerRow | undefined;
  sweet: boolean;
}

function Cell({ run, scale, row, sweet }: CellProps) {
  const heat = run.wer !== null && scale ? `heat-${heatOf(run.wer, scale)}` : "";
  return (
    <td class={`cell is-${run.state} ${heat} ${sweet ? "sweet" : ""}`} data-run={run.id} data-state={run.state}>
      <a href={links.run(run.id)} aria-label={spoken(run, row, sweet, 1)} title={spoken(run, row, sweet, 2)}>
        {run.wer !== null ? <Result wer={run.wer} sweet={sweet} byChance={row?.significant === false} /> : <Doing run={run} />}
      </a>
    </td>
  );
}

function Result({ wer, sweet, byChance }: { wer: number; sweet: boolean; byChance: boolean }) {
  return (
    <b class="wer">
      {points(wer)}
      {byChance && <span class="chance" aria-hidden="true"> ≈</span>}
      {sweet && <span class="star" aria-hidden="true">★</span>}
    </b>
  );
}

/** A run that has no result: what it does, how far it is, and its best validation WER so far. */
function Doing({ run }: { run: Run }) {
  const share = run.state === "running" && run.steps > 0 ? Math.min(1, run.step / run.steps) : null;
  return (
    <>
      <span class="glyph" aria-hidden="true">{runStates[run.state].glyph}{share !== null && ` ${percent(share, 0)}`}</span>
      {run.state === "running" && run.val_wer !== null && <small>{text.sweep.validation(points(run.val_wer))}</small>}
      {share !== null && <span class="fill" style={{ width: `${share * 100}%` }} />}
    </>
  );
}

/** The cell in words. The figure is as exact as asked: in a label it must be the one that is shown. */
function spoken(run: Run, row: WerRow | undefined, sweet: boolean, digits: number): string {
  const parts = [text.sweep.cellTitle(cellLabel(run), runStates[run.state].word)];
  if (run.wer !== null) parts.push(text.sweep.wer(percent(run.wer, digits)));
  else if (run.state === "running" && run.val_wer !== null) parts.push(text.sweep.validation(points(run.val_wer)));
  if (row && row.wer_low !== null && row.wer_high !== null) {
    parts.push(text.sweep.interval(percent(row.wer_low, digits), percent(row.wer_high, digits)));
  }
  if (row?.significant === false) parts.push(text.sweep.byChance);
  if (run.reason) parts.push(run.reason);
  if (sweet) parts.push(text.sweep.sweetSpot);
  return parts.join(", ");
}

export function HeatLegend({ scale }: { scale: Scale | null }) {
  if (!scale) return <span class="faint">{text.sweep.scaleNone}</span>;
  return (
    <span class="legend faint">
      <span class="ramp" aria-hidden="true">{Array.from({ length: heatSteps }, (_, i) => <i key={i} class={`heat-${i}`} />)}</span>
      {text.sweep.scale(percent(scale.best), percent(scale.worst))}
    </span>
  );
}
