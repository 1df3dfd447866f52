// Takes the pictures of this folder anew, from a daemon that has done examples/first-sweep:
//   cmake --build build/release --target browser_tests
//   node web/screens/take.mjs http://127.0.0.1:8765/
// Each as small as a picture of 128 colours is, where pngquant is installed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { launch } = await import(process.env.SWEETSPOT_BROWSER_SUITE ?? "../../build/release/tests/browser/suite/watched_page.mjs");
const address = process.argv[2] ?? "http://127.0.0.1:8765/";
const get = async (path) => (await fetch(new URL(`api/v1/${path}`, address))).json();

const { items: [sweep] } = await get("sweeps?contains=first-sweep");
const { items: runs } = await get(`runs?sweep=${sweep.id}&limit=100`);
const run = (layers, language, lora) => runs.find((one) => one.layers === layers && one.language === language && one.lora === lora).id;
const at = `#/sweeps/${sweep.id}`;
const screens = [
  ["sweeps", "#/sweeps", { height: 320 }],
  ["sweep", at, { height: 1010, to: "../../examples/first-sweep/dashboard.png", scale: 1 }],
  ["sweep", at, { height: 1180 }],
  ["phone", at, { width: 360, height: 1000, dark: true, scale: 1 }],
  ["charts", `${at}?part=charts`, { height: 1500, dark: true }],
  ["runs", `${at}?part=runs&sort=wer&ticked=${run(6, "en", false)},${run(6, "en", true)}`, { height: 900 }],
  ["tables", `${at}?part=tables&table=degradation`, { height: 900 }],
  ["run", `#/runs/${run(4, "da", true)}?samples=-errors`, { height: 1500 }],
  ["samples", `#/runs/${run(4, "da", true)}?samples=-errors`, { width: 900, height: 630, to: "../../examples/first-sweep/samples.png", scale: 1, scroll: "#samples-title" }],
  ["compare", `#/compare?runs=${run(6, "da", true)},${run(2, "da", true)}`, { height: 1300 }],
  ["devices", "#/devices", { height: 420 }],
  ["submit", `#/submit?from=${sweep.id}`, { height: 900 }],
  ["api", "#/api?find=sweeps", { height: 620 }],
];

const browser = await launch(existsSync);
for (const [name, hash, { width = 1280, height, dark, scale = 0.75, scroll, to }] of screens) {
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme: dark ? "dark" : "light" });
  await page.goto(`${address}${hash}`);
  await page.locator(".live-live").waitFor();
  await page.waitForTimeout(2500);  // what is asked for after the first answers, and the lines' drawing
  if (scroll) await page.locator(scroll).evaluate((element) => element.scrollIntoView());
  const path = join(here, to ?? `${name}.png`);
  await page.screenshot({ path });
  await page.close();
  spawnSync("pngquant", ["--force", "--speed", "1", "--output", path, "128", path]);
}
await browser.close();
