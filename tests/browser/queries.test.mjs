// What a saved toolbar page comes to in Queries: its requests, their waterfall, the statements and all that is known.

import assert from "node:assert/strict";
import { test } from "node:test";
import { resolve } from "node:path";
import { withPage } from "./support/browser.mjs";
import { Roundtrip } from "./support/roundtrip.mjs";

const TOOLBAR = resolve("public/samples/toolbar-page.html");

const withLog = (act) =>
  withPage(async (given) => {
    const app = new Roundtrip(given.page);
    await app.view("inputs").waitFor();
    await app.drop(TOOLBAR);
    await app.view("queries").waitFor();
    await given.page.getByTestId("shape-row").first().waitFor();
    await act({ ...given, app });
  });

test("an N+1 is one bar, and leads to its parameters and its stack", () =>
  withLog(async ({ page }) => {
    const cluster = page.getByTestId("cluster").first();
    await cluster.waitFor();
    assert.match(await cluster.textContent(), /×5/);
    await cluster.getByRole("button").click();
    const panel = page.getByTestId("shape-panel");
    await panel.getByTestId("params").waitFor();
    assert.ok((await panel.getByTestId("params").getByRole("row").count()) > 0);
    assert.match(await panel.getByTestId("stacks").textContent(), /\.py:\d+/);
    assert.match(await panel.getByTestId("panel-findings").textContent(), /5 times/);
    assert.equal(await page.locator("[data-testid=shape-row][aria-selected=true]").count(), 1);
    assert.equal(await page.locator("[data-testid=log-finding][aria-current]").count(), 1);
  }));

test("the table sorts by its headers and filters by words", () =>
  withLog(async ({ page }) => {
    const rows = page.getByTestId("shape-row");
    const all = await rows.count();
    const runs = async () =>
      (await rows.locator(".runs").allTextContents()).map((text) => Number(text.replace(/\D/g, "")));
    const header = page.getByRole("columnheader").filter({ has: page.getByTestId("sort-runs") });
    await page.getByTestId("sort-runs").click();
    await page.waitForFunction(() => document.querySelector("[role=columnheader].runs")?.ariaSort === "descending");
    await page.waitForTimeout(300);
    const falling = await runs();
    assert.deepEqual(falling, falling.toSorted((a, b) => b - a));
    await page.getByTestId("sort-runs").click();
    await page.waitForTimeout(300);
    assert.equal(await header.getAttribute("aria-sort"), "ascending");
    const rising = await runs();
    assert.deepEqual(rising, rising.toSorted((a, b) => a - b));

    await page.getByTestId("shape-filter").fill("count");
    await page.waitForTimeout(300);
    const kept = await rows.count();
    assert.ok(kept > 0 && kept < all, `${kept} of ${all}`);
    await page.getByTestId("shape-filter").fill("no such word");
    await page.getByText("No statement has all of these words.").waitFor();
  }));

test("the keyboard walks through the table", () =>
  withLog(async ({ page }) => {
    await page.getByRole("grid", { name: "Distinct statements" }).focus();
    const chosen = () => page.locator("[data-testid=shape-row][aria-selected=true]").getAttribute("aria-rowindex");
    await page.keyboard.press("Home");
    await page.waitForFunction(() => document.querySelector("[data-testid=shape-row][aria-selected=true]"));
    assert.equal(await chosen(), "2");
    await page.keyboard.press("j");
    assert.equal(await chosen(), "3");
    await page.keyboard.press("ArrowUp");
    assert.equal(await chosen(), "2");
  }));

test("a narrow screen shows one part at a time", () =>
  withPage(
    async ({ page }) => {
      const app = new Roundtrip(page);
      await app.view("inputs").waitFor();
      await app.drop(TOOLBAR);
      await page.getByTestId("request-row").first().click();
      await page.getByTestId("shape-row").first().click();
      await page.getByTestId("shape-panel").waitFor();
      assert.ok(!(await page.getByTestId("request-row").first().isVisible()));
      await page.getByTestId("back").locator("visible=true").click();
      await page.getByTestId("shape-row").first().waitFor();
      await page.getByTestId("back").locator("visible=true").click();
      await page.getByTestId("request-row").first().waitFor();
    },
    { contextOptions: { viewport: { width: 390, height: 800 } } },
  ));

test("where the time goes is drawn, with a table behind it that leads on", () =>
  withLog(async ({ page }) => {
    await page.getByRole("button", { name: "Where the time goes" }).click();
    const costs = page.getByTestId("costs");
    const rows = costs.getByRole("table").first().locator("tbody tr");
    await rows.first().waitFor();
    const shares = (await rows.locator("td:nth-child(3)").allTextContents()).map(Number.parseFloat);
    const sum = shares.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 100) < 1.5, `${shares}`);
    assert.deepEqual(shares, shares.toSorted((a, b) => b - a));
    const tiles = page.getByTestId("treemap").locator(".tile");
    assert.equal(await tiles.count(), await rows.count());
    const areas = await tiles.evaluateAll((all) => all.map((tile) => tile.offsetWidth * tile.offsetHeight));
    assert.ok(areas[0] >= areas.at(-1), `${areas}`);
    await rows.first().getByRole("button").click();
    await page.getByTestId("shape-panel").getByTestId("params").waitFor();
  }));

/** What the recorder writes of one request, with so many fetches in its loop. */
function recording(fetches) {
  const lines = [
    { roundtrip: 1, python: "3.11.7", django: "5.2", sqlalchemy: null, pid: 1 },
    { run: "1", name: "GET /topics/", kind: "request", at: 1.5 },
    { sql: "SELECT id, forum_id FROM topic WHERE poster_id = %s", params: [1], us: 400, start: 1000, tx: false, stack: [] },
  ];
  for (let id = 0; id < fetches; id++) {
    lines.push({ sql: "SELECT id, name FROM forum WHERE id = %s", params: [id], us: 90, start: 2000 + id * 200, tx: true, stack: [] });
  }
  return lines.map((line) => JSON.stringify(line) + "\n").join("");
}

test("two captures are compared once one of them is said to be of before", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    const file = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
    await page.getByTestId("pick-files").setInputFiles([file("then.jsonl", recording(20)), file("now.jsonl", recording(1))]);
    await app.view("queries").waitFor();
    await app.go("inputs");
    await page.getByTestId("before").first().check();
    await page.getByTestId("go-queries").getByText("2", { exact: true }).waitFor();
    await app.go("queries");
    const compared = page.getByTestId("compared");
    await compared.getByRole("heading", { name: "1 finding was fixed, 0 came new" }).waitFor();
    assert.match(await compared.getByTestId("went").textContent(), /fk-in-loop|query-in-loop/);
    const endpoint = compared.getByRole("row").filter({ hasText: "GET /topics/" });
    assert.match(await endpoint.textContent(), /21 → 2/);
    assert.match(await compared.getByRole("row").filter({ hasText: "FROM forum" }).textContent(), /20 → 1/);
    await page.getByTestId("queries-summary").getByText("1 fixed, 0 new").waitFor();
    // Back to one review when neither is.
    await app.go("inputs");
    await page.getByTestId("before").first().uncheck();
    await page.getByTestId("go-queries").getByText("23", { exact: true }).waitFor();
  }));

test("what ran in a transaction is marked in the waterfall", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    await page.getByTestId("pick-files").setInputFiles([
      { name: "now.jsonl", mimeType: "text/plain", buffer: Buffer.from(recording(20)) },
    ]);
    await page.getByTestId("cluster").waitFor();
    assert.match(await page.getByTestId("cluster").getAttribute("class"), /in-transaction/);
    assert.doesNotMatch((await page.getByTestId("lane").getAttribute("class")) ?? "", /in-transaction/);
    await page.getByText(/20 in transactions/).waitFor();
  }));
