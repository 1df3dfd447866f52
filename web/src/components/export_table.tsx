// A table that the page itself puts together, as the three kinds of file that the daemon gives of its own.
import { saveBlob } from "../charts/save";
import { text } from "../text";

export interface Plain {
  name: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
  numbers: number;  // so many columns at the end hold figures
}

const writers = {
  csv: { ending: "csv", write: ({ head, rows }: Plain) => [head, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n" },
  md: { ending: "md", write: ({ head, rows, numbers }: Plain) => [head, head.map((_, i) => (i < head.length - numbers ? "---" : "---:")), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n") + "\n" },
  latex: { ending: "tex", write: ({ head, rows, numbers }: Plain) => [
    `\\begin{tabular}{${"l".repeat(head.length - numbers)}${"r".repeat(numbers)}}`, "\\toprule", row(head), "\\midrule", ...rows.map(row), "\\bottomrule", "\\end{tabular}", "",
  ].join("\n") },
} as const;

const row = (cells: readonly string[]) => `${cells.map(escaped).join(" & ")} \\\\`;
const quoted = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const escaped = (cell: string) => cell.replace(/[\\{}]/g, "").replace(/[&%$#_]/g, "\\$&").replaceAll("—", "--").replaceAll("−", "$-$");

export function ExportTable({ table }: { table(): Plain }) {
  const save = (kind: keyof typeof writers) => {
    const plain = table();
    saveBlob(new Blob([writers[kind].write(plain)], { type: "text/plain" }), `${plain.name}.${writers[kind].ending}`);
  };
  return (
    <span class="save">{text.sweep.exports}{" "}
      {(["csv", "md", "latex"] as const).map((kind) => <button key={kind} type="button" class="plain" onClick={() => save(kind)}>{text.sweep.formats[kind]}</button>)}
    </span>
  );
}
