// The release page in a Chromium, with its workers watched: what a log costs its engine.

import { readFileSync, readdirSync } from "node:fs";
import { withPage } from "../tests/browser/support/browser.mjs";

/** Ticks of `/proc/…/stat` a second. */
const TICKS = 100;
/** The first byte of `Answer::Reviewed`. */
const REVIEWED = 2;

/** Runs `act` on the page, in which `window.reviews` grows by the milliseconds of each review of the log engine. */
export const withEngine = (act) =>
  withPage(async ({ page, site, browser }) => {
    await page.addInitScript((reviewed) => {
      window.reviews = [];
      window.Worker = class extends window.Worker {
        constructor(url, options) {
          super(url, options);
          if (!options?.name?.includes("log engine")) return;
          this.addEventListener("message", ({ data }) => {
            if (data instanceof Uint8Array && data[0] === reviewed) window.reviews.push(performance.now() - this.posted);
          });
        }
        postMessage(message, ...rest) {
          if (message?.[1]?.length) this.posted = performance.now();
          super.postMessage(message, ...rest);
        }
      };
    }, REVIEWED);
    page.setDefaultTimeout(3_600_000);
    await page.goto(site.url);
    await page.locator("#boot").waitFor({ state: "detached" });
    await act({ page, browser });
  }, { open: false });

/** Gives the page a file; answers once its review is there, with its milliseconds. */
export async function review(page, path) {
  const before = await page.evaluate(() => window.reviews.length);
  await page.getByTestId("pick-files").setInputFiles(path);
  await page.waitForFunction((before) => window.reviews.length > before, before, { timeout: 0 });
  return page.evaluate((before) => window.reviews[before], before);
}

const stat = (path) => {
  const text = readFileSync(path, "utf8");
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  return { name: text.slice(open + 1, close), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
};

/** What may end while it is read. */
function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Numbers of the processes of `browser` that run pages. */
export function renderers(browser) {
  const root = browser.process?.()?.pid ?? process.pid;
  const all = new Map();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const found = attempt(() => stat(`/proc/${name}/stat`));
    if (found) all.set(Number(name), found.parent);
  }
  const isBelow = (pid) => {
    for (let at = pid; at > 1; at = all.get(at) ?? 0) if (at === root) return true;
    return false;
  };
  const runsPages = (pid) => attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.includes("--type=renderer");
  return [...all.keys()].filter((pid) => isBelow(pid) && runsPages(pid));
}

/** Seconds of processor time that the workers of `browser` have taken so far. */
export function workerSeconds(browser) {
  let ticks = 0;
  for (const pid of renderers(browser)) {
    for (const task of attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const found = attempt(() => stat(`/proc/${pid}/task/${task}/stat`));
      if (found?.name.startsWith("DedicatedWorker")) ticks += found.ticks;
    }
  }
  return ticks / TICKS;
}

/** Bytes of memory that the page's process holds. */
export function residentBytes(browser) {
  const pages = renderers(browser).map((pid) => attempt(() => readFileSync(`/proc/${pid}/status`, "utf8")));
  return Math.max(0, ...pages.map((text) => Number(/VmRSS:\s+(\d+)/.exec(text ?? "")?.[1] ?? 0) * 1024));
}
