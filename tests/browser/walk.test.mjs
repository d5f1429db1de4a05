// The six steps of a review, by the keyboard alone and by touch: bring in, see the whole, walk through the findings,
// understand the cost, act, learn.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { Roundtrip } from "./support/roundtrip.mjs";

const DIFF = await readFile("public/samples/dashboard.diff", "utf8");
const TOOLBAR = await readFile("public/samples/toolbar-page.html", "utf8");

/** Tab until the element that has the focus fits; fails when it never does, or when the focus cannot be seen. */
async function tabTo(page, selector, { back = false, most = 60 } = {}) {
  for (let step = 0; step < most; step++) {
    await page.keyboard.press(back ? "Shift+Tab" : "Tab");
    const [fits, outline] = await page.evaluate((selector) => {
      const now = document.activeElement;
      const style = getComputedStyle(now);
      return [now.matches(selector), style.outlineStyle !== "none" || style.boxShadow !== "none" || now === document.body];
    }, selector);
    assert.ok(outline, `the focus on the way to ${selector} cannot be seen`);
    if (fits) return;
  }
  assert.fail(`no Tab leads to ${selector}`);
}

const focused = (page, selector) => page.evaluate((selector) => document.activeElement.matches(selector), selector);

test("the keyboard alone does all six steps", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();

    // Bring in: code and a log.
    await app.paste(DIFF);
    await app.finding("RT101").waitFor();
    await app.paste(TOOLBAR);
    await app.view("queries").waitFor();
    await page.keyboard.press("1");
    await app.entries.nth(1).waitFor();
    assert.ok(await focused(page, "main"));

    // See the whole.
    await page.keyboard.press("2");
    assert.match(await app.summary.textContent(), /\d+ round trips at N = 50, \d+ needless/);
    await page.keyboard.press("3");
    assert.match(await page.getByTestId("queries-summary").textContent(), /statements\s*\d+\s*needless\s*\d+/);

    // Walk: the list, the code with the SQL of a line, the finding.
    await page.keyboard.press("2");
    // It begins at the gravest.
    await page.keyboard.press("k");
    while (!(await focused(page, "[data-rule=RT101]"))) await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    assert.ok(await focused(page, "#code"));
    await app.row(29).waitFor();
    await tabTo(page, "[data-line='29'] .badge");
    await page.keyboard.press("Enter");
    await page.getByTestId("statement-line").first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("statement-line").first().waitFor({ state: "detached" });
    assert.ok(await focused(page, "[data-line='29'] .badge"));

    // Understand the cost.
    await tabTo(page, ".chart input[type=range]");
    const rows = page.locator(".chart-sliders b");
    // The slice of the sample has ten.
    assert.equal(await rows.textContent(), "10");
    await page.keyboard.press("Home");
    assert.equal(await rows.textContent(), "1");
    await tabTo(page, "[data-testid=latency-slider]");
    const before = await page.getByTestId("cost-time").textContent();
    await page.keyboard.press("End");
    assert.notEqual(await page.getByTestId("cost-time").textContent(), before);

    // Act: copy, decide, take along.
    await page.keyboard.press("c");
    await app.notices.getByText("The rewrite was copied").waitFor();
    assert.match(await app.clipboard(), /select_related/);
    await page.keyboard.press("a");
    assert.equal(await page.getByTestId("decide-accept").getAttribute("aria-pressed"), "true");
    await page.keyboard.press("/");
    await tabTo(page, "summary.button");
    await page.keyboard.press("Enter");
    await tabTo(page, "[data-testid=export-markdown]");
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    assert.equal(download.suggestedFilename(), "roundtrip.md");

    // Learn: what the rule is about, and back to the finding.
    await page.keyboard.press("/");
    await page.keyboard.press("Escape");
    await tabTo(page, "#panel .finding-head button");
    await page.keyboard.press("Enter");
    await app.view("rules").getByRole("heading", { name: "fk-in-loop" }).first().waitFor();
    assert.ok(await focused(page, "main"));
    await page.goBack();
    await app.view("review").waitFor();
    assert.equal(await app.finding("RT101").first().getAttribute("aria-current"), "true");
  }));

test("a finger does all six steps", () =>
  withPage(
    async ({ page }) => {
      const app = new Roundtrip(page);
      await app.started();
      await page.getByTestId("sample").filter({ hasText: "A diff of a dashboard" }).tap();
      await app.finding("RT101").waitFor();
      assert.match(await app.summary.textContent(), /needless/);
      await app.finding("RT101").tap();
      await app.row(29).getByTestId("badge").tap();
      await page.getByTestId("statement-line").first().waitFor();
      await page.getByRole("button", { name: "Details" }).tap();
      const slider = page.locator(".chart input[type=range]").first();
      const box = await slider.boundingBox();
      await page.touchscreen.tap(box.x + 4, box.y + box.height / 2);
      await page.locator(".chart-sliders b").getByText(/^[12]$/).waitFor();
      await page.getByTestId("decide-later").tap();
      assert.equal(await page.getByTestId("decide-later").getAttribute("aria-pressed"), "true");
      await app.copyRewrite().tap();
      await app.copyRewrite().getByText("Copied").waitFor();
      await app.panel.locator(".finding-head button").tap();
      await app.view("rules").getByRole("heading", { name: "fk-in-loop" }).first().waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px too wide`);
    },
    { contextOptions: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
  ));

test("a log is read from its worst request to its code by the keyboard", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.drop(resolve("public/samples/toolbar-page.html"));
    await app.view("queries").waitFor();
    await page.getByTestId("shape-row").first().waitFor();
    await tabTo(page, "[data-testid=log-finding]");
    await page.keyboard.press("Enter");
    await page.getByTestId("shape-panel").getByTestId("params").waitFor();
    await tabTo(page, "#shapes");
    await page.keyboard.press("End");
    const rows = page.getByRole("grid", { name: "Distinct statements" }).getByRole("row");
    assert.equal(await rows.last().getAttribute("aria-selected"), "true");
  }));
