// What every suite of browser tests begins with: a browser, or a word why there is none, and a daemon of its own.
//   SWEETSPOT_BIN, SWEETSPOT_FAKE_WORKER: the two programs; SWEETSPOT_SCREENSHOTS: a folder for pictures
import assert from "node:assert/strict";
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

/** Every screen, with a sweep's and two of its runs' data. */
export const screensOf = (sweep, one, other) => [["sweeps", "#/"], ["sweep", `#/sweeps/${sweep}`],
  ...["charts", "runs", "tables", "file"].map((part) => [part, `#/sweeps/${sweep}?part=${part}`]), ["run", `#/runs/${one}`],
  ["compare", `#/compare?runs=${one},${other}`], ["devices", "#/devices"], ["submit", `#/submit?from=${sweep}`], ["api", "#/api?find=sweep"]];

/** Until what a screen asks for first is there. */
export async function loaded(page) {
  await page.locator(".live-live").waitFor();
  await page.waitForFunction(() => ![...document.querySelectorAll("main p")].some((p) => p.textContent === "Loading …"));
}

/** Each screen of the sweep on a page of its own: as wide as the window, nothing serious for axe, no fault. */
export async function lookAtAll(newPage, daemon, screens, options, name) {
  const page = await newPage(options);
  for (const [screen, hash] of screens) {
    await visit(page, daemon, hash);
    await loaded(page);
    await picture(page, `${screen}-${name}`);
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.equal(excess, 0, `${screen} is ${excess} px too wide (${name})`);
    assert.deepEqual(await seriousFaults(page), [], `${screen} ${name}`);
  }
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** By keyboard alone: a sweep is written and submitted, watched until runs of it fail, and these are retried, where they are listed or at the
 * head of the sweep, until all is done. */
export async function walkByKeyboard(page, daemon, document, mend, place = ".failures") {
  const cells = document.axes.layers.length * document.axes.language.length * document.axes.lora.length;
  await page.goto(`${daemon.url}#/sweeps`);
  await page.locator(".live-live").waitFor();
  await page.keyboard.press("n");
  await page.waitForURL("**/#/submit");
  await page.getByLabel("Sweep file").focus();
  await write(page, JSON.stringify(document, null, 2));
  await page.getByText(`${cells} runs:`).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/#/sweeps/sw_*");
  await page.locator(".head .state-finished_with_failures").waitFor({ timeout: 2 * patience });
  await mend();
  const retry = page.locator(place).getByRole("button", { name: /^Retry/ });
  for (let i = 0; i < 60 && !(await retry.evaluate((button) => button === window.document.activeElement)); ++i) await page.keyboard.press("Tab");
  await page.locator(place).getByText("queued again, each as a further attempt").waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".head .state-finished").waitFor({ timeout: 2 * patience });
  assert.equal(await page.locator(".failures").count(), 0);
}

/** Replaces what the focused field holds. */
export async function write(page, text) {
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

/** Hears so many events in the page, beside its own stream. */
export function hear(page, daemon, wanted) {
  return page.evaluate(async ([address, most]) => {
    const reader = (await fetch(address)).body.pipeThrough(new TextDecoderStream()).getReader();
    for (let events = 0; ;) {
      events += (await reader.read()).value.split("\ndata:").length - 1;
      if (events >= most) return reader.cancel().then(() => events);
    }
  }, [new URL("api/v1/events", daemon.url).href, wanted]);
}

/** Drags over a part of a curve, and tells how to ask for what is in view. */
export async function zoomInto(page, name) {
  const plot = page.getByRole("img", { name }).locator(".u-over");
  await plot.waitFor({ timeout: patience });
  await page.waitForTimeout(1500);
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  return { plot, axis: () => plot.evaluate((over) => ["minimum", "maximum"].map((end) => over.closest("[data-minimum]").dataset[end]).join()) };
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
