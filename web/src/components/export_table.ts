// A table as it is shown, as the three kinds of file that the daemon gives of its own tables.
import { saveBlob } from "../charts/save";

interface Plain {
  rows: string[][];      // the first are the names of the columns
  figures: boolean[];    // which columns hold them
}

const writers = {
  csv: { ending: "csv", write: ({ rows }: Plain) => rows.map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n" },
  md: { ending: "md", write: ({ rows: [head, ...rows], figures }: Plain) => [head!, figures.map((figure) => (figure ? "---:" : "---")), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n") + "\n" },
  latex: { ending: "tex", write: ({ rows: [head, ...rows], figures }: Plain) => [
    `\\begin{tabular}{${figures.map((figure) => (figure ? "r" : "l")).join("")}}`, "\\toprule", line(head!), "\\midrule", ...rows.map(line), "\\bottomrule", "\\end{tabular}", "",
  ].join("\n") },
} as const;

export const tableKinds = ["csv", "md", "latex"] as const;

const line = (cells: readonly string[]) => `${cells.map(escaped).join(" & ")} \\\\`;
const quoted = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const escaped = (cell: string) => cell.replace(/[\\{}]/g, "").replace(/[&%$#_]/g, "\\$&").replaceAll("—", "--").replaceAll("−", "$-$").replaceAll("★", "$\\star$");

/** Without what is there to be pressed, and without what only explains. */
function plainOf(table: HTMLTableElement): Plain {
  const said = (cell: HTMLTableCellElement) => {
    const copy = cell.cloneNode(true) as HTMLElement;
    copy.querySelectorAll(".hidden, .actions, .bar, [aria-hidden]").forEach((one) => one.remove());
    return copy.textContent!.trim();
  };
  const rows = [...table.rows].map((row) => [...row.cells].map(said));
  const figures = [...(table.rows[1] ?? table.rows[0]!).cells].map((cell) => cell.matches(".number, .cell"));
  const kept = figures.map((_, i) => rows.some((row) => row[i] && row !== rows[0]));
  return { rows: rows.map((row) => row.filter((_, i) => kept[i])), figures: figures.filter((_, i) => kept[i]) };
}

export function saveTable(table: HTMLTableElement, kind: keyof typeof writers, name: string): void {
  const { ending, write } = writers[kind];
  saveBlob(new Blob([write(plainOf(table))], { type: "text/plain" }), `${name}.${ending}`);
}
