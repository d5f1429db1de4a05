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
    const header = page.getByRole("columnheader", { name: "Runs" });
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
    await page.getByRole("grid", { name: "Fingerprints" }).focus();
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
