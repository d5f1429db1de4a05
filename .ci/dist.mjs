// Finishes what Trunk built (it runs this as its hook): makes the wasm smaller, puts a hash of their content into the
// names of all files, writes the service worker with the list of them, and holds the sizes against their budgets.
// Does nothing for a quick build.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = process.env.TRUNK_STAGING_DIR ?? "dist";
if ((process.env.TRUNK_PROFILE ?? "release") !== "release") process.exit(0);

/**
 * Budgets in bytes after gzip, by what a visitor waits for: nothing may grow beyond `limit`, which follows the size
 * downwards until it meets `aim`.
 */
const BUDGETS = [
  { name: "page", aim: 120_000, limit: 458_000, files: /^(index\.html|(page|boot|first)[-_.].*|.*\.css)$/ },
  { name: "code engine", aim: 400_000, limit: 1_062_000, files: /^code_worker/ },
  { name: "log engine", aim: 700_000, limit: 941_000, files: /^log_worker/ },
];

const at = (file) => join(dist, file);
const hash = (...parts) => {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest("hex").slice(0, 12);
};

function optimise(file) {
  const flags = ["-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext",
    "--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue", "--strip-debug",
    "--strip-producers", "--strip-target-features"];
  const tool = join("node_modules", ".bin", "wasm-opt");
  if (!existsSync(tool)) throw new Error(`${tool} is missing: run .ci/setup`);
  const cache = join("target", "wasm-opt");
  mkdirSync(cache, { recursive: true });
  const done = join(cache, `${hash(flags.join(" "), readFileSync(at(file)))}.wasm`);
  if (!existsSync(done)) {
    const started = Date.now();
    execFileSync(tool, [...flags, at(file), "-o", `${done}.part`], { stdio: "inherit" });
    renameSync(`${done}.part`, done);
    console.log(`wasm-opt ${file}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }
  copyFileSync(done, at(file));
}

let html = readFileSync(at("index.html"), "utf8");

// One stylesheet: nothing is painted before the last of them is there.
const sheets = [...html.matchAll(/<link rel="stylesheet" href="\.\/([^"]+)"[^>]*>/g)];
writeFileSync(at("all.css"), sheets.map(([, file]) => readFileSync(at(file), "utf8")).join("\n"));
sheets.forEach(([link, file], index) => {
  html = html.replace(link, index === 0 ? '<link rel="stylesheet" href="./all.css">' : "");
  rmSync(at(file));
});
const all = readdirSync(dist);
for (const file of all.filter((file) => file.endsWith(".wasm"))) optimise(file);

// An engine's two files carry one hash, for they must be of one build.
for (const engine of ["code_worker", "log_worker", "page"]) {
  const files = [`${engine}.js`, `${engine}_bg.wasm`];
  const stem = `${engine}-${hash(...files.map((file) => readFileSync(at(file))))}`;
  for (const file of files) renameSync(at(file), at(file.replace(engine, stem)));
  html = html.replaceAll(`content="${engine}"`, `content="${stem}"`);
  for (const file of files) html = html.replaceAll(`./${file}`, `./${file.replace(engine, stem)}`);
}
for (const file of all.filter((file) => [".css", ".js"].includes(extname(file)) && file !== "sw.js")) {
  if (!existsSync(at(file))) continue;
  const named = file.replace(extname(file), `-${hash(readFileSync(at(file)))}${extname(file)}`);
  renameSync(at(file), at(named));
  html = html.replaceAll(`./${file}`, `./${named}`);
}
html = html.replace('name="roundtrip-service-worker" content=""', 'name="roundtrip-service-worker" content="sw.js"');
writeFileSync(at("index.html"), html);

const policy = html.match(/http-equiv="Content-Security-Policy"\s+content="([^"]+)"/)?.[1];
if (!policy) throw new Error("index.html has no Content-Security-Policy");
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(dist.length + 1))
  .filter((file) => file !== "sw.js")
  .sort();
const version = hash(...files.flatMap((file) => [file, readFileSync(at(file))]));
const worker = readFileSync(at("sw.js"), "utf8")
  .replace('"VERSION"', JSON.stringify(version))
  .replace('["FILES"]', JSON.stringify(files))
  .replace('"POLICY"', JSON.stringify(policy));
writeFileSync(at("sw.js"), worker);

let over = false;
const size = (file) => gzipSync(readFileSync(at(file)), { level: 9 }).length;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
console.log(`build ${process.env.ROUNDTRIP_BUILD ?? "without an id"}, files ${version}; sizes after gzip:`);
for (const { name, aim, limit, files: pattern } of BUDGETS) {
  const counted = files.filter((file) => pattern.test(file));
  const total = counted.reduce((sum, file) => sum + size(file), 0);
  over ||= total > limit;
  const verdict = total > limit ? `  OVER ITS LIMIT of${kilobytes(limit)}` : total > aim ? "  over its aim" : "";
  console.log(`${name.padEnd(14)}${kilobytes(total)} of ${kilobytes(aim)}${verdict}`);
  for (const file of counted) console.log(`  ${file.padEnd(40)}${kilobytes(size(file))}`);
}
if (over) process.exit(1);
