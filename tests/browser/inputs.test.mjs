// What is odd, broken or far too much gets an answer beside it, and the page goes on.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { CODE } from "./support/code.mjs";
import { Roundtrip, kept } from "./support/roundtrip.mjs";

const file = (name, content) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) });
const pick = (page, ...files) => page.getByTestId("pick-files").setInputFiles(files);

async function folder(act) {
  const root = await mkdtemp(join(tmpdir(), "roundtrip-inputs-"));
  try {
    await act(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

/** The longest time in which the page answered nothing, while `act` ran. */
async function longestSilence(page, act) {
  await page.evaluate(() => {
    globalThis.longest = 0;
    let last = performance.now();
    globalThis.ticks = setInterval(() => {
      const now = performance.now();
      globalThis.longest = Math.max(globalThis.longest, now - last);
      last = now;
    }, 10);
  });
  await act();
  return page.evaluate(() => (clearInterval(globalThis.ticks), globalThis.longest));
}

test("a paste of 65 MB is told to be too large, and the page stays alive", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    const silence = await longestSilence(page, async () => {
      await page.evaluate(() => {
        const data = new DataTransfer();
        data.setData("text/plain", "x = 1\n".repeat((65 << 20) / 6));
        document.querySelector("[data-testid=paste]").dispatchEvent(
          new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
        );
      });
      await app.entries.first().locator(".problem").getByText("MB is more than a source file has").waitFor();
    });
    assert.equal(await page.getByTestId("paste").inputValue(), "");
    assert.ok(silence < 3_000, `the page was silent for ${silence} ms`);
    await pick(page, file("a.py", CODE));
    await app.finding("RT101").waitFor();
  }));

test("a binary file and an empty one say what they are not", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    await pick(page, file("photo.jpg", Buffer.from([0xff, 0xd8, 0, 0, 1, 2, 3, 0])), file("nothing.py", ""),
      file("nothing.log", ""), file("really.py", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1])));
    await app.view("review").waitFor();
    await app.go("inputs");
    const text = async (at) => {
      await app.entries.nth(at).getByText("waiting").waitFor({ state: "detached" });
      return app.entries.nth(at).textContent();
    };
    await app.entries.nth(3).waitFor();
    assert.match(await text(0), /not read: .*binary/i);
    assert.match(await text(1), /empty/i);
    assert.match(await text(2), /empty/i);
    assert.match(await text(3), /is not text/i);
  }));

test("a folder of 10,000 files is taken whole, and reviewed", () =>
  folder((root) =>
    withPage(async ({ page }) => {
      page.setDefaultTimeout(120_000);
      const app = new Roundtrip(page);
      const site = join(root, "site");
      for (let part = 0; part < 100; part++) {
        await mkdir(join(site, `app_${part}`), { recursive: true });
        const writes = [];
        for (let number = 0; number < 100; number++) {
          writes.push(writeFile(join(site, `app_${part}`, `helper_${number}.py`), `VALUE_${number} = ${part}\n`));
        }
        await Promise.all(writes);
      }
      await writeFile(join(site, "app_0", "models.py"), CODE);
      const silence = await longestSilence(page, async () => {
        await app.drop(site);
        await app.finding("RT101").waitFor();
      });
      await app.go("inputs");
      assert.match(await app.entries.first().textContent(), /10.001 files/);
      assert.ok(silence < 3_000, `the page was silent for ${silence} ms`);
      await page.waitForTimeout(1_500);
      await page.getByTestId("kept").getByText("keeps your workspace").waitFor();
      await page.reload();
      await app.entries.first().getByText(/10.001 files/).waitFor();
    }),
  ));

test("half of a saved toolbar page gives the half that is there", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    const whole = await readFile("public/samples/toolbar-page.html", "utf8");
    await pick(page, file("half.html", whole.slice(0, Math.floor(whole.length * 0.6))));
    await page.getByTestId("shape-row").first().waitFor();
    await app.go("inputs");
    assert.match(await app.entries.first().textContent(), /\d+ statements/);
    await pick(page, file("head.html", whole.slice(0, 300)));
    await app.entries.nth(1).locator(".problem, .note").first().waitFor();
  }));

test("roundtrip.toml takes effect as for the command, and a mistake in it is told by its line", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    await pick(page, file("names.py", CODE));
    await app.finding("RT101").waitFor();
    await app.go("inputs");
    await pick(page, file("roundtrip.toml", 'ignore = ["fk-in-loop"]\n'));
    await app.entries.nth(1).getByText("in force").waitFor();
    await app.go("review");
    assert.equal(await app.finding("RT101").count(), 0);
    await app.go("inputs");
    await app.entries.nth(1).locator(".entry-remove").click();
    await app.go("review");
    await app.finding("RT101").waitFor();
    await app.go("inputs");
    await pick(page, file("pyproject.toml", '[project]\nname = "x"\n\n[tool.roundtrip]\nignore = ["RT1"]\n'));
    await app.entries.nth(1).locator(".problem").getByText("pyproject.toml:5: expected the exact code").waitFor();
    await app.go("review");
    await app.finding("RT101").waitFor();
  }));

test("budgets and thresholds of roundtrip.toml hold for logs", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    const log = await readFile("public/samples/toolbar-page.html");
    await pick(page, { name: "page.html", mimeType: "text/html", buffer: log });
    await page.getByTestId("shape-row").first().waitFor();
    assert.equal(await page.getByText("RT1304").count() + await page.getByText("budget-missed").count(), 0);
    await app.go("inputs");
    await pick(page, file("roundtrip.toml", '[budgets."*"]\nqueries = 1\n'));
    await app.entries.nth(1).getByText("in force").waitFor();
    await app.go("queries");
    await page.getByText("budget-missed").first().waitFor();
  }));

test("the order and the filter of the statements stay, in other views and in the address", () =>
  withPage(async ({ page, site }) => {
    const app = new Roundtrip(page);
    await app.started();
    await page.getByTestId("sample").filter({ hasText: "saved toolbar page" }).click();
    await page.getByTestId("shape-row").first().waitFor();
    await page.getByTestId("sort-runs").click();
    await page.getByTestId("sort-runs").click();
    await page.getByTestId("shape-filter").fill("select");
    await app.go("inputs");
    await app.go("queries");
    const stays = async () => {
      await page.getByTestId("shape-row").first().waitFor();
      assert.equal(await page.getByTestId("shape-filter").inputValue(), "select");
      assert.equal(await page.getByRole("columnheader").filter({ has: page.getByTestId("sort-runs") }).getAttribute("aria-sort"), "ascending");
    };
    await stays();
    assert.match(page.url(), /#1\/queries\?.*sort=runs-up&words=select/);
    await page.goBack();
    await app.view("inputs").waitFor();
    await page.goBack();
    await stays();
    await page.goForward();
    await app.view("inputs").waitFor();
    await page.goForward();
    await stays();
    await kept(page, [1]);
    await page.reload();
    await stays();
  }));

test("a log can be taken along too, and code with its safe rewrites alone", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    await page.getByTestId("sample").filter({ hasText: "saved toolbar page" }).click();
    await page.getByTestId("shape-row").first().waitFor();
    const saved = async (testid) => {
      const started = page.waitForEvent("download");
      await page.getByTestId("export").locator("summary").click();
      await page.getByTestId(testid).click();
      return readFile(await (await started).path(), "utf8");
    };
    assert.equal(await page.getByTestId("export-patch").count(), 0);
    assert.match(await saved("export-markdown"), /- \[[ x]\] /);
    assert.equal(JSON.parse(await saved("export-sarif")).version, "2.1.0");
    const html = await saved("export-html");
    assert.ok(html.includes("@media print") && !/(src|href)=/.test(html));
    await app.go("inputs");
    await pick(page, file("names.py", CODE));
    await app.finding("RT101").waitFor();
    assert.match(await saved("export-safe-patch"), /\+.*select_related/);
  }));
