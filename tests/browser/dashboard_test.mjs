// The dashboard in a real browser, on the real daemon, with workers that only pretend.
//   SWEETSPOT_BIN, SWEETSPOT_FAKE_WORKER: the two programs; SWEETSPOT_SCREENSHOTS: a folder for pictures
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { proxyUnder } from "./proxy.mjs";
import { asPercent, begin, loaded, lookAtAll, patience, picture, screensOf, until, visit, zoomInto } from "./suite.mjs";

const { daemon, newPage, end } = await begin();
let page, sweep, runs;
const open = (on, hash) => visit(on, daemon, hash);

before(async () => { page = await newPage(); });
after(end);

test("An empty list teaches the next command", async () => {
  await open(page, "#/sweeps");
  await page.getByText("sweetspot submit examples/").waitFor();
  await page.locator(".live-live").waitFor();
  await picture(page, "empty");
});

test("A submitted sweep appears without a reload, and its grid fills cell by cell", async () => {
  await page.evaluate(() => (window.sameDocument = true));
  daemon.script({ epochs: 3, steps: 12, step_ms: 120, utterances: 30 });
  sweep = await daemon.submit("browser sweep");
  await page.getByRole("link", { name: "browser sweep" }).click();
  await page.locator(`td.cell[data-state]`).first().waitFor();
  await page.evaluate(() => {
    const done = () => document.querySelectorAll('td.cell[data-state="succeeded"]').length;
    window.seen = new Set([done()]);
    window.states = new Set();
    new MutationObserver(() => {
      window.seen.add(done());
      for (const cell of document.querySelectorAll("td.cell[data-state]")) window.states.add(cell.dataset.state);
    }).observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true });
  });
  await page.waitForFunction(() => document.querySelectorAll('td.cell[data-state="running"]').length > 0, null, { timeout: patience });
  await picture(page, "sweep-running");
  await page.waitForFunction(() => document.querySelectorAll('td.cell[data-state="succeeded"]').length === 8, null, { timeout: patience });
  const { seen, states, sameDocument } = await page.evaluate(() =>
    ({ seen: [...window.seen], states: [...window.states], sameDocument: window.sameDocument }));
  assert.ok(sameDocument, "the page was loaded again");
  assert.ok(seen.length >= 4, `the number of finished cells went through ${seen}`);
  assert.ok(states.includes("running"), `states seen: ${states}`);
});

test("Every cell shows the WER that the daemon computed", async () => {
  runs = (await daemon.get(`runs?sweep=${sweep.id}`)).items;
  assert.equal(runs.length, 8);
  for (const run of runs) {
    const cell = page.locator(`td.cell[data-run="${run.id}"]`);
    assert.equal((await cell.locator("b.wer").textContent()).replace(/[★≈ ]/g, ""), (run.wer * 100).toFixed(1));
    const name = await cell.getByRole("link").getAttribute("aria-label");
    assert.ok(name.includes(`${run.layers} layers, ${run.language}, ${run.lora ? "LoRA" : "no LoRA"}`), name);
    assert.ok(name.includes(asPercent(run.wer, 1)), name);
    assert.ok((await cell.getByRole("link").getAttribute("title")).includes(asPercent(run.wer)), name);
  }
});

test("The sweep ends with its progress, its verdict and the figures behind it", async () => {
  await page.locator(".head .state-finished").waitFor();
  assert.equal(await page.getByRole("progressbar", { name: "8 of 8 runs over" }).count(), 1);
  const table = await daemon.get(`sweeps/${sweep.id}/tables/sweet-spot`);
  await page.waitForFunction((text) => document.querySelector(".spot")?.textContent.includes(text), table.summary.encoders[0].text);
  const rows = page.locator("section:has(#figures-title) tbody tr");
  assert.equal(await rows.count(), table.rows.length);
  const baseline = table.rows.find((row) => row.kind === "baseline");
  const shown = await rows.nth(table.rows.indexOf(baseline)).textContent();
  for (const wer of Object.values(baseline.wer)) assert.ok(shown.includes(asPercent(wer)), `${shown} has ${asPercent(wer)}`);
  const starred = await page.locator("td.cell.sweet").count();
  const spot = table.rows.find((row) => row.kind === "sweet_spot");
  assert.equal(starred, spot.layers === null ? 0 : Object.keys(spot.wer).length);
  await picture(page, "sweep");
});

test("The tables are the daemon's, with their definitions, and the choice stays in the address", async () => {
  await page.getByRole("link", { name: "Tables", exact: true }).click();
  for (const name of ["reduction", "degradation", "word-errors"]) {
    await page.locator(".tables select").selectOption(name);
    const table = await daemon.get(`sweeps/${sweep.id}/tables/${name}`);
    const rows = page.locator(`table[data-table="${name}"] tbody tr`);
    await rows.first().waitFor();
    assert.equal(await rows.count(), table.rows.length);
    assert.ok((await page.locator(".tables").textContent()).includes(table.definition));
    assert.ok(page.url().includes(`table=${name}`), page.url());
  }
  const { rows: [row] } = await daemon.get(`sweeps/${sweep.id}/tables/word-errors`);
  assert.ok((await page.locator('table[data-table="word-errors"] tbody tr').first().textContent()).includes(asPercent(row.total)));
  await picture(page, "tables");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("Why not another one").click();
  await page.locator(".considered li").first().waitFor();
});

test("A run's page shows its curve, epochs, samples and log", async () => {
  const run = runs[0];
  await page.locator(`td.cell[data-run="${run.id}"] a`).click();
  await page.waitForURL(`**/#/runs/${run.id}`);
  const curve = page.getByRole("img", { name: "Training loss by optimiser step" }).locator("canvas");
  await curve.waitFor();
  const inked = await curve.evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  assert.ok(inked > 2, "the curve's canvas is blank");

  const metrics = await daemon.get(`runs/${run.id}/metrics`);
  const epochs = page.locator("section:has(#epochs-title) .list tbody tr");
  await page.waitForFunction((n) => document.querySelectorAll("section:has(#epochs-title) .list tbody tr").length === n, metrics.epochs.length);
  for (const [i, epoch] of metrics.epochs.entries()) {
    assert.ok((await epochs.nth(i).textContent()).includes(asPercent(epoch.val_wer)));
  }
  assert.ok((await page.locator(".tile.strong").textContent()).includes(asPercent(run.wer)));
  const log = await (await fetch(new URL(`api/v1/runs/${run.id}/log?tail=1`, daemon.url))).text();
  await page.waitForFunction((line) => document.querySelector(".log").textContent.includes(line), log.trim());
  await picture(page, "run");
});

test("Samples mark every error of the alignment with its letter", async () => {
  const { items } = await daemon.get(`runs/${runs[0].id}/samples?sort=-errors&limit=20`);
  await page.getByLabel("Order").selectOption("-errors");
  await page.waitForURL("**?samples=-errors");
  await page.waitForFunction((id) => document.querySelector(".samples li .id")?.textContent === id, items[0].id);
  const shown = page.locator(".samples li");
  assert.equal(await shown.count(), items.length);
  for (const [i, sample] of items.entries()) {
    const letters = await shown.nth(i).locator(".pair .letter").allTextContents();
    assert.equal(letters.map((letter) => letter || "H").join(""), sample.alignment);
    const heard = await shown.nth(i).locator(".pair:not(.pair-D) .hyp").allTextContents();
    assert.equal(heard.join(" "), sample.hypothesis.split(" ").filter(Boolean).join(" "));
  }
});

test("An address restores its view", async () => {
  const url = page.url();
  const again = await newPage();
  await again.goto(url);
  await again.locator(".samples li").first().waitFor();
  assert.equal(await again.getByLabel("Order").inputValue(), "-errors");
  assert.deepEqual(again.faults, []);
  await again.goto(`${daemon.url}#/sweeps/sw_999`);
  await again.getByRole("alert").getByText("sw_999").waitFor();
  await again.context().close();
});

const screens = () => screensOf(sweep.id, runs[0].id, runs[4].id);

for (const colorScheme of ["light", "dark"]) {
  test(`Every view fits 360 px, without a serious fault of accessibility, ${colorScheme}`, () =>
    lookAtAll(newPage, daemon, screens(), { viewport: { width: 360, height: 740 }, colorScheme }, `360-${colorScheme}`));
}

test("Of eight tabs one hears the events for all, and when it is closed another one does", async () => {
  const first = await newPage();
  let streams = 0;
  first.context().on("request", (request) => { streams += Number(new URL(request.url()).pathname.endsWith("/events")); });
  const tabs = [first];
  while (tabs.length < 8) tabs.push(await first.context().newPage());
  for (const tab of tabs) {
    await tab.goto(`${daemon.url}#/sweeps/${sweep.id}`);
    await tab.locator(".live-live").waitFor();
  }
  assert.equal(streams, 1);
  const renamed = async (name) => {
    await fetch(new URL(`api/v1/sweeps/${sweep.id}`, daemon.url), { method: "PATCH", headers: { "Content-Type": "application/merge-patch+json" }, body: JSON.stringify({ note: name }) });
    for (const tab of tabs) await tab.locator(".labels .note").getByText(name).waitFor();
  };
  await renamed("heard by all");
  await tabs.shift().close();
  await renamed("and still by all");
  assert.equal(streams, 2);
  await tabs[0].context().close();
});

test("A failed run tells why, and what to do", async () => {
  daemon.script({ epochs: 2, steps: 4, step_ms: 5, faults: [{ layers: 2, language: "da", lora: true, do: "diverged" }] });
  const other = await daemon.submit("diverging sweep");
  await open(page, `#/sweeps/${other.id}`);
  await page.locator(".head .state-finished_with_failures").waitFor({ timeout: patience });
  const [failed] = (await daemon.get(`runs?sweep=${other.id}&state=failed`)).items;
  const trouble = page.locator(".troubles > li");
  assert.ok((await trouble.textContent()).includes(failed.reason));
  await trouble.getByRole("link").click();
  for (const said of [failed.reason, failed.hint, failed.reason_code]) await page.locator(".notice").getByText(said).first().waitFor();
  await picture(page, "run-failed");
});

test("A zoom stays while new points arrive", async () => {
  daemon.script({ epochs: 20, steps: 100, step_ms: 40 });
  const slow = await daemon.submit("slow sweep");
  await open(page, `#/sweeps/${slow.id}`);
  await page.locator('td.cell[data-state="running"] a').first().click();
  const { plot, axis } = await zoomInto(page, "Training loss by optimiser step");
  const zoomed = await axis();
  const step = () => page.locator(".head .doing .number").textContent();
  const before = await step();
  await page.waitForFunction((old) => document.querySelector(".head .doing .number")?.textContent !== old, before);
  await page.waitForTimeout(2500);
  assert.equal(await axis(), zoomed);
  await plot.dblclick();
  await page.waitForTimeout(300);
  assert.notEqual(await axis(), zoomed);
  await fetch(new URL(`api/v1/sweeps/${slow.id}/actions/cancel`, daemon.url), { method: "POST" });
});

test("The time left is what a run took so far, times those that are left, over the devices; and it is counted down", async () => {
  daemon.script({ epochs: 1, steps: 10, step_ms: 200 });
  const { id } = await daemon.submit("how long", { layers: [4], language: ["da"], lora: [false], seed: [...Array(16).keys()] });
  await until(daemon, `sweeps/${id}`, ({ counts }) => counts.succeeded >= 2);
  daemon.script({ epochs: 1, steps: 1000, step_ms: 400 });  // those that begin now end no more
  await until(daemon, `runs?sweep=${id}&state=running`, ({ items }) => items.length === 2 && items.every(({ steps }) => steps === 1000));
  await open(page, `#/sweeps/${id}`);
  const shown = () => page.locator(".head .eta").textContent();
  const [, seconds] = (await shown()).match(/^about (\d+) s left, until \d/) ?? assert.fail(await shown());
  const { eta_seconds: said } = await daemon.get(`sweeps/${id}`);
  const { items } = await daemon.get(`runs?sweep=${id}&limit=100`);
  const done = items.filter(({ state }) => state === "succeeded");
  const took = done.reduce((sum, run) => sum + Date.parse(run.ended_at) - Date.parse(run.started_at), 0) / 1000 / done.length;
  const left = items.filter(({ state }) => state !== "succeeded").reduce((sum, { step, steps }) => sum + 1 - (steps ? step / steps : 0), 0);
  assert.ok(took >= 2 && left > 9, `${took} s, ${left} runs`);
  assert.ok(Math.abs(said / (took * left / 2) - 1) < 0.03, `the daemon says ${said} s; ${left} runs of ${took} s on 2 devices are left`);
  assert.ok(seconds <= said + 1 && seconds >= said - 10, `the page says ${seconds} s, the daemon ${said} s`);
  await page.waitForFunction((before) => Number(document.querySelector(".head .eta").textContent.match(/\d+/)) < before, Number(seconds) - 1);
  await page.locator(".head .eta").getByText("later than estimated").waitFor({ timeout: patience });
  await fetch(new URL(`api/v1/sweeps/${id}/actions/cancel`, daemon.url), { method: "POST" });
});

test("The colours follow the switch and are remembered", async () => {
  await page.getByLabel("Colours").selectOption("dark");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.reload();
  await page.locator("h1").first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await picture(page, "run-dark");
});

test("It works under a path behind a proxy", async () => {
  const proxy = await proxyUnder("/lab/sweetspot/", daemon.url);
  try {
    const behind = await newPage({}, new URL(proxy.url).origin);
    await behind.goto(`${proxy.url}#/sweeps/${sweep.id}`);
    await behind.locator("td.cell b.wer").first().waitFor();
    await behind.locator(".live-live").waitFor();
    for (const [name, hash] of screens()) {
      await visit(behind, proxy, hash);
      await loaded(behind);
      assert.equal(await behind.getByRole("alert").count(), 0, name);
    }
    await visit(behind, proxy, `#/sweeps/${sweep.id}`);
    await behind.getByRole("button", { name: "Edit tags and note" }).click();
    await behind.getByRole("textbox", { name: "Note", exact: true }).fill("from behind the proxy");
    await behind.getByRole("button", { name: "Save", exact: true }).first().click();
    await behind.locator(".labels .note").getByText("from behind the proxy").waitFor();
    const [saved] = await Promise.all([behind.waitForEvent("download"), behind.goto(`${proxy.url}#/sweeps/${sweep.id}?part=tables`)
      .then(() => behind.locator(".tables").getByRole("link", { name: "CSV" }).click())]);
    assert.equal(saved.suggestedFilename(), `${sweep.id}-wer.csv`);
    assert.deepEqual(behind.faults, []);
    await behind.context().close();
  } finally {
    await proxy.close();
  }
});

test("No request went to another host, and nothing was reported on the console", () => {
  assert.deepEqual(page.faults, []);
});

test("A lost daemon is said to be lost and since when, and found again", async () => {
  await open(page, `#/sweeps/${sweep.id}`);
  await page.locator(".live-live").waitFor();
  const lastSaid = Date.now();
  await fetch(new URL(`api/v1/sweeps/${sweep.id}`, daemon.url), { method: "PATCH", headers: { "Content-Type": "application/merge-patch+json" }, body: '{"note": "last words"}' });
  await page.locator(".labels .note").getByText("last words").waitFor();
  await daemon.stop();
  const gone = Date.now();
  await page.getByText("Connection lost").waitFor({ timeout: patience });
  await page.waitForTimeout(4000);
  const [, age] = (await page.locator(".banner").textContent()).match(/(\d+) s/);
  assert.ok(1000 * age >= Date.now() - gone - 2500 && 1000 * age <= Date.now() - lastSaid + 1000,
    `${age} s old; the daemon spoke last ${Date.now() - lastSaid} ms ago at most, and ${Date.now() - gone} ms at least`);
  assert.equal(await page.locator("td.cell b.wer").count(), 8, "what was shown stays");
  await picture(page, "lost");
  await daemon.restart();
  await page.locator(".live-live").waitFor({ timeout: patience });
  assert.equal(await page.getByText("Connection lost").count(), 0);
});

test("A sweep that runs while the daemon starts again is shown to its end, without a gap", async () => {
  daemon.script({ epochs: 2, steps: 20, step_ms: 25 });
  const over = await daemon.submit("over a restart");
  await open(page, `#/sweeps/${over.id}`);
  await page.waitForFunction(() => document.querySelectorAll('td.cell[data-state="succeeded"]').length >= 1, null, { timeout: patience });
  await page.evaluate(() => (window.sameDocument = true));
  await daemon.restart();
  await page.locator(".head .state-finished").waitFor({ timeout: patience });
  const { items } = await daemon.get(`runs?sweep=${over.id}`);
  await page.waitForFunction((wers) => [...document.querySelectorAll("td.cell b.wer")].map((cell) => cell.textContent.replace(/[★≈ ]/g, "")).sort().join() === wers,
    items.map((run) => (run.wer * 100).toFixed(1)).sort().join());
  assert.ok(await page.evaluate(() => window.sameDocument), "the page was loaded again");
});
