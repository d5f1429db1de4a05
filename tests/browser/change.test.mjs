// A change in the code view: folded, side by side, with its map, and with the way from a finding to what it rests on.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { Roundtrip } from "./support/roundtrip.mjs";

const DIFF = await readFile("public/samples/dashboard.diff", "utf8");
const LINES = 50_000;

/** A new file of so many lines in a diff that also changes one line of another, with a finding at its end. */
function long(lines) {
  const body = ["from forum.models import Topic", ""];
  while (body.length < lines - 5) body.push(`VALUE_${body.length} = "${body.length}"`);
  body.push("", "", "def last(request):", "    for topic in Topic.objects.all():", "        print(topic.forum.name)");
  return `diff --git a/forum/long.py b/forum/long.py\nnew file mode 100644\n--- /dev/null\n+++ b/forum/long.py\n` +
    `@@ -0,0 +1,${body.length} @@\n${body.map((line) => `+${line}\n`).join("")}`;
}

/** A module of which one line changes, and the diff that says so: the rest of it is unchanged. */
function changed() {
  const before = ["from forum.models import Topic", ""];
  for (let number = 0; number < 60; number++) before.push(`VALUE_${number} = ${number}`);
  before.push("", "", "def index(request):", "    topics = Topic.objects.all()");
  for (let number = 0; number < 20; number++) before.push(`    value = ${number}`);
  before.push("    for topic in topics:", "        print(topic.subject)", "");
  const at = before.indexOf("        print(topic.subject)");
  const after = before.with(at, "        print(topic.forum.name)");
  const diff = `diff --git a/forum/views.py b/forum/views.py\n--- a/forum/views.py\n+++ b/forum/views.py\n` +
    `@@ -${at + 1} +${at + 1} @@\n-${before[at]}\n+${after[at]}\n`;
  return { code: after.join("\n"), diff, line: at + 1, built: before.indexOf("    topics = Topic.objects.all()") + 1 };
}

const MODELS = `from django.db import models


class Forum(models.Model):
    name = models.CharField(max_length=80)


class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    subject = models.CharField(max_length=200)
`;

/** Files that the browser is given, as by the picker. */
const files = (entries) =>
  Object.entries(entries).map(([name, text]) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) }));

/** A checkout of after the change and the diff that led there, both dropped. */
async function withChange(act) {
  const { code, diff, line, built } = changed();
  const folder = await mkdtemp(join(tmpdir(), "roundtrip-change-"));
  try {
    await mkdir(join(folder, "site", "forum"), { recursive: true });
    await writeFile(join(folder, "site", "forum", "views.py"), code);
    await writeFile(join(folder, "site", "forum", "models.py"), MODELS);
    await writeFile(join(folder, "change.diff"), diff);
    await withPage(async (given) => {
      const app = new Roundtrip(given.page);
      await app.drop(join(folder, "change.diff"), join(folder, "site"));
      await app.finding("RT101").waitFor();
      await act({ ...given, app, line, built });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("before and after stand side by side, with their numbers and colours, and the choice is remembered", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await app.finding("RT101").click();
    await app.row(29).waitFor();
    await page.keyboard.press("s");
    await page.locator(".row.pair").first().waitFor();
    assert.ok(await app.finding("RT101").isVisible(), "the list stays beside two texts");
    const row = app.row(29);
    assert.match(await row.locator(".half").last().textContent(), /29⇄ N.*topic\.forum\.name/);
    const removed = page.locator(".half.removed").first();
    assert.match(await removed.locator(".old").textContent(), /^\d+$/);
    const beside = await removed.evaluate((half) => half.nextElementSibling.className);
    assert.ok(["half added", "half nothing"].includes(beside), beside);
    assert.ok((await page.locator(".half.removed [class^=t-]").count()) > 0, "syntax colours of what was removed");
    assert.equal(await page.getByTestId("side-by-side").getAttribute("aria-pressed"), "true");
    await page.reload();
    await app.started();
    await app.paste(DIFF);
    await page.locator(".row.pair").first().waitFor();
    await page.getByTestId("side-by-side").click();
    await page.locator(".row.pair").first().waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => localStorage.getItem("roundtrip.side-by-side")), null);
  }));

test("unchanged lines are folded until they are asked for", () =>
  withChange(async ({ page, app, line }) => {
    await app.row(line).waitFor();
    const folds = page.getByTestId("fold");
    assert.match(await folds.first().textContent(), /\d+ unchanged lines/);
    assert.equal(await app.row(20).count(), 0);
    const rows = () => page.getByTestId("code-row").count();
    const before = await rows();
    await folds.last().press("Enter");
    await page.waitForFunction((before) => document.querySelectorAll("[data-testid=code-row]").length > before, before);
    assert.equal(await page.evaluate(() => document.activeElement.id), "code");
    await page.keyboard.press("u");
    await folds.first().waitFor({ state: "detached" });
    await page.getByTestId("unfold").click();
    await folds.first().waitFor();
  }));

test("the way from a finding to where its queryset is built is drawn beside the code", () =>
  withChange(async ({ page, app, line, built }) => {
    await app.finding("RT101").click();
    await app.row(line).locator(".trail.end").waitFor();
    await app.row(built).locator(".trail.point").waitFor();
    assert.match(await app.row(built).getByTestId("way").textContent(), /←/);
    await app.row(line - 1).locator(".trail").waitFor();
  }));

test("the map leads through a file of 50,000 lines, of which few are in the page", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    await page.getByTestId("pick-files").setInputFiles(files({ "long.diff": long(LINES), "models.py": MODELS }));
    await app.finding("RT101").first().waitFor({ timeout: 60_000 });
    const code = page.getByTestId("code");
    await code.evaluate((code) => code.scrollTo(0, 0));
    await app.row(1).waitFor();
    const map = page.getByTestId("minimap");
    assert.ok((await map.locator("path").count()) >= 2, "changes and findings");
    const box = await map.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    // A pixel of the map stands for more lines than a screen has.
    const away = LINES / box.height + 60;
    await page.waitForFunction(
      ([middle, away]) => Math.abs(document.querySelector("[data-testid=code-row][data-line]")?.dataset.line - middle) < away,
      [LINES / 2, away],
    );
    // Dragged beyond its edge it shows the last one.
    await page.mouse.move(box.x + box.width / 2, box.y + box.height + 20, { steps: 5 });
    await page.mouse.up();
    await app.row(LINES).waitFor();
    assert.match(await app.row(LINES).textContent(), /topic\.forum\.name/);
    assert.ok((await page.getByTestId("code-row").count()) < 200);
  }));

test("a phone shows a change line by line, without a map", () =>
  withPage(
    async ({ page }) => {
      await page.addInitScript(() => localStorage.setItem("roundtrip.side-by-side", "1"));
      await page.reload();
      const app = new Roundtrip(page);
      await app.paste(DIFF);
      await app.finding("RT101").click();
      await app.row(29).waitFor();
      assert.equal(await page.locator(".row.pair").count(), 0);
      assert.equal(await page.getByTestId("minimap").isVisible(), false);
    },
    { contextOptions: { viewport: { width: 320, height: 640 } } },
  ));
