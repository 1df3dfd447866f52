// The same curves as an SVG for papers: what is in view, with axes and names of the lines.
import type { CurveProps } from "./curve";

const size = { width: 640, height: 360, left: 56, right: 16, top: 16, bottom: 44 };

export function curveSvg({ lines, xLabel, log }: CurveProps, colourOf: (hue: number) => string, range?: { min?: number | undefined; max?: number | undefined }): string {
  const inView = lines.map((line) => line.points.flatMap(([x, y]) =>
    y === null || (log && y <= 0) || x < (range?.min ?? -Infinity) || x > (range?.max ?? Infinity) ? [] : [[x, y] as const]));
  const all = inView.flat();
  const bend = (value: number) => (log ? Math.log10(value) : value);
  const [left, right] = ends(all.map(([x]) => x));
  const [low, high] = ends(all.map(([, y]) => bend(y)));
  const x = (value: number) => size.left + ((value - left) / (right - left || 1)) * (size.width - size.left - size.right);
  const y = (bent: number) => size.height - size.bottom - ((bent - low) / (high - low || 1)) * (size.height - size.top - size.bottom);
  const word = (at: number, down: number, anchor: string, says: string, fill = "#444") => `<text x="${at}" y="${down}" text-anchor="${anchor}" fill="${fill}">${says.replace(/[&<]/g, "")}</text>`;
  const quarters = [0, 0.25, 0.5, 0.75, 1];
  const axes = quarters.map((share) => {
    const [across, up] = [left + share * (right - left), low + share * (high - low)];
    return `<path d="M${size.left} ${y(up)}H${size.width - size.right}" stroke="#ddd"/>` +
      word(size.left - 6, y(up) + 4, "end", figure(log ? 10 ** up : up)) + word(x(across), size.height - 24, "middle", figure(across));
  });
  const drawn = inView.map((points, i) => `<polyline fill="none" stroke="${colourOf(lines[i]!.hue)}" stroke-width="${lines[i]!.faint ? 0.6 : 1.8}" ` +
    `opacity="${lines[i]!.faint ? 0.4 : 1}" points="${points.map(([a, b]) => `${x(a).toFixed(1)},${y(bend(b)).toFixed(1)}`).join(" ")}"/>`);
  const names = lines.filter((line) => !line.faint).map((line, i) => word(size.width - size.right, size.top + 12 + 15 * i, "end", line.label, colourOf(line.hue)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="#fff"/>${axes.join("")}${drawn.join("")}${names.join("")}${word(size.width / 2, size.height - 6, "middle", xLabel)}</svg>`;
}

function ends(values: readonly number[]): [number, number] {
  return values.length ? [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] : [0, 1];
}

const figure = (value: number) => String(Number(value.toPrecision(3)));
