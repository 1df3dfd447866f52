// Everything that the dashboard can change, each with what it says before and does after.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { begin, picture, until, visit, walkByKeyboard, write } from "./suite.mjs";

const { daemon, newPage, end } = await begin();
let page, spec;
const open = (hash) => visit(page, daemon, hash);
const sweepIs = (id, holds) => until(daemon, `sweeps/${id}`, holds);

before(async () => { page = await newPage(); });
after(end);

test("A sweep is checked as it is typed, and what it would do is said before", async () => {
  daemon.script({ epochs: 1, steps: 3, step_ms: 10 });
  const template = await daemon.submit("template");
  await sweepIs(template.id, ({ state }) => state === "finished");
  spec = (await daemon.get(`sweeps/${template.id}`)).spec;
  await open("#/submit");
  await page.getByLabel("Sweep file").focus();
  await write(page, JSON.stringify({ ...spec, name: 7, train: { epochs: 0 } }, null, 2).replace("{", "{ // by hand"));
  await page.locator(".faults").getByText("/train/epochs").waitFor();
  await page.locator(".faults").getByText("/name").waitFor();
  await write(page, `${JSON.stringify({ ...spec, name: "by keyboard", exclude: [{ layers: 2, language: "en" }] }, null, 2)}\n// done`);
  await page.getByText("6 runs:").waitFor();
  await page.getByText("2 cells are left out").waitFor();
  await page.getByText(/About .* on 2 devices, and .* of disk/).waitFor();
  await picture(page, "submit");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Submit 6 runs");
});

test("A sweep is submitted, watched, and its failure retried by keyboard alone", async () => {
  daemon.script({ epochs: 1, steps: 3, step_ms: 10, faults: [{ layers: 2, language: "da", lora: true, do: "diverged", attempts: 1 }] });
  await walkByKeyboard(page, daemon, { ...spec, name: "by keyboard" }, () => picture(page, "failures"));
});

test("A draft outlives a reload", async () => {
  await open("#/submit");
  await page.getByLabel("Sweep file").fill('{"name": "half');
  await page.reload();
  assert.equal(await page.getByLabel("Sweep file").inputValue(), '{"name": "half');
});

test("Pause, priority, resume and cancel do what they said, and only cancel asks", async () => {
  daemon.script({ epochs: 50, steps: 100, step_ms: 20 });
  const { id } = await daemon.submit("to be acted on");
  await open(`#/sweeps/${id}`);
  const button = (name) => page.locator(".head").getByRole("button", { name });
  await button("Pause").hover();
  await page.locator(".head .said").getByText("Nothing is lost").waitFor();
  await button("Pause").click();
  await sweepIs(id, ({ paused }) => paused);
  await page.locator(".head .state-paused").waitFor();
  await page.getByLabel("Priority").fill("7");
  await page.getByLabel("Priority").press("Enter");
  await sweepIs(id, ({ priority }) => priority === 7);
  await button("Resume").click();
  await sweepIs(id, ({ paused }) => !paused);
  await button(/^Cancel/).click();
  const asked = page.getByRole("alertdialog");
  assert.match(await asked.textContent(), /what they trained is lost/);
  await picture(page, "confirm");
  await page.keyboard.press("Escape");
  assert.equal(await asked.count(), 0);
  assert.notEqual((await daemon.get(`sweeps/${id}`)).state, "cancelled");
  await button(/^Cancel/).click();
  await asked.getByRole("button", { name: /^Cancel/ }).click();
  await sweepIs(id, ({ state }) => state === "cancelled");
  await button("Queue 8 cancelled again").click();
  await sweepIs(id, ({ counts }) => counts.cancelled === 0);
});

test("Ticked runs and ticked sweeps are acted on together", async () => {
  const [{ id }] = (await daemon.get("sweeps")).items;
  await open(`#/sweeps/${id}?part=runs`);
  const rows = page.locator('table[data-table="runs"] tbody tr');
  await rows.nth(7).waitFor();
  await rows.nth(2).getByRole("checkbox").click();
  await rows.nth(5).getByRole("checkbox").click({ modifiers: ["Shift"] });
  await page.getByRole("button", { name: "Cancel 4 runs" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel 4 runs" }).click();
  await sweepIs(id, ({ counts }) => counts.cancelled === 4);
  await page.getByText("4 runs changed.").waitFor();
  await page.getByRole("button", { name: "Untick 4" }).click();

  await open("#/sweeps");
  await page.locator(`tr[data-row="${id}"]`).getByRole("checkbox").click();
  await page.getByRole("button", { name: "Pause" }).click();
  await sweepIs(id, ({ paused }) => paused);
  await page.locator(`tr[data-row="${id}"] .state-paused`).waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await sweepIs(id, ({ paused }) => !paused);
  await page.getByRole("button", { name: /^Cancel/ }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: /^Cancel/ }).click();
  await sweepIs(id, ({ state }) => state === "cancelled");
});

test("One run is cancelled and queued again on its page", async () => {
  const { id } = await daemon.submit("single");
  const { items: [run] } = await daemon.get(`runs?sweep=${id}&state=queued&limit=1`);
  await open(`#/runs/${run.id}`);
  await page.locator(".head").getByRole("button", { name: "Cancel 1 run" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel 1 run" }).click();
  await until(daemon, `runs/${run.id}`, ({ state }) => state === "cancelled");
  await page.locator(".head").getByRole("button", { name: "Retry 1 run" }).click();
  await until(daemon, `runs/${run.id}`, ({ state }) => state !== "cancelled");
  await fetch(new URL(`api/v1/sweeps/${id}/actions/cancel`, daemon.url), { method: "POST" });
});

test("A device is drained and taken back", async () => {
  await open("#/devices");
  const row = page.locator('tr[data-row="cpu:1"]');
  await row.getByRole("button", { name: "Drain" }).click();
  await row.getByText("drained", { exact: false }).first().waitFor();
  assert.equal((await daemon.get("devices")).items.find(({ name }) => name === "cpu:1").drained, true);
  await picture(page, "devices");
  await row.getByRole("button", { name: "Take back" }).click();
  await until(daemon, "devices", ({ items }) => items.every(({ drained }) => !drained));
});

test("An action that fails says why", async () => {
  daemon.script({ epochs: 50, steps: 100, step_ms: 20 });
  const { id } = await daemon.submit("gone");
  await open(`#/sweeps/${id}`);
  await page.locator(".head").getByRole("button", { name: "Pause" }).waitFor();
  await page.route("**/actions/pause", (route) => route.fulfill({ status: 503, contentType: "application/problem+json",
    body: JSON.stringify({ detail: "The store cannot be written.", hint: "Free some disk.", request_id: "q1" }) }));
  await page.locator(".head").getByRole("button", { name: "Pause" }).click();
  await page.mouse.move(0, 0);
  await page.locator(".head .said").getByText("The store cannot be written. Free some disk.").waitFor();
  await page.unroute("**/actions/pause");
  await fetch(new URL(`api/v1/sweeps/${id}/actions/cancel`, daemon.url), { method: "POST" });
});

test("No request went to another host, and nothing was reported on the console", () => {
  assert.deepEqual(page.faults.filter((fault) => !/status of (422|503)/.test(fault)), [], "but for the refusals that were wanted");
});
