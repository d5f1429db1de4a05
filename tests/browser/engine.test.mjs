// The engines as the page keeps them: they answer, they can be broken, and the page goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";

const started = async (page, count) => {
  const deadline = Date.now() + 20_000;
  while (page.workers().length < count && Date.now() < deadline) await page.waitForTimeout(50);
  assert.equal(page.workers().length, count, "engines that run");
};

test("both engines start from blobs of one build, and nothing is loaded from elsewhere", () =>
  withPage(async ({ page, seen }) => {
    await started(page, 2);
    for (const worker of page.workers()) assert.match(worker.url(), /^blob:/);
    // Those that the service worker keeps for the next visit are its own requests.
    const wasm = seen.byPage.filter((url) => url.endsWith(".wasm"));
    assert.equal(wasm.length, 3);
    // What users take along with them is kept under its own name; the page runs none of it.
    const runs = (url) => /\.(js|wasm|css)$/.test(url) && !url.endsWith("/sw.js") && !url.includes("/recorder/");
    for (const url of seen.requests.filter(runs)) {
      assert.match(url, /-[0-9a-f]{12}(_bg)?\.(js|wasm|css)$/, "a file without a hash in its name");
    }
  }));

test("an engine that breaks is replaced, and only it", () =>
  withPage(async ({ page, seen }) => {
    await started(page, 2);
    const [first, second] = page.workers();
    const gone = first.waitForEvent("close");
    // An uncaught error, as a trap in wasm is.
    await first.evaluate(() => void setTimeout(() => { throw new WebAssembly.RuntimeError("unreachable executed"); }));
    await gone;
    await started(page, 2);
    assert.ok(page.workers().includes(second));
    seen.errors.length = 0;
  }));

test("a page without WebAssembly says so", () =>
  withPage(
    async ({ page, site }) => {
      await page.addInitScript(() => void delete globalThis.WebAssembly);
      await page.goto(site.url);
      await page.getByRole("alert").getByText("needs WebAssembly").waitFor();
    },
    { open: false },
  ));

test("a page without scripts says so", () =>
  withPage(
    // By what is rendered: looking up a text passes over what stands in <noscript>.
    async ({ page }) => assert.match(await page.locator("body").innerText(), /takes JavaScript and WebAssembly/),
    { contextOptions: { javaScriptEnabled: false } },
  ));

test("a page whose code does not arrive says so", () =>
  withPage(
    async ({ page, site, seen }) => {
      site.state.hide = /^page.*\.wasm$/;
      await page.goto(site.url);
      await page.getByRole("alert").getByText("could not start").waitFor();
      seen.errors.length = 0;
    },
    { open: false },
  ));
