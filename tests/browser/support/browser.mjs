// A Chromium that reports every request it makes, and the release page in it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { serve } from "./server.mjs";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export function launch(options = {}) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS, ...options });
}

/**
 * Runs `act` with a fresh page on the release build under /repo/, and fails when anything was asked of another server
 * or when the page threw an error (unless `act` took it out of `seen.errors`).
 */
export async function withPage(act, { contextOptions = {}, open = true } = {}) {
  assert.ok(existsSync("dist/index.html"), "dist/ is missing: make build");
  const site = await serve("dist", "/repo/");
  const browser = await launch();
  try {
    const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...contextOptions });
    const seen = { requests: [], byPage: [], errors: [], console: [] };
    context.on("request", (request) => {
      seen.requests.push(request.url());
      if (!request.serviceWorker()) seen.byPage.push(request.url());
    });
    const page = await context.newPage();
    page.on("pageerror", (error) => seen.errors.push(error.message));
    page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
    page.setDefaultTimeout(20_000);
    if (open) await page.goto(site.url);
    await act({ page, context, browser, site, seen });
    const elsewhere = seen.requests.filter((url) => !url.startsWith(site.url) && !/^(blob|data):/.test(url));
    assert.deepEqual(elsewhere, [], "requests to anywhere but the page's own folder");
    assert.deepEqual(seen.errors, [], "errors that the page threw");
  } finally {
    await browser.close();
    await site.close();
  }
}
