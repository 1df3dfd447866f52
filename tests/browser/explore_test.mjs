// What a reader does with results: charts, filters, rules, comparison, files. Every choice is in the address.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { asPercent, begin, hear, loaded, lookAtAll, patience, picture, screensOf, until, visit, zoomInto } from "./suite.mjs";

const { daemon, newPage, end } = await begin();
let page, sweep, runs;
const open = (hash, on = page) => visit(on, daemon, hash);

before(async () => {
  page = await newPage({ acceptDownloads: true });
  daemon.script({ epochs: 3, steps: 40, step_ms: 1, utterances: 60 });
  sweep = await daemon.submit("explored");
  await until(daemon, `sweeps/${sweep.id}`, ({ state }) => state === "finished");
  runs = (await daemon.get(`runs?sweep=${sweep.id}`)).items;
});
after(end);

test("The rule's slider asks the daemon, and its answer stays in the address", async () => {
  await open(`#/sweeps/${sweep.id}`);
  await page.locator(".spot .verdict").first().waitFor();
  await page.getByRole("slider", { name: "within" }).fill("30");
  await page.getByLabel("prefer fewest").selectOption("params");
  const asked = "rule=within&within=0.3&prefer=params";
  const { summary, definition } = await daemon.get(`sweeps/${sweep.id}/tables/sweet-spot?${asked}`);
  const shows = (on) => on.waitForFunction(([text, rule]) => document.querySelector(".spot .verdict")?.textContent === text &&
    document.querySelector(".spot .definition").textContent === `${rule}.`, [summary.encoders[0].text, definition.split(". ")[0]]);
  await shows(page);
  const again = await newPage();
  await again.goto(page.url());
  await shows(again);
  assert.equal(await again.getByRole("slider", { name: "within" }).inputValue(), "30");
  await again.context().close();
});

test("The front shows every configuration, and marks those that the daemon calls best", async () => {
  await open(`#/sweeps/${sweep.id}?part=charts`);
  const { summary: { pareto } } = await daemon.get(`sweeps/${sweep.id}/tables/sweet-spot`);
  await page.locator(".front .point").first().waitFor();
  for (const [cost, best] of [["params", "best_for_params"], ["real_time_factor", "best_for_speed"]]) {
    await page.getByRole("combobox", { name: "Cost" }).selectOption(cost);
    const known = pareto.filter((point) => point[cost] !== null);
    await page.waitForFunction((n) => document.querySelectorAll(".front .point").length === n, known.length);
    assert.equal(await page.locator(".front .point.best").count(), known.filter((point) => point[best]).length);
  }
});

test("Parallel coordinates keep the runs that were asked for, by click and by arrow keys", async () => {
  await open(`#/sweeps/${sweep.id}?part=charts`);
  const inside = () => page.locator(".parallel .line:not(.out)").count();
  await page.locator(".parallel .line").first().waitFor();
  assert.equal(await inside(), 8);
  await page.getByRole("button", { name: "Language da" }).click();
  await page.getByText("4 of 8 runs kept").waitFor();
  await page.getByRole("slider", { name: "Highest WER" }).focus();
  for (let i = 0; i < 50; ++i) await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => document.querySelectorAll(".parallel .line:not(.out)").length < 4);
  const kept = await inside();
  await page.reload();
  await page.locator(".parallel .line").first().waitFor();
  assert.equal(await inside(), kept);
});

test("The pivot table holds each run's own figure", async () => {
  await open(`#/sweeps/${sweep.id}?part=charts`);
  await page.getByLabel("Across").selectOption("language");
  const table = page.locator('table[data-table="pivot"]');
  await table.getByRole("columnheader", { name: "en" }).waitFor();
  const cells = await table.locator("td a").evaluateAll((links) => links.map((link) => [link.getAttribute("href").split("/").pop(), link.textContent]));
  assert.deepEqual(Object.fromEntries(cells), Object.fromEntries(runs.map((run) => [run.id, asPercent(run.wer)])));
});

test("Filters, order and pages of the runs are the daemon's, and an address restores them", async () => {
  await open(`#/sweeps/${sweep.id}?part=runs`);
  await page.locator('table[data-table="runs"]').waitFor();
  await page.getByRole("button", { name: "da", exact: true }).click();
  await page.getByRole("button", { name: "WER", exact: true }).click();
  const { items } = await daemon.get(`runs?sweep=${sweep.id}&language=da&sort=wer`);
  const listed = (on) => on.waitForFunction((ids) =>
    [...document.querySelectorAll('table[data-table="runs"] tbody tr')].map((row) => row.dataset.row).join() === ids, items.map((run) => run.id).join());
  await listed(page);
  const again = await newPage();
  await again.goto(page.url());
  await listed(again);
  assert.equal(await again.getByRole("button", { name: "da", exact: true }).getAttribute("aria-pressed"), "true");
  assert.equal(await again.locator('th[aria-sort="ascending"]').count(), 1);
  await again.context().close();
});

test("Two runs are ticked and compared by keyboard: what differs, and utterance by utterance", async () => {
  const [one, two] = [true, false].map((lora) => runs.find((run) => run.language === "da" && run.layers === 2 && run.lora === lora));
  await open(`#/sweeps/${sweep.id}?part=runs`);
  for (const run of [one, two]) {
    await page.locator(`tr[data-row="${run.id}"] a`).focus();
    await page.keyboard.press("x");
  }
  await page.keyboard.press("c");
  await page.waitForURL(`**/#/compare?runs=${one.id},${two.id}`);
  const settings = page.locator('table[data-table="settings"]');
  await settings.waitFor();
  const names = await settings.locator("tbody th").allTextContents();
  assert.ok(names.includes("lora.r") && !names.includes("layers") && !names.includes("language"), names.join());
  const page_of = (sort) => daemon.get(`runs/${one.id}/differences?with=${two.id}&limit=20&sort=${encodeURIComponent(sort)}`);
  for (const sort of ["-change", "change"]) {
    const { items, better, worse, same } = await page_of(sort);
    assert.equal(better + worse + same, 60);
    await page.locator("section:has(#differences-title) select").selectOption(sort);
    await page.waitForFunction((id) => document.querySelector(".samples .id")?.textContent === id, items[0].id);
    await page.getByText(`${two.id} heard ${better} better, ${worse} worse and ${same} as well.`).waitFor();
    const letters = await page.locator(".samples li").first().locator(".heard").evaluateAll((all) =>
      all.map((heard) => [...heard.querySelectorAll(".letter")].map((letter) => letter.textContent || "H").join("")));
    assert.deepEqual(letters, [items[0].here.alignment, items[0].there.alignment]);
  }
  await picture(page, "compare");
});

test("Charts and tables are saved as files", async () => {
  const saved = async (kind, name) => {
    const button = page.getByRole("button", { name: `Save as ${kind}: ${name}` });
    if (!(await button.isVisible())) await page.locator("summary").getByText(`Export ${name}`, { exact: true }).press("Enter");
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    return [download.suggestedFilename(), readFileSync(await download.path())];
  };
  await open(`#/sweeps/${sweep.id}?part=charts`);
  await page.locator(".front .point").first().waitFor();
  const [svgName, svg] = await saved("SVG", `${sweep.id}-front`);
  assert.equal(svgName, `${sweep.id}-front.svg`);
  assert.match(String(svg), /^<svg[^>]*xmlns[\s\S]*Parameters of encoder/);
  const [, png] = await saved("PNG", `${sweep.id}-parallel`);
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  assert.ok(png.length > 5000, `${png.length} bytes`);
  const [, csv] = await saved("CSV", `${sweep.id}-pivot`);
  assert.equal(String(csv).trim().split("\r\n").length, 5, String(csv));
  const [, latex] = await saved("LaTeX", `${sweep.id}-pivot`);
  assert.match(String(latex), /\\toprule[\s\S]*\\% \\\\[\s\S]*\\bottomrule/);
  await open(`#/sweeps/${sweep.id}?part=runs&sort=wer`);
  await page.locator("tr[data-row]").first().waitFor();
  const { items } = await daemon.get(`runs?sweep=${sweep.id}&sort=wer`);
  const [, table] = await saved("Markdown", "runs");
  const lines = String(table).trim().split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  assert.deepEqual(lines[0].slice(1, 7), ["Run", "State", "Layers", "Language", "LoRA", "WER"]);
  assert.deepEqual(lines.slice(2).map((line) => [line[1], line[2], line[6]]), items.map((run) => [run.id, "succeeded", asPercent(run.wer)]));
  await open(`#/runs/${runs[0].id}`);
  await page.locator("section:has(#epochs-title) canvas").waitFor();
  const [, curve] = await saved("SVG", `${runs[0].id}-validation`);
  assert.match(String(curve), /<polyline[^>]*points="[\d.]+,[\d.]+ /);
});

test("A sound is played, drawn and sought", async () => {
  await open(`#/runs/${runs[0].id}`);
  await page.route("**/samples/*/audio", (route) => route.fulfill({ contentType: "audio/wav", body: tone() }));
  await page.locator(".player button").first().click();
  const waveform = page.locator(".waveform").first();
  await waveform.waitFor();
  assert.match(await waveform.locator("path").getAttribute("d"), /^M0\.5 [\d.]+v[\d.]+M1\.5/);
  await waveform.focus();
  await page.keyboard.press("End");
  await page.waitForFunction(() => Number(document.querySelector(".waveform").getAttribute("aria-valuenow")) > 1.5);
  await page.unroute("**/samples/*/audio");
});

test("The API reference lists every operation of the contract", async () => {
  await open("#/api");
  const contract = await (await fetch(new URL("api/openapi.json", daemon.url))).json();
  const operations = Object.entries(contract.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  await page.locator(".operation").first().waitFor();
  const listed = await page.locator(".operation summary code").allTextContents();
  assert.deepEqual(operations.filter((operation) => !listed.includes(operation)), []);
  await page.getByLabel("Find").fill("differences");
  const found = page.locator(".operation:not([hidden])", { hasText: "differences" });
  await page.waitForFunction(() => document.querySelectorAll(".operation:not([hidden])").length < 5);
  await found.first().click();
  assert.ok((await page.locator(".operation[open] pre").textContent()).includes(`${daemon.url}api/v1/runs/{run}/differences?with=`));
});

test("A hundred live updates leave scroll, zoom, ticks, filter, focus and what is typed alone", async () => {
  daemon.script({ epochs: 30, steps: 30, step_ms: 15 });
  const live = await daemon.submit("live");
  await page.setViewportSize({ width: 1000, height: 500 });
  await open(`#/sweeps/${live.id}?part=runs&layers=4,2`);
  await page.getByRole("button", { name: "Edit tags and note" }).click();
  await page.getByRole("textbox", { name: "Note", exact: true }).fill("half a sente");
  await page.locator('tr[aria-selected] input').nth(3).click();
  await page.locator('tr[aria-selected] a').nth(4).focus();
  await page.evaluate(() => {
    window.scrollTo(0, 120);
    window.kept = document.querySelectorAll("tr[aria-selected]")[3];
    window.focused = document.activeElement;
    window.patches = 0;
    new MutationObserver((changes) => (window.patches += changes.length)).observe(document.querySelector("main"), { subtree: true, attributes: true, characterData: true, childList: true });
  });
  const url = page.url();
  const { items: [busy] } = await until(daemon, `runs?sweep=${live.id}&state=running`, ({ items }) => items.length > 0);
  const other = await newPage();
  await open(`#/runs/${busy.id}`, other);
  const { axis } = await zoomInto(other, "Training loss by optimiser step");
  const zoomed = await axis();
  const seen = await hear(page, daemon, 100);
  assert.ok(seen >= 100);
  await page.waitForFunction(() => window.patches > 10, null, { timeout: patience });
  const state = await page.evaluate(() => ({
    scroll: window.scrollY, row: window.kept.isConnected && window.kept.querySelector("input").checked, focus: document.activeElement === window.focused,
  }));
  assert.deepEqual(state, { scroll: 120, row: true, focus: true });
  assert.equal(await page.getByRole("textbox", { name: "Note", exact: true }).inputValue(), "half a sente");
  assert.equal(await axis(), zoomed);
  await other.context().close();
  assert.equal(page.url(), url);
  await fetch(new URL(`api/v1/sweeps/${live.id}/actions/cancel`, daemon.url), { method: "POST" });
});

test("A run says where its time went, and a sweep what its runs add up to", async () => {
  const spent = page.getByRole("region", { name: "Where the time went" });
  const shown = async () => (await spent.getByRole("listitem").allInnerTexts()).map((line) => line.replace(/\s+/g, " ").trim());
  const figures = (timing, kinds) => Object.entries(kinds).filter(([kind]) => timing[kind] > 0)
    .map(([kind, word]) => `■ ${word} ${timing[kind].toFixed(1)} s ${asPercent(timing[kind] / timing.total, 0)}`);
  const kinds = { audio: "reading audio", encode: "encoding", train: "training", validate: "validating", test: "testing", other: "loading" };
  await open(`#/runs/${runs[0].id}`);
  await spent.waitFor();
  assert.deepEqual(await shown(), figures((await daemon.get(`runs/${runs[0].id}`)).timing, kinds));
  await open(`#/sweeps/${sweep.id}?part=charts`);
  await spent.waitFor();
  const timing = await daemon.get(`sweeps/${sweep.id}/timing`);
  assert.equal(timing.runs, 8);
  assert.deepEqual(await shown(), figures(timing, { ...kinds, unaccounted: "in no result" }));
  assert.ok((await spent.innerText()).includes(`saved about ${timing.saved.toFixed(1)} s`));
  const widths = await spent.locator(".bar span").evaluateAll((parts) => parts.reduce((sum, part) => sum + part.getBoundingClientRect().width, 0) / parts[0].parentElement.clientWidth);
  assert.ok(widths > 0.99, `the parts fill ${widths} of the bar`);
});

test("No screen has a serious fault of accessibility, light or dark", async () => {
  daemon.script({ epochs: 1, steps: 2, step_ms: 1, faults: [{ layers: 2, language: "da", do: "diverged" }] });
  const failed = await daemon.submit("failed");
  await until(daemon, `sweeps/${failed.id}`, ({ state }) => state === "finished_with_failures");
  const screens = [...screensOf(sweep.id, runs[0].id, runs[1].id), ["failures", `#/sweeps/${failed.id}`]];
  for (const colorScheme of ["light", "dark"]) await lookAtAll(newPage, daemon, screens, { colorScheme }, `1280-${colorScheme}`);
});

test("Every choice on every screen is in its address", async () => {
  const chosen = () => [...document.querySelectorAll("main :is(select, input:not([type=search], [type=text]))")]
    .map((one) => (one.type === "checkbox" ? one.checked : one.value)).join();
  for (const [name, hash] of screensOf(sweep.id, runs[0].id, runs[1].id).filter(([name]) => !["file", "submit", "sweeps", "devices", "api"].includes(name))) {
    await open(hash);
    await loaded(page);
    const before = await page.evaluate(chosen);
    for (const select of await page.locator("main select").all()) {
      await select.selectOption({ index: (await select.locator("option").count()) - 1 });
      await page.waitForTimeout(100);
    }
    for (const tick of (await page.locator("main tr[aria-selected] input").all()).slice(1, 3)) await tick.click();
    for (const slider of await page.locator("main input[type=range]").all()) await slider.fill(await slider.getAttribute("max"));
    const after = await page.evaluate(chosen);
    assert.notEqual(after, before, name);
    const again = await newPage();
    await again.goto(page.url());
    await loaded(again);
    for (let i = 0; i < 30 && await again.evaluate(chosen) !== after; ++i) await again.waitForTimeout(100);
    assert.equal(await again.evaluate(chosen), after, name);
    await again.context().close();
  }
});

test("Of the settings the table of runs shows those that vary; others when asked, and again in this browser", async () => {
  const reader = await newPage();
  await open(`#/sweeps/${sweep.id}?part=runs`, reader);
  const heads = () => reader.locator('table[data-table="runs"] thead th').allInnerTexts().then((all) => all.map((head) => head.replace(/[\s↕▲▼]+$/, "")));
  await reader.locator("tr[data-row]").first().waitFor();
  assert.deepEqual(await heads(), ["", "Run", "State", "Layers", "Language", "LoRA", "WER", "Val. WER", "Took", "Device", "Ended"]);
  await reader.getByText("In all of them: Encoder tiny-encoder, Seed 42.").waitFor();
  await reader.getByText("Columns", { exact: true }).click();
  await reader.getByRole("checkbox", { name: "Encoder" }).check();
  await reader.getByRole("checkbox", { name: "Device" }).uncheck();
  const wanted = ["", "Run", "State", "Encoder", "Layers", "Language", "LoRA", "WER", "Val. WER", "Took", "Ended"];
  assert.deepEqual(await heads(), wanted);
  const url = reader.url();
  await open(`#/sweeps/${sweep.id}?part=runs`, reader);
  await reader.locator("tr[data-row]").first().waitFor();
  assert.deepEqual(await heads(), wanted, "remembered");
  await open(new URL(url).hash);
  await page.locator("tr[data-row]").first().waitFor();
  assert.equal(await page.locator('table[data-table="runs"] thead th').count(), wanted.length, "and in the address");
  await reader.context().close();
});

test("An answer that takes longer than events are apart is shown all the same", async () => {
  daemon.script({ epochs: 30, steps: 30, step_ms: 15 });
  const { id } = await daemon.submit("eventful");
  const reader = await newPage();
  await reader.route("**/tables/sweet-spot", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await route.continue().catch(() => undefined);  // where it is no longer wanted
  });
  const chatter = setInterval(() => fetch(new URL(`api/v1/sweeps/${id}`, daemon.url), {
    method: "PATCH", headers: { "Content-Type": "application/merge-patch+json" }, body: JSON.stringify({ note: String(Math.random()) }),
  }), 300);
  await open(`#/sweeps/${id}`, reader);
  await reader.locator(".spot").waitFor();
  clearInterval(chatter);
  await reader.context().close();
  await fetch(new URL(`api/v1/sweeps/${id}/actions/cancel`, daemon.url), { method: "POST" });
});

test("What could not be loaded is asked for again when told to", async () => {
  const reader = await newPage();
  await reader.route(`**/api/v1/runs/${runs[0].id}`, (route) => route.fulfill({ status: 500, contentType: "application/problem+json",
    body: JSON.stringify({ detail: "The daemon failed to answer this.", hint: "Look for the request id in its log.", request_id: "q7" }) }));
  await reader.goto(`${daemon.url}#/runs/${runs[0].id}`);
  for (const said of ["The daemon failed to answer this.", "Look for the request id", "Request q7"]) await reader.getByRole("alert").getByText(said).waitFor();
  await reader.unroute(`**/api/v1/runs/${runs[0].id}`);
  await reader.getByRole("button", { name: "Try again" }).click();
  await reader.locator(".tile.strong").waitFor();
  await reader.context().close();
});

test("The content policy lets the page ask no other host, and run nothing that is not its own", async () => {
  const reader = await newPage();
  await open("#/sweeps", reader);
  const broken = await reader.evaluate(async () => {
    const seen = [];
    document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
    await fetch("http://127.0.0.1:9/").catch(() => undefined);
    document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/picture.png" }), Object.assign(document.createElement("script"), { textContent: "window.foreign = true" }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { seen, ran: window.foreign === true };
  });
  assert.deepEqual({ ...broken, seen: [...new Set(broken.seen)].sort() }, { seen: ["connect-src", "img-src", "script-src-elem"], ran: false });
  await reader.context().close();
});

test("No request went to another host, and nothing was reported on the console", () => {
  assert.deepEqual(page.faults, []);
});

/** Two seconds of a tone as WAV. */
function tone() {
  const rate = 8000, samples = 2 * rate;
  const bytes = Buffer.alloc(44 + 2 * samples);
  bytes.write("RIFF", 0); bytes.writeUInt32LE(36 + 2 * samples, 4); bytes.write("WAVEfmt ", 8); bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20); bytes.writeUInt16LE(1, 22); bytes.writeUInt32LE(rate, 24); bytes.writeUInt32LE(2 * rate, 28);
  bytes.writeUInt16LE(2, 32); bytes.writeUInt16LE(16, 34); bytes.write("data", 36); bytes.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; ++i) bytes.writeInt16LE(Math.round(20000 * Math.sin(i / 3) * (i / samples)), 44 + 2 * i);
  return bytes;
}
