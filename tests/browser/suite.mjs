// What every suite of browser tests begins with: a browser, or a word why there is none, and a daemon of its own.
//   SWEETSPOT_BIN, SWEETSPOT_FAKE_WORKER: the two programs; SWEETSPOT_SCREENSHOTS: a folder for pictures
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Daemon } from "./daemon.mjs";
import { launch, watchedPage } from "./watched_page.mjs";

export const patience = 60_000;
const pictures = process.env.SWEETSPOT_SCREENSHOTS ?? "screenshots";

export async function begin(worker = process.env.SWEETSPOT_FAKE_WORKER) {
  const browser = await launch(existsSync);
  if (!browser) {
    console.log("SKIP: there is no Chromium here (apt install chromium, or set SWEETSPOT_CHROMIUM)");
    process.exit(0);
  }
  mkdirSync(pictures, { recursive: true });
  const daemon = await Daemon.start({ binary: process.env.SWEETSPOT_BIN, worker });
  const origin = new URL(daemon.url).origin;
  const newPage = (options = {}, from = origin) => watchedPage(browser, from, { colorScheme: "light", ...options });
  const end = async () => {
    await browser.close();
    await daemon.end();
  };
  return { daemon, newPage, end };
}

export const picture = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });

export const asPercent = (ratio, digits = 2) => `${(ratio * 100).toFixed(digits)} %`;

/** Shows a view from the start, as somebody does who follows a link: "#/sweeps". */
export async function visit(page, daemon, hash) {
  await page.goto("about:blank");
  await page.goto(`${daemon.url}${hash}`);
  await page.locator("h1").first().waitFor();
}

/** Waits until the daemon says so. */
export async function until(daemon, path, holds) {
  const deadline = Date.now() + patience;
  for (;;) {
    const answer = await daemon.get(path);
    if (holds(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${path} still is ${JSON.stringify(answer).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core finds serious or critical of what the page shows now. */
export async function seriousFaults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join(" | ")}`);
}
