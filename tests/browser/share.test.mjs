// A workspace in a link: what goes along, what comes out of it, and what stays as it was.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { withPage } from "./support/browser.mjs";
import { CODE } from "./support/code.mjs";
import { Roundtrip, kept } from "./support/roundtrip.mjs";

const row = (id, name) =>
  `(0.00${id}) SELECT "forum_forum"."id", "forum_forum"."name" FROM "forum_forum" WHERE "forum_forum"."name" = '${name}' LIMIT 21; ` +
  `args=('${name}',); alias=default\n`;
const LOG = ["Carol Miller", "Dave Smith", "Eve Stone", "Carol Miller"].map((name, at) => row(at + 1, name)).join("");

async function bring(page, app, name, text) {
  await app.go("inputs");
  await page.getByTestId("pick-files").setInputFiles([{ name, mimeType: "text/plain", buffer: Buffer.from(text) }]);
}

async function shared(page, app) {
  await app.go("inputs");
  await page.getByTestId("share").click();
  const sheet = page.getByTestId("share-sheet");
  await sheet.getByTestId("copy-link").click();
  await sheet.getByText("Copied").waitFor();
  const link = await app.clipboard();
  await page.keyboard.press("Escape");
  return link;
}

const content = (link) => inflateRawSync(Buffer.from(link.split("#v1.")[1], "base64url")).toString();

test("a link brings code, logs, settings, decisions and the view to another browser, without names", () =>
  withPage(async ({ page, browser, site, seen }) => {
    const app = new Roundtrip(page);
    await bring(page, app, "django.log", LOG);
    await page.getByTestId("shape-row").first().waitFor();
    await bring(page, app, "names.py", CODE);
    await app.finding("RT101").click();
    await app.panel.getByLabel("Reason of the decision").fill("next week");
    await app.panel.getByTestId("decide-later").click();
    await page.getByLabel("With hints").check();
    await app.go("inputs");
    await page.getByTestId("share").click();
    const sheet = page.getByTestId("share-sheet");
    await sheet.getByText("literals masked").waitFor();
    await sheet.getByText("1 decision").waitFor();
    assert.match(await sheet.getByTestId("share-size").textContent(), /\d+(\.\d)? (kB|B)/);
    await page.keyboard.press("Escape");
    const link = await shared(page, app);
    const held = content(link);
    assert.ok(held.includes("topic.forum.name") && held.includes("forum_forum"));
    for (const name of ["Carol", "Miller", "Dave", "Stone"]) assert.ok(!held.includes(name), name);

    const context = await browser.newContext();
    const other = await context.newPage();
    other.on("pageerror", (error) => seen.errors.push(error.message));
    other.setDefaultTimeout(20_000);
    await other.goto(link);
    const there = new Roundtrip(other);
    await there.notices.getByText("came from a link").waitFor();
    assert.ok(!other.url().includes("#v1"), other.url());
    await there.entries.nth(1).getByText("1 file").waitFor();
    assert.deepEqual(await there.entries.locator(".entry-name").allTextContents(), ["django.log", "names.py"]);
    await there.entries.first().getByText("4 statements").waitFor();
    await there.go("review");
    await there.finding("RT101").filter({ hasText: "later" }).waitFor();
    assert.ok(await other.getByLabel("With hints").isChecked());
    await kept(other, [2]);
    await other.reload();
    await there.finding("RT101").filter({ hasText: "later" }).waitFor();
    await context.close();
  }));

test("logs go as they are where that is asked for", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await bring(page, app, "django.log", LOG);
    await page.getByTestId("shape-row").first().waitFor();
    await app.go("inputs");
    await page.getByTestId("share").click();
    await page.getByTestId("share-mask").uncheck();
    await page.getByTestId("share-sheet").getByText("as it is").waitFor();
    await page.keyboard.press("Escape");
    assert.ok(content(await shared(page, app)).includes("Carol Miller"));
  }));

test("what nobody understood stays out of the link and is named", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await bring(page, app, "names.py", CODE);
    await app.finding("RT101").waitFor();
    await bring(page, app, "secret.bin", Buffer.from([0, 1, 2, 3, 0, 255]));
    await app.go("inputs");
    await app.entries.nth(1).locator(".problem").waitFor();
    await page.getByTestId("share").click();
    const sheet = page.getByTestId("share-rows");
    await sheet.getByText("left out: nothing of it was understood").waitFor();
    await page.keyboard.press("Escape");
    assert.ok(!content(await shared(page, app)).includes("secret.bin"));
  }));

test("a link does not overwrite what its receiver has, and a tab that has the page open takes it too", () =>
  withPage(async ({ page, context, site }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    const link = await shared(page, app);
    await page.getByTestId("clear").click();
    await bring(page, app, "mine.py", "x = 1\n");
    await kept(page, [1]);
    await app.go("inputs");

    await page.evaluate((hash) => { globalThis.location.hash = hash; }, link.slice(link.indexOf("#")));
    await app.notices.getByText("came from a link").waitFor();
    await app.go("inputs");
    assert.deepEqual(await app.entries.locator(".entry-name").allTextContents(), ["pasted text"]);
    await page.waitForTimeout(800);
    await page.close();

    const later = await context.newPage();
    await later.goto(site.url);
    const there = new Roundtrip(later);
    await there.entries.first().waitFor();
    assert.deepEqual(await there.entries.locator(".entry-name").allTextContents(), ["mine.py"]);
    await there.paste(link);
    await there.notices.getByText("came from a link").waitFor();
  }));

test("a link that was cut, or is of another version, says so and leaves all as it is", () =>
  withPage(async ({ page, site }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    const link = await shared(page, app);
    await page.waitForTimeout(600);
    for (const [broken, told] of [
      [link.slice(0, -40), "cut short"],
      [`${site.url}#v1.%%%`, "cut short"],
      [`${site.url}#v1.`, "cut short"],
      [link.replace("#v1.", "#v7."), "version 7"],
    ]) {
      await page.goto("about:blank");
      await page.goto(broken);
      await app.notices.getByText(told).waitFor();
      await app.entries.first().getByText("1 file").waitFor();
      assert.match(page.url(), /#1\//);
    }
  }));

test("a link that would be too long says so, and the file takes its place", () =>
  withPage(async ({ page, context, site }) => {
    const app = new Roundtrip(page);
    // Each below what is read of one file.
    const large = () => `DATA = """${randomBytes(850_000).toString("base64")}"""\n`;
    await bring(page, app, "names.py", CODE);
    await app.finding("RT101").waitFor();
    for (const [name, entry] of [["large.py", 1], ["larger.py", 2]]) {
      await bring(page, app, name, large());
      await app.view("review").waitFor();
      await app.go("inputs");
      await app.entries.nth(entry).getByText("1 file").waitFor();
    }
    await app.go("inputs");
    await page.getByTestId("share").click();
    const sheet = page.getByTestId("share-sheet");
    await sheet.getByText("more than browsers open").waitFor();
    assert.equal(await sheet.getByTestId("copy-link").count(), 0);
    const started = page.waitForEvent("download");
    await sheet.getByTestId("save-workspace").click();
    const file = await started;
    assert.equal(file.suggestedFilename(), "workspace.roundtrip");
    const buffer = await readFile(await file.path());

    const other = await context.newPage();
    await other.goto(site.url);
    const there = new Roundtrip(other);
    await there.started();
    const given = { name: "workspace.roundtrip", mimeType: "application/octet-stream", buffer };
    await other.getByTestId("pick-files").setInputFiles([given]);
    await there.go("review");
    await there.finding("RT101").waitFor();
    await there.go("inputs");
    await other.getByTestId("pick-files").setInputFiles([{ ...given, buffer: buffer.subarray(0, 900) }]);
    await there.notices.getByText("cannot be opened").waitFor();
    assert.equal(await there.entries.count(), 3);
  }));

test("a link of medium length warns of programs that cut it", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await bring(page, app, "medium.py", `${CODE}\nDATA = "${randomBytes(9_000).toString("hex")}"\n`);
    await app.finding("RT101").waitFor();
    await app.go("inputs");
    await page.getByTestId("share").click();
    await page.getByTestId("share-sheet").getByText("cut links of more than 8 kB").waitFor();
    await page.getByTestId("copy-link").waitFor();
  }));
