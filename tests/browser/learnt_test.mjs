// The page on a part of the nano sweep that the real worker trains: small corpora, few epochs, so the figures are poor;
// what is checked is that the page shows those that were measured, and that real sounds are played.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { begin, picture, seriousFaults, until, visit } from "./suite.mjs";

const { daemon, newPage, end } = await begin(process.env.SWEETSPOT_WORKER);
const example = process.env.NANO_EXAMPLE, corpora = join(daemon.folder, "corpora");
let page, sweep, runs;
const open = (hash) => visit(page, daemon, hash);

before(async () => {
  execFileSync(process.env.NANO_CORPORA, ["--grammar", join(example, "grammar"), "--out", corpora,
    "--da", "24", "--nl", "24", "--en", "24", "--dev", "4", "--test", "6", "--text", "10"], { stdio: ["ignore", "ignore", "inherit"] });
  const answer = await fetch(new URL("api/v1/sweeps", daemon.url), {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({
      name: "learnt",
      axes: { encoder: [join(example, "models", "nano-small")], layers: [4, 2], language: ["da", "en"], lora: [false, true] },
      corpora: { da: { path: join(corpora, "da") }, en: { path: join(corpora, "en") } },
      llm: join(example, "models", "nano-lm"),
      projector: { hidden: 128, norm_init: "embedding" },
      train: { epochs: 3, batch: 8, lr: 4e-3, early_stop: null },
      eval: { max_new_tokens: 24, validation_utterances: 4 },
    }),
  });
  sweep = await answer.json();
  assert.equal(answer.status, 201, JSON.stringify(sweep));
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
  assert.deepEqual(await seriousFaults(page), []);
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
