// What people say of sweeps and runs, and how they find them again: tags, notes, views, and the first part of what is large.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { begin, picture, seriousFaults, until, visit } from "./suite.mjs";

const { daemon, newPage, end } = await begin();
let page, sweep, other;
const open = (hash, on = page) => visit(on, daemon, hash);
const listed = () => page.locator("main tr[data-row]").evaluateAll((rows) => rows.map((row) => row.dataset.row));
const waitForRows = (ids) => page.waitForFunction((wanted) =>
  [...document.querySelectorAll("main tr[data-row]")].map((row) => row.dataset.row).join() === wanted, ids.join());

before(async () => {
  page = await newPage();
  daemon.script({ epochs: 2, steps: 40, step_ms: 2, utterances: 5 });
  other = await daemon.submit("nothing to say");
  sweep = await daemon.submit("to be said something of");
  await until(daemon, `sweeps/${sweep.id}`, ({ state }) => state === "finished");
});
after(end);

async function say(tags, note) {
  await page.getByRole("button", { name: "Edit tags and note" }).click();
  await page.getByLabel("Tags, with commas between").fill(tags);
  await page.getByRole("textbox", { name: "Note", exact: true }).fill(note);
  await page.getByRole("button", { name: "Save", exact: true }).first().click();
}

test("A sweep's tags and note are written, kept, and found by in the list", async () => {
  await open(`#/sweeps/${sweep.id}`);
  await say("paper, first look,paper", "Longer than it looks.\n<b>No markup.</b>");
  await page.locator(".labels .note").getByText("<b>No markup.</b>").waitFor();
  assert.deepEqual((await daemon.get(`sweeps/${sweep.id}`)).tags, ["paper", "first look"]);
  await picture(page, "labels");
  await page.getByRole("link", { name: "first look" }).click();
  await waitForRows([sweep.id]);
  assert.match(page.url(), /tag=first%20look|tag=first\+look/);
  await page.getByRole("button", { name: /tagged first look/ }).click();
  await waitForRows([sweep.id, other.id]);
});

test("The list of sweeps is searched by the daemon, and the search is the address", async () => {
  await open("#/sweeps");
  await waitForRows([sweep.id, other.id]);
  await page.getByRole("searchbox").fill("NOTHING");
  await waitForRows([other.id]);
  await open(new URL(page.url()).hash);
  await waitForRows([other.id]);
  await page.getByRole("searchbox").fill("no such sweep");
  await waitForRows([]);
  await page.getByRole("searchbox").fill("");
  await waitForRows([sweep.id, other.id]);
});

test("A run's tags and note are written, and found by among its sweep's runs", async () => {
  const { items: [run] } = await daemon.get(`runs?sweep=${sweep.id}&limit=1`);
  await open(`#/runs/${run.id}`);
  await say("odd", "Look at this one.");
  await page.locator(".labels .note").getByText("Look at this one.").waitFor();
  await page.locator(".labels").getByRole("link", { name: "odd" }).click();
  await waitForRows([run.id]);
  await page.getByRole("button", { name: "No filter" }).click();
  await page.waitForFunction(() => document.querySelectorAll("main tr[data-row]").length === 8);
});

test("A label that the daemon refuses says why, and what was typed stays", async () => {
  await open(`#/sweeps/${other.id}`);
  await say("x".repeat(41), "kept");
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Note", exact: true }).inputValue(), "kept");
  await page.getByText("Saved views").click();
  assert.deepEqual(await seriousFaults(page), []);
  page.faults = page.faults.filter((fault) => !fault.includes("status of 422"));
});

test("A view is named, outlives a reload, opens again and is forgotten", async () => {
  await open(`#/sweeps/${sweep.id}?part=runs&language=da&sort=-wer`);
  await page.waitForFunction(() => document.querySelectorAll("main tr[data-row]").length === 4);
  const rows = await listed();
  await page.getByText("Saved views").click();
  await page.getByLabel("Save this view as").fill("worst Danish");
  await page.locator(".views").getByRole("button", { name: "Save" }).click();
  await open(`#/sweeps/${sweep.id}`);
  await page.getByText("Saved views (1)").click();
  await page.getByRole("link", { name: "worst Danish" }).click();
  await waitForRows(rows);
  assert.match(page.url(), new RegExp(`sweeps/${sweep.id}\\?.*language=da`));
  await open("#/sweeps");
  assert.equal(await page.getByText("Saved views (1)").count(), 0, "views of sweeps and of the list are apart");
  await open(`#/sweeps/${sweep.id}`);
  await page.getByText("Saved views (1)").click();
  await page.getByRole("button", { name: "Forget worst Danish" }).click();
  await page.getByText("Saved views", { exact: true }).waitFor();
});

test("Colours asked for in the address hold for this visit only", async () => {
  const visit = await newPage();
  await visit.goto(`${daemon.url}?theme=dark#/sweeps`);
  await visit.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await visit.goto(`${daemon.url}#/sweeps`);
  await visit.waitForFunction(() => document.documentElement.dataset.theme === "light");
  assert.deepEqual(visit.faults, []);
  await visit.context().close();
});

test("A run's files are saved as they are", async () => {
  const { items: [run] } = await daemon.get(`runs?sweep=${sweep.id}&limit=1`);
  await open(`#/runs/${run.id}`);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /utterances\.jsonl$/ }).click()]);
  assert.equal(saved.suggestedFilename(), `${run.id}-utterances.jsonl`);
  let text = "";
  for await (const bytes of await saved.createReadStream()) text += bytes;
  assert.equal(text.trim().split("\n").length, 5);
  assert.equal(JSON.parse(text.split("\n")[0]).reference, (await daemon.get(`runs/${run.id}/samples?limit=1`)).items[0].reference);
});

test("A run's page shows the norm of its gradient beside the loss", async () => {
  const { items: [run] } = await daemon.get(`runs?sweep=${sweep.id}&limit=1`);
  await open(`#/runs/${run.id}`);
  await page.getByRole("img", { name: /Norm of the gradient/ }).waitFor();
});

test("The devices say how busy they are", async () => {
  daemon.script({ epochs: 50, steps: 100, step_ms: 20 });
  const live = await daemon.submit("busy");
  await until(daemon, "devices", ({ items }) => items.some(({ utilization }) => utilization !== null));
  await open("#/devices");
  const row = page.locator('tr[data-row="cpu:0"]');
  await row.getByRole("progressbar", { name: "Load" }).waitFor();
  assert.match(await row.innerText(), /\d+ %[\s\S]*MiB of .*GiB/);
  await fetch(new URL(`api/v1/sweeps/${live.id}/actions/cancel`, daemon.url), { method: "POST" });
});

test("Of a sweep of 3,000 cells the first rows are shown, and all when asked", async () => {
  const cells = (encoder) => Array.from({ length: 1000 }, (_, i) => ({
    encoder, language: ["da", "nl"][i % 2], lora: i % 4 > 1, layers: 1 + (Math.floor(i / 4) % 25), seed: Math.floor(i / 100), wer: 0.05 + (i % 37) / 100,
  }));
  const large = await daemon.post("results", { name: "large", source: "made up", cells: cells("a") });
  for (const encoder of ["b", "c"]) await daemon.post("results", { name: "large", into: large.id, source: "made up", cells: cells(encoder) });
  await open(`#/sweeps/${large.id}`);
  await page.getByText("The first 20 of 60 rows are shown.").waitFor();
  await page.waitForFunction((n) => document.querySelectorAll("td.cell b.wer").length === n, 2 * 20 * 25);
  await page.getByRole("button", { name: "Show all" }).click();
  await page.waitForFunction((n) => document.querySelectorAll("td.cell b.wer").length === n, 2 * 60 * 25);
  assert.match(page.url(), /rows=all/);
});

test("No request went to another host, and nothing was reported on the console", () => {
  assert.deepEqual(page.faults, []);
});
