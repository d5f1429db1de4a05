// The service worker: the page without a network, and a new build that waits for its user.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, withPage } from "./support/browser.mjs";
import { serve } from "./support/server.mjs";

const controlled = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => true));

test("the page starts and its engines run without a network, after a reload", () =>
  withPage(async ({ page, context }) => {
    await controlled(page);
    await page.waitForFunction(() => navigator.serviceWorker.controller);
    await context.setOffline(true);
    await page.reload();
    await page.locator("#boot").waitFor({ state: "detached" });
    const deadline = Date.now() + 20_000;
    while (page.workers().length < 2 && Date.now() < deadline) await page.waitForTimeout(50);
    assert.equal(page.workers().length, 2);
  }));

test("what the service worker serves carries the policy as a header", () =>
  withPage(async ({ page }) => {
    await controlled(page);
    await page.waitForFunction(() => navigator.serviceWorker.controller);
    const response = await page.reload();
    assert.ok(response.fromServiceWorker());
    assert.match(response.headers()["content-security-policy"], /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/);
  }));

test("a new build waits until the user agrees", async () => {
  const folder = await mkdtemp(join(tmpdir(), "roundtrip-dist-"));
  await cp("dist", folder, { recursive: true });
  const site = await serve(folder, "/repo/");
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    await controlled(page);
    await page.waitForFunction(() => navigator.serviceWorker.controller);
    await page.locator("#boot").waitFor({ state: "detached" });
    await page.evaluate(() => {
      globalThis.offered = 0;
      addEventListener("roundtrip:update-ready", () => globalThis.offered++);
      globalThis.unsaved = "here";
    });

    const text = await readFile(join(folder, "sw.js"), "utf8");
    await writeFile(join(folder, "sw.js"), text.replace(/const version = "[^"]+"/, 'const version = "next"'));
    site.forget();
    await page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()));
    await page.waitForFunction(() => globalThis.offered === 1);
    await page.waitForTimeout(500);
    assert.equal(await page.evaluate(() => globalThis.unsaved), "here");

    const loaded = page.waitForEvent("load");
    await page.evaluate(() => dispatchEvent(new Event("roundtrip:update-agreed")));
    await loaded;
    const names = await page.evaluate(() => caches.keys());
    assert.ok(names.some((name) => name.endsWith(" next")), names.join());
  } finally {
    await browser.close();
    await site.close();
    await rm(folder, { recursive: true });
  }
});
