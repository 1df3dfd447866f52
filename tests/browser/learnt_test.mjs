// The page on a part of the nano sweep that the real worker trains: small corpora, few epochs, so the figures are poor;
// what is checked is that the page shows those that were measured, and that real sounds are played.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { asPercent, begin, hear, loaded, lookAtAll, picture, screensOf, until, visit, walkByKeyboard, zoomInto } from "./suite.mjs";
import { proxyUnder } from "./proxy.mjs";

const { daemon, newPage, end } = await begin(process.env.SWEETSPOT_WORKER);
const example = process.env.NANO_EXAMPLE, corpora = join(daemon.folder, "corpora");
let page, document, sweep, runs;
const open = (hash, on = page) => visit(on, daemon, hash);

before(async () => {
  execFileSync(process.env.NANO_CORPORA, ["--grammar", join(example, "grammar"), "--out", corpora,
    "--da", "24", "--nl", "24", "--en", "24", "--dev", "4", "--test", "6", "--text", "10"], { stdio: ["ignore", "ignore", "inherit"] });
  document = {
    name: "learnt",
    axes: { encoder: [join(example, "models", "nano-small")], layers: [4, 2], language: ["da", "en"], lora: [false, true] },
    corpora: { da: { path: join(corpora, "da") }, en: { path: join(corpora, "en") } },
    llm: join(example, "models", "nano-lm"),
    projector: { hidden: 128, norm_init: "embedding" },
    train: { epochs: 3, batch: 8, lr: 4e-3, early_stop: null },
    eval: { max_new_tokens: 24, validation_utterances: 4 },
  };
  sweep = await daemon.post("sweeps", document);
  page = await newPage();
  await until(daemon, `sweeps/${sweep.id}`, ({ state }) => state === "finished");
  runs = (await daemon.get(`runs?sweep=${sweep.id}&limit=100`)).items;
});
after(end);

test("Every cell of the grid shows the error rate that was measured", async () => {
  assert.equal(runs.length, 8);
  for (const run of runs) assert.equal(run.state, "succeeded", run.reason);
  await open(`#/sweeps/${sweep.id}`);
  await page.waitForFunction(() => document.querySelectorAll('td.cell[data-state="succeeded"]').length === 8);
  for (const run of runs) {
    const shown = await page.locator(`td.cell[data-run="${run.id}"] b.wer`).textContent();
    assert.equal(shown.replace(/[★≈ ]/g, ""), (run.wer * 100).toFixed(1));
  }
  await picture(page, "learnt");
});

test("What the model said for an utterance is aligned, and its sound is drawn", async () => {
  const [run] = runs;
  await open(`#/runs/${run.id}`);
  const { items } = await daemon.get(`runs/${run.id}/samples?limit=20`);
  await page.locator(".samples li").first().waitFor();
  const said = await page.locator(".samples li").first().locator(".pair:not(.pair-D) .hyp").allTextContents();
  const id = await page.locator(".samples li .id").first().textContent();
  assert.equal(said.join(" "), items.find((item) => item.id === id).hypothesis.split(" ").filter(Boolean).join(" "));
  await page.locator(".player button").first().click();
  await page.locator(".waveform path").first().waitFor();
  assert.deepEqual(page.faults, []);
  await picture(page, "learnt-run");
});

const screens = () => screensOf(sweep.id, runs[0].id, runs[1].id);

for (const colorScheme of ["light", "dark"]) for (const width of [1280, 360]) {
  test(`Every screen is sound, ${colorScheme}, ${width} px`, () =>
    lookAtAll(newPage, daemon, screens(), { viewport: { width, height: 900 }, colorScheme }, `learnt-${width}-${colorScheme}`));
}

test("Every screen works under a path, and keeps its address", async () => {
  const proxy = await proxyUnder("/lab/sweetspot/", daemon.url);
  const behind = await newPage({}, new URL(proxy.url).origin);
  for (const [name, hash] of screens()) {
    await visit(behind, proxy, hash);
    await loaded(behind);
    assert.equal(await behind.getByRole("alert").count(), 0, name);
    assert.equal(new URL(behind.url()).hash, hash);
  }
  assert.deepEqual(behind.faults, []);
  await behind.context().close();
  await proxy.close();
});

test("Two runs are compared: what each said for the same utterance", async () => {
  const [one, two] = [false, true].map((lora) => runs.find((run) => run.language === "en" && run.layers === 2 && run.lora === lora));
  await open(`#/compare?runs=${one.id},${two.id}`);
  const { better, worse, same } = await daemon.get(`runs/${one.id}/differences?with=${two.id}`);
  await page.getByText(`${two.id} heard ${better} better, ${worse} worse and ${same} as well.`).waitFor();
  const settings = await page.locator('table[data-table="settings"] tbody tr').first().locator("td").allInnerTexts();
  assert.deepEqual(settings, [one, two].map((run) => asPercent(run.wer)));
});

test("A live sweep is watched through a hundred events, paused, given a priority, resumed and cancelled, and queued again", async () => {
  const live = await daemon.post("sweeps", { ...document, name: "live", train: { ...document.train, epochs: 40 } });
  const { items: [busy] } = await until(daemon, `runs?sweep=${live.id}&state=running`, ({ items }) => items.length > 0);
  await open(`#/runs/${busy.id}`);
  const { axis } = await zoomInto(page, "Training loss by optimiser step");
  const zoomed = await axis();
  await page.getByLabel("Contains").fill("half a wo");
  const watcher = await newPage();
  await open(`#/sweeps/${live.id}`, watcher);
  await watcher.getByLabel("Priority").fill("5");
  await hear(watcher, daemon, 100);
  assert.equal(await watcher.getByLabel("Priority").inputValue(), "5");
  assert.equal(await axis(), zoomed);
  assert.equal(await page.getByLabel("Contains").inputValue(), "half a wo");
  const button = (name) => watcher.locator(".head").getByRole("button", { name });
  const sweepIs = (holds) => until(daemon, `sweeps/${live.id}`, holds);
  await button("Pause").click();
  await sweepIs(({ paused }) => paused);
  await watcher.getByLabel("Priority").fill("3");
  await watcher.getByLabel("Priority").press("Enter");
  await sweepIs(({ priority }) => priority === 3);
  await button("Resume").click();
  await sweepIs(({ paused }) => !paused);
  await button(/^Cancel/).click();
  await watcher.getByRole("alertdialog").getByRole("button", { name: /^Cancel/ }).click();
  await sweepIs(({ state }) => state === "cancelled");
  await button(/^Queue \d+ cancelled again$/).click();
  await sweepIs(({ counts }) => counts.cancelled === 0);
  await button(/^Cancel/).click();
  await watcher.getByRole("alertdialog").getByRole("button", { name: /^Cancel/ }).click();
  await sweepIs(({ state }) => state === "cancelled");
  await watcher.context().close();
});

test("A device is drained and taken back", async () => {
  await open("#/devices");
  const row = page.locator('tr[data-row="cpu:1"]');
  await row.getByRole("button", { name: "Drain" }).click();
  await until(daemon, "devices", ({ items }) => items.find(({ name }) => name === "cpu:1").drained);
  await row.getByRole("button", { name: "Take back" }).click();
  await until(daemon, "devices", ({ items }) => items.every(({ drained }) => !drained));
});

test("By keyboard alone: a sweep is submitted, fails for want of its corpus, and is retried to its end", async () => {
  const away = `${corpora}-away`;
  const walked = { ...document, name: "walked", axes: { ...document.axes, layers: [2], language: ["en"] }, corpora: { en: document.corpora.en } };
  await page.route("**/api/v1/sweeps", async (route) => {
    const answer = await route.fetch();
    if (route.request().method() === "POST") renameSync(corpora, away);
    await route.fulfill({ response: answer });
  });
  await walkByKeyboard(page, daemon, walked, async () => renameSync(away, corpora), ".head");  // its runs may miss different files
  await page.unroute("**/api/v1/sweeps");
});

test("No request went to another host, and nothing was reported on the console", () => {
  assert.deepEqual(page.faults, []);
});
