// The answer of the sweep: how small the encoder may be. Figures, rule and sentences are the daemon's.
import type { SweetSpotRow, SweetSpotTable } from "../api/schema";
import { count, percent, settingsLabel, signed } from "../format";
import { text } from "../text";
import { Scroll } from "./scroll";
import { SpotRule } from "./spot_rule";

/** The verdicts, first thing on the page. */
export function SpotCard({ table }: { table: SweetSpotTable }) {
  const uncertain = table.summary.encoders.filter((encoder) => encoder.uncertain.length > 0);
  return (
    <section class="card spot" aria-labelledby="spot-title">
      <h2 id="spot-title">{text.spot.title}</h2>
      {table.summary.encoders.map((encoder) => (
        <p key={`${encoder.encoder} ${encoder.seed} ${settingsLabel(encoder.settings)}`} class={`verdict verdict-${encoder.verdict}`}>{encoder.text}</p>
      ))}
      {table.summary.encoders.length > 1 && table.summary.overall.map((all) => <p key={settingsLabel(all.settings)} class="overall">{all.text}</p>)}
      {uncertain.map(({ encoder, uncertain: languages }) => <p key={encoder} class="faint">{text.spot.uncertain(encoder, languages.join(", "))}</p>)}
      <p class="faint definition">{table.definition.split(". ")[0]}.</p>
      <SpotRule />
      {table.missing.length > 0 && <p class="faint">{text.spot.waiting(table.missing.length)}</p>}
      {table.rows.length === 0 && <p class="faint">{text.spot.empty}</p>}
    </section>
  );
}

/** What the verdicts rest on. */
export function SpotFigures({ table }: { table: SweetSpotTable }) {
  if (table.rows.every((row) => Object.values(row.wer).every((wer) => wer === null))) return null;
  const languages = [...new Set(table.rows.flatMap((row) => Object.keys(row.wer)))];
  return (
    <section aria-labelledby="figures-title">
      <h2 id="figures-title">{text.spot.figures}</h2>
      <p class="faint prose">{table.definition}</p>
      <SpotTable rows={table.rows} languages={languages} />
    </section>
  );
}

function SpotTable({ rows, languages }: { rows: SweetSpotRow[]; languages: string[] }) {
  const { columns } = text.spot;
  return (
    <Scroll label={text.spot.figures} file="sweet-spot">
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{columns.encoder}</th>
            <th scope="col">{columns.kind}</th>
            <th scope="col" class="number">{columns.layers}</th>
            <th scope="col" class="number">{columns.params}</th>
            <th scope="col" class="number">{columns.delta}</th>
            {languages.map((language) => <th key={language} scope="col" class="number">{text.spot.wer(language)}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.encoder} ${row.kind} ${row.seed} ${settingsLabel(row.settings)}`} class={`kind-${row.kind}`}>
              <th scope="row">{row.encoder}</th>
              <td>{row.kind === "sweet_spot" && "★ "}{text.spot.kinds[row.kind]}{row.verdict !== "decided" && row.kind === "sweet_spot" && `: ${text.spot.verdicts[row.verdict]}`}</td>
              <td class="number">{row.layers ?? text.none}</td>
              <td class="number">{count(row.params)}</td>
              <td class="number">{signed(row.net_delta)}</td>
              {languages.map((language) => <td key={language} class="number">{percent(row.wer[language])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
