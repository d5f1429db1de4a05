// What was brought in comes back on the next visit, each tab keeps its own, and nothing is kept where nobody wants it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { CODE } from "./support/code.mjs";
import { Roundtrip, kept } from "./support/roundtrip.mjs";

const names = (app) => app.entries.locator(".entry-name").allTextContents();

/** A tab with the page, and what it throws in `seen`. */
async function tab({ context, site, seen }, url = site.url) {
  const page = await context.newPage();
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  const app = new Roundtrip(page);
  await app.started();
  return { page, app };
}

test("a reload brings back inputs, formats, settings and the view, and reviews again", () =>
  withPage(async ({ page, seen }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    await app.go("inputs");
    await page.getByTestId("pick-files").setInputFiles([
      { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes\n") },
    ]);
    await app.entries.nth(1).locator(".problem").waitFor();
    await app.entries.nth(1).locator("select").selectOption("python");
    await app.entries.nth(1).getByText("1 file").waitFor();
    await app.go("review");
    await page.getByTestId("filter").fill("warning");
    await page.getByLabel("With hints").check();
    await kept(page, [2]);
    seen.requests.length = 0;
    await page.reload();
    await app.view("review").waitFor();
    await app.finding("RT101").waitFor();
    assert.equal(await page.getByTestId("filter").inputValue(), "warning");
    assert.ok(await page.getByLabel("With hints").isChecked());
    await app.go("inputs");
    assert.deepEqual(await names(app), ["pasted text", "notes.txt"]);
    assert.equal(await app.entries.nth(1).locator("select").inputValue(), "python");
  }));

test("what comes back is there with the first paint: nothing jumps", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    await app.go("inputs");
    await kept(page, [1]);
    await page.addInitScript(() => {
      globalThis.shifts = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) globalThis.shifts += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
      globalThis.first = null;
      new MutationObserver(() => {
        const view = document.querySelector("[data-testid=view-inputs]");
        if (view && globalThis.first === null) globalThis.first = view.querySelectorAll("[data-testid=entry]").length;
      }).observe(document, { childList: true, subtree: true });
    });
    await page.reload();
    await app.entries.getByText("1 file").waitFor();
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => globalThis.first), 1, "entries in the first view that is shown");
    const shifts = await page.evaluate(() => globalThis.shifts);
    assert.ok(shifts < 0.05, `layout shifts of ${shifts}`);
  }));

test("a removed input is gone on the next visit, and one that was put back is there", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    await kept(page, [1]);
    await app.go("inputs");
    await page.getByTestId("clear").click();
    await kept(page, []);
    await page.getByTestId("restore").click();
    await kept(page, [1]);
    await page.reload();
    await app.entries.first().getByText("1 file").waitFor();
    await app.entries.first().locator(".entry-remove").click();
    await kept(page, []);
    await page.reload();
    await app.started();
    assert.equal(await app.entries.count(), 0);
  }));

test("two tabs keep a workspace each, and a new visit has the one that was left last", () =>
  withPage(async (given) => {
    const { page, context } = given;
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    await kept(page, [1]);

    const second = await tab(given);
    assert.equal(await second.app.entries.count(), 0, "what is open in another tab stays there");
    for (const name of ["a.py", "b.py"]) {
      await second.page.getByTestId("pick-files").setInputFiles([
        { name, mimeType: "text/plain", buffer: Buffer.from("x = 1\n") },
      ]);
      await second.app.view("review").waitFor();
      await second.app.go("inputs");
    }
    await kept(second.page, [1, 2]);
    await page.reload();
    await app.finding("RT101").waitFor();
    await second.page.reload();
    await second.app.entries.nth(1).waitFor();
    assert.deepEqual(await names(second.app), ["a.py", "b.py"]);

    await second.page.close();
    await page.waitForTimeout(300);
    const third = await tab(given);
    await third.app.entries.nth(1).waitFor();
    assert.deepEqual(await names(third.app), ["a.py", "b.py"]);
    await third.page.close();
    await page.close();
    await new Promise((done) => setTimeout(done, 300));
    const fourth = await tab({ ...given, context });
    await fourth.app.entries.nth(1).waitFor();
  }));

test("a decision that is made in one tab is known in the other, and neither is lost", () =>
  withPage(async (given) => {
    const { page } = given;
    const app = new Roundtrip(page);
    const twice = `${CODE}\n\ndef titles():\n    return len([topic.forum.name for topic in Topic.objects.all()])\n`;
    await app.paste(twice);
    await app.finding("RT101").nth(1).waitFor();
    const second = await tab(given);
    await second.app.paste(twice);
    await second.app.finding("RT101").nth(1).waitFor();
    await app.finding("RT101").first().click();
    await app.panel.getByTestId("decide-dismiss").click();
    await second.app.summary.getByText("1 dismissed").waitFor();
    await second.app.finding("RT101").first().click();
    await second.app.panel.getByTestId("decide-dismiss").click();
    await app.summary.getByText("2 dismissed").waitFor();
  }));

test("everything can be forgotten, without asking anyone", () =>
  withPage(async ({ page, seen }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").click();
    await app.panel.getByTestId("decide-accept").click();
    await kept(page, [1]);
    await app.go("inputs");
    seen.requests.length = 0;
    await page.getByTestId("forget").click();
    await app.notices.getByText("is forgotten").waitFor();
    assert.equal(await app.entries.count(), 0);
    await kept(page, []);
    await page.waitForTimeout(600);
    await kept(page, []);
    assert.deepEqual(seen.requests, []);
    const left = await page.evaluate(() => Object.entries(localStorage).filter(([, value]) => value !== "1.0"));
    assert.deepEqual(left, []);
  }));

test("nothing is kept where that was chosen, and the choice itself is", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    await kept(page, [1]);
    await app.go("inputs");
    await page.getByTestId("keep-nothing").check();
    await page.getByTestId("kept").getByText("Nothing is kept").waitFor();
    await kept(page, []);
    await page.getByTestId("pick-files").setInputFiles([
      { name: "b.py", mimeType: "text/plain", buffer: Buffer.from("x = 1\n") },
    ]);
    await app.go("inputs");
    await app.entries.nth(1).waitFor();
    await page.waitForTimeout(800);
    await kept(page, []);
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ["roundtrip.keep-nothing"]);
    await page.reload();
    await app.started();
    assert.equal(await app.entries.count(), 0);
    assert.ok(await page.getByTestId("keep-nothing").isChecked());
    await page.getByTestId("keep-nothing").uncheck();
    await page.getByTestId("pick-files").setInputFiles([
      { name: "c.py", mimeType: "text/plain", buffer: Buffer.from("x = 1\n") },
    ]);
    await kept(page, [1]);
  }));

for (const [title, script, told] of [
  ["a browser that keeps nothing", () => { IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); }; }, "is kept"],
  ["a disk that is full", () => {
    IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
  }, "no room left"],
]) {
  test(`${title} is told beside it, and nothing is lost`, () =>
    withPage(async ({ page, site }) => {
      await page.addInitScript(script);
      await page.goto(site.url);
      const app = new Roundtrip(page);
      await app.paste(CODE);
      await app.finding("RT101").waitFor();
      await app.go("inputs");
      await page.getByTestId("kept").getByText(told).waitFor();
      assert.equal(await app.entries.count(), 1);
    }, { open: false }));
}
