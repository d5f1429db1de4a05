// The catalogue: found, read, and tried out.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { Roundtrip, kept } from "./support/roundtrip.mjs";

test("a rule is found by what it is about, and its example is tried out in place, beside the workspace", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste("from django.db import models\n\n\nclass Forum(models.Model):\n    pass\n");
    await app.view("review").waitFor();
    await app.go("rules");
    const rows = page.getByTestId("rule-row");
    await rows.first().waitFor();
    const all = await rows.count();
    await page.getByTestId("rule-filter").fill("select_related fk-in-loop");
    await rows.filter({ hasText: "RT101" }).waitFor();
    assert.ok((await rows.count()) < all);
    await rows.filter({ hasText: "RT101" }).click();
    const rule = page.getByTestId("rule");
    await rule.getByText("Flagged").first().waitFor();
    await rule.getByTestId("try-it").first().click();
    const found = rule.getByTestId("try-finding");
    await found.filter({ hasText: "RT101" }).waitFor();
    await found.getByText("select_related").first().waitFor();
    const text = rule.getByTestId("try-text");
    await text.fill((await text.inputValue()).replace(/^.*RT101$/gm, ""));
    await rule.getByTestId("try-clean").waitFor();
    await text.fill("def broken(:\n");
    await rule.getByTestId("try-clean").waitFor();
    await app.go("inputs");
    assert.equal(await app.entries.count(), 1);
    await app.go("review");
    assert.equal(await app.findings.count(), 0);
    await page.goBack();
    await page.goBack();
    await rule.getByText("Flagged").first().waitFor();
    assert.equal(await page.getByTestId("rule-filter").inputValue(), "select_related fk-in-loop");
  }));

test("what no rule is about says so, and the arrow keys walk through the rest", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.go("rules");
    const rows = page.getByTestId("rule-row");
    await rows.first().waitFor();
    const filter = page.getByTestId("rule-filter");
    await filter.fill("no rule speaks of zebras");
    await page.getByText("0 rules").waitFor();
    await filter.fill("index");
    await rows.first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const focused = await page.evaluate(() => document.activeElement.id);
    const code = focused.split("-").pop();
    assert.match(code, /^RT\d+$/);
    await page.getByTestId("rule").getByText(code).first().waitFor();
  }));

test("a rule that was turned off judges nothing, here and on the next visit", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    const code = [
      "from django.db import models", "class Forum(models.Model):", "    name = models.CharField(max_length=80)",
      "class Topic(models.Model):", "    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)", "",
      "def names():", "    return [topic.forum.name for topic in Topic.objects.all()]", "",
    ].join("\n");
    await app.paste(code);
    await app.finding("RT101").waitFor();
    await app.go("rules");
    await page.getByTestId("rule-row").filter({ hasText: "RT101" }).click();
    await page.getByTestId("rule-on").uncheck();
    await page.getByTestId("rule-row").filter({ hasText: "RT101" }).getByText("off").waitFor();
    await page.getByTestId("preset").selectOption("seeds");
    const started = page.waitForEvent("download");
    await page.getByTestId("save-settings").click();
    const file = await started;
    assert.equal(file.suggestedFilename(), "roundtrip.toml");
    assert.equal(await readFile(await file.path(), "utf8"), 'preset = "seeds"\nignore = ["RT101"]\n');
    await app.go("review");
    await page.getByTestId("verdict").waitFor();
    await kept(page, [1]);
    await page.reload();
    await page.getByTestId("verdict").waitFor();
    assert.equal(await app.finding("RT101").count(), 0);
    await app.go("rules");
    await page.getByTestId("all-on").click();
    await app.go("review");
    await app.finding("RT101").waitFor();
  }));
