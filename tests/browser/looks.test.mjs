// How the page behaves before the eye: on paper, at the widths of a phone and of a wall, without motion, without jumps.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { Roundtrip } from "./support/roundtrip.mjs";

const DIFF = await readFile("public/samples/dashboard.diff", "utf8");
const TOOLBAR = resolve("public/samples/toolbar-page.html");

/** How far the page is wider than its window. */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test("on paper the findings, the code and the chosen finding follow each other, and nothing is cut off", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await app.finding("RT101").click();
    await app.row(29).waitFor();
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.setViewportSize({ width: 718, height: 1000 });
    const tops = [];
    for (const part of [app.summary, app.finding("RT101"), app.row(29), app.panel]) {
      await part.waitFor();
      tops.push((await part.boundingBox()).y);
    }
    assert.deepEqual(tops, tops.toSorted((a, b) => a - b));
    for (const pressed of [page.getByTestId("go-review"), page.getByTestId("filter"), app.copyRewrite()]) {
      assert.equal(await pressed.isVisible(), false);
    }
    assert.ok((await overflow(page)) <= 0, `${await overflow(page)} px too wide`);
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(ground, "rgb(255, 255, 255)");
  }));

for (const width of [320, 2560]) {
  test(`nothing is wider than a window of ${width} px`, () =>
    withPage(
      async ({ page }) => {
        const app = new Roundtrip(page);
        await app.started();
        const fits = async (where) => assert.ok((await overflow(page)) <= 0, `${where}: ${await overflow(page)} px too wide`);
        await fits("inputs");
        await app.paste(DIFF);
        await app.finding("RT101").click();
        await app.row(29).waitFor();
        await fits("review");
        await app.drop(TOOLBAR);
        await app.view("queries").waitFor();
        await fits("queries");
        await app.go("rules");
        await page.getByTestId("rule-row").first().click();
        await fits("rules");
        await app.go("inputs");
        await app.entries.first().waitFor();
        await fits("inputs with entries");
      },
      { contextOptions: { viewport: { width, height: 900 } } },
    ));
}

test("what is taken out stands as what is put in, in the code, side by side and in a rewrite", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await app.finding("RT101").click();
    await app.row(29).waitFor();
    const style = (selector) => page.locator(selector).first().evaluate((line) => {
      const { display, padding, gap, borderTopWidth } = getComputedStyle(line);
      return { display, padding, gap, borderTopWidth };
    });
    const alike = async (line) => assert.deepEqual(await style(`${line}.removed`), await style(`${line}.added`));
    await alike(".code .row");
    await alike(".panel .diff-line");
    await page.getByTestId("side-by-side").click();
    await alike(".code .half");
    const lines = app.panel.locator(".diff-line");
    assert.ok(await lines.evaluateAll((lines) => lines.every((line) => line.scrollWidth <= line.clientWidth)));
  }));

test("who wants no motion sees none", () =>
  withPage(
    async ({ page }) => {
      const app = new Roundtrip(page);
      await app.started();
      const moving = await page.evaluate(() =>
        [...document.querySelectorAll("*")].filter((element) => {
          const { transitionDuration, animationName } = getComputedStyle(element);
          return animationName !== "none" || transitionDuration.split(", ").some((duration) => parseFloat(duration) > 0);
        }).length);
      assert.equal(moving, 0);
    },
    { contextOptions: { reducedMotion: "reduce" } },
  ));

test("nothing jumps while results arrive", () =>
  withPage(async ({ page, site }) => {
    await page.addInitScript(() => {
      globalThis.jumps = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          if (!entry.hadRecentInput) jumps.push([entry.value, ...entry.sources.map(({ node }) => node?.className ?? "")]);
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(site.url);
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await app.row(29).waitFor();
    await app.drop(TOOLBAR);
    await page.getByTestId("shape-row").first().waitFor();
    await page.waitForTimeout(1_000);
    const jumps = await page.evaluate(() => globalThis.jumps);
    const sum = jumps.reduce((sum, [value]) => sum + value, 0);
    assert.ok(sum < 0.02, `${sum}: ${JSON.stringify(jumps)}`);
  }, { open: false }));
