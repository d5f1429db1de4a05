// A log of gigabytes in the page: memory, frames, progress and Cancel. `node benches/large.mjs [GIGABYTES [FOLDER]]`
// writes the log there first, and removes it.

import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { residentBytes, review, withEngine, workerSeconds } from "./browser.mjs";
import { writePostgresLog } from "./postgres_log.mjs";

const [gigabytes = "2", folder = tmpdir()] = process.argv.slice(2);
const path = join(folder, `roundtrip-${process.pid}.log`);
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

/** Writes down the gap before each frame, and each text of the progress, until `window.ended`. */
const watch = (page) =>
  page.evaluate(() => {
    window.gaps = [];
    window.told = [];
    window.ended = false;
    let before = performance.now();
    const frame = (now) => {
      window.gaps.push(now - before);
      before = now;
      const text = document.querySelector("[data-testid=activity] span")?.textContent;
      if (text && text !== window.told.at(-1)) window.told.push(text);
      if (!window.ended) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });

try {
  const log = await writePostgresLog(path, Number(gigabytes) * 1e9);
  console.log(`${megabytes(log.bytes)}, ${log.statements} statements`);
  await withEngine(async ({ page, browser }) => {
    await page.waitForTimeout(2_000);
    const idle = residentBytes(browser);
    let most = 0;
    const sampling = setInterval(() => (most = Math.max(most, residentBytes(browser))), 200);
    await watch(page);
    const before = workerSeconds(browser);
    const took = await review(page, path);
    const worked = workerSeconds(browser) - before;
    clearInterval(sampling);
    await page.evaluate(() => (window.ended = true));
    const { gaps, told } = await page.evaluate(() => ({ gaps: window.gaps, told: window.told }));
    console.log(`read in ${(took / 1000).toFixed(1)} s, ${(log.bytes / 1e3 / took).toFixed(1)} MB/s; ` +
      `${worked.toFixed(1)} s of processor time, ${(log.bytes / 1e6 / worked).toFixed(1)} MB/s`);
    console.log(`memory of the page's process: ${megabytes(idle)} before, at most ${megabytes(most)}`);
    console.log(`frames: median ${quantile(gaps, 0.5).toFixed(1)} ms, p95 ${quantile(gaps, 0.95).toFixed(1)} ms, ` +
      `longest ${Math.max(...gaps).toFixed(0)} ms, of ${gaps.length}`);
    console.log(`progress, ${told.length} times: ${told.filter((_, at) => at % Math.ceil(told.length / 5) === 2).join(" | ")}`);

    await page.getByTestId("go-inputs").click();
    await page.getByTestId("clear").click();
    await page.getByTestId("pick-files").setInputFiles(path);
    await page.waitForTimeout(3_000);
    const cancelled = await page.evaluate(async () => {
      const started = performance.now();
      document.querySelector("[data-testid=cancel]").click();
      while (document.querySelector("[data-testid=activity] span")) await new Promise(requestAnimationFrame);
      return performance.now() - started;
    });
    console.log(`Cancel took ${cancelled.toFixed(0)} ms`);
  });
} finally {
  await rm(path, { force: true });
}
