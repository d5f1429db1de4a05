// What axe finds on each view, in both themes, on a desktop and on a phone: nothing.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { Roundtrip } from "./support/roundtrip.mjs";

const AXE = await readFile("node_modules/axe-core/axe.min.js", "utf8");
const DIFF = await readFile("public/samples/dashboard.diff", "utf8");
const TOOLBAR = resolve("public/samples/toolbar-page.html");
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** What axe complains of, one line each; none where all is well. */
async function complaints(page) {
  // By the debugger, as an extension of the browser does: the page's policy lets no script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}

async function isClean(page, where) {
  assert.deepEqual(await complaints(page), [], where);
}

async function review(app) {
  await app.paste(DIFF);
  await app.finding("RT101").waitFor();
}

async function log(app) {
  await app.drop(TOOLBAR);
  await app.view("queries").waitFor();
}

for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colorScheme of ["light", "dark"]) {
    const look = (act) => withPage(
      async ({ page }) => {
        const app = new Roundtrip(page);
        await app.started();
        await act(page, app);
      },
      { contextOptions: { viewport, colorScheme, reducedMotion: "reduce" } },
    );
    const name = `${device}, ${colorScheme}`;

    test(`Inputs, empty and filled: ${name}`, () =>
      look(async (page, app) => {
        await app.view("inputs").waitFor();
        await isClean(page, "empty");
        await page.keyboard.press("?");
        await page.getByTestId("help").waitFor();
        await isClean(page, "the sheet of keys");
        await page.keyboard.press("Escape");
        await review(app);
        await app.go("inputs");
        await app.entries.first().waitFor();
        await isClean(page, "filled");
      }));

    test(`Review, its finding and its SQL: ${name}`, () =>
      look(async (page, app) => {
        await review(app);
        await app.finding("RT101").click();
        await app.row(29).getByTestId("badge").click();
        await page.getByTestId("statement-line").first().waitFor();
        await isClean(page, "the code");
        if (device === "desktop") {
          await page.getByTestId("side-by-side").click();
          await page.locator(".row.pair").first().waitFor();
          await isClean(page, "side by side");
        } else {
          await page.getByRole("button", { name: "Details" }).click();
          await isClean(page, "the finding");
          await page.getByRole("button", { name: "‹ Code" }).click();
          await page.getByRole("button", { name: "‹ Findings" }).click();
          await isClean(page, "the list");
        }
      }));

    test(`Queries and its parts: ${name}`, () =>
      look(async (page, app) => {
        await log(app);
        if (device === "phone") {
          await isClean(page, "the requests");
          await page.getByTestId("request-row").first().click();
        }
        await page.getByTestId("shape-row").first().waitFor();
        await isClean(page, "the statements");
        await page.getByRole("button", { name: "Where the time goes" }).click();
        await page.getByTestId("costs").getByRole("row").first().waitFor();
        await isClean(page, "where the time goes");
        await page.getByRole("button", { name: "Statements", exact: true }).click();
        await page.getByTestId("shape-row").first().click();
        await page.getByTestId("params").waitFor();
        await isClean(page, "a statement");
      }));

    test(`Rules, the list and one of them: ${name}`, () =>
      look(async (page, app) => {
        await app.go("rules");
        await page.getByTestId("rule-row").first().waitFor();
        await isClean(page, "the list");
        await page.getByTestId("rule-row").first().click();
        await isClean(page, "a rule");
      }));
  }
}
