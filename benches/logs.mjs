// Each importer in Chromium, on one worker, beside pgbadger and pt-query-digest on the same files. `cargo bench --bench
// observe` writes the files, and how fast the same code is natively. Figures are of processor time, which other work on
// the machine disturbs least; the best of some runs on each side.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { review, withEngine, workerSeconds } from "./browser.mjs";

const FOLDER = "target/bench";
const RUNS = 3;
/** By the format's id: the other programs that read it. */
const OTHERS = {
  "postgres-log": (file) => ["pgbadger", "-q", "-f", "stderr", "-p", "%m [%p] %q%u@%d ", "-o", "/dev/null", "-x", "text", file],
  "postgres-csv": (file) => ["pgbadger", "-q", "-f", "csv", "-o", "/dev/null", "-x", "text", file],
  "postgres-json": (file) => ["pgbadger", "-q", "-f", "jsonlog", "-o", "/dev/null", "-x", "text", file],
  "mysql-slow": (file) => ["pt-query-digest", "--no-version-check", file],
  "mysql-general": (file) => ["pt-query-digest", "--no-version-check", "--type", "genlog", file],
};

/** Seconds of processor time of a command, `NaN` where it is not here or fails. */
function seconds([command, ...args]) {
  const timed = spawnSync("bash", ["-c", 'TIMEFORMAT="%U %S"; time "$@" > /dev/null 2>&1', "bash", command, ...args], { encoding: "utf8" });
  const [user, system] = timed.stderr.trim().split(" ").map(Number);
  return timed.status === 0 ? user + system : NaN;
}

const rows = JSON.parse(readFileSync(join(FOLDER, "native.json"), "utf8"));
const best = new Map();
await withEngine(async ({ page, browser }) => {
  for (const { file } of rows) {
    for (let run = 0; run < RUNS; run++) {
      const before = workerSeconds(browser);
      await review(page, join(FOLDER, file));
      best.set(file, Math.min(best.get(file) ?? Infinity, workerSeconds(browser) - before));
      await page.getByTestId("go-inputs").click();
      await page.getByTestId("clear").click();
    }
  }
});

const cell = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : "–").padStart(14);
const heads = ["reads", "reviews", "Chromium", "statements/s", "other", "ratio"];
console.log(`${"MB/s of processor time".padEnd(24)}${heads.map((head) => head.padStart(14)).join("")}`);
for (const { file, format, bytes, statements, reads, reviews } of rows) {
  const [command] = OTHERS[format]?.("") ?? [];
  const known = command && ["/usr/bin", "/usr/local/bin"].some((folder) => existsSync(join(folder, command)));
  const other = known ? bytes / 1e6 / seconds(OTHERS[format](join(FOLDER, file))) : NaN;
  const chromium = bytes / 1e6 / best.get(file);
  console.log(`${file.padEnd(24)}${cell(reads)}${cell(reviews)}${cell(chromium)}${cell(statements / best.get(file), 0)}` +
    `${cell(other, 2)}${cell(chromium / other, 0)}  ${command ?? ""}`);
}
