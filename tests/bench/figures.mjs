// Small helps for printing measurements.
export async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function by_size(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { median: at(0.5), p99: at(0.99), min: sorted[0], max: sorted.at(-1) };
}

export const milliseconds = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
export const row = (name, figure) => console.log(`${name.padEnd(44)} ${figure}`);
