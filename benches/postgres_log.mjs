// A PostgreSQL log of any length, out of what a server wrote for a few requests of a real Django: each session comes
// again and again, with another process, other times and other values.

import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";

const REAL = new URL("../tests/fixtures/postgres-log/django.log", import.meta.url);
/** Milliseconds from the begin of one session to that of the next: several run at the same time. */
const EVERY_MS = 15;
/** Sessions whose lines are mixed. */
const TOGETHER = 8;
const START = Date.UTC(2026, 10, 21);
const BLOCK = 4 << 20;

/** Sessions of the real log: of each statement the milliseconds since the first, and its text around its values. */
function real() {
  const sessions = new Map();
  for (const line of readFileSync(REAL, "utf8").split("\n")) {
    const found = /^(\S+ \S+) UTC \[(\d+)\] (\S+@\S+) LOG: {2}(duration: .*)$/.exec(line);
    if (!found) continue;
    const [, time, process, who, message] = found;
    const at = Date.parse(`${time.replace(" ", "T")}Z`);
    if (!sessions.has(process)) sessions.set(process, { first: at, who, statements: [] });
    const session = sessions.get(process);
    const pieces = message.replace(/^duration: \S+/, "").split(/(?<== )\d+(?![\w.])/);
    session.statements.push({ after: at - session.first, pieces });
  }
  return [...sessions.values()];
}

/** Writes about `bytes` to `path`; gives how many they are, and how many statements. */
export async function writePostgresLog(path, bytes) {
  const sessions = real();
  const file = await open(path, "w");
  let [written, statements, seed] = [0, 0, 1];
  const random = (below) => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8) % below;
  try {
    for (let number = 0, block = ""; written < bytes; ) {
      const lines = [];
      for (const end = number + TOGETHER; number < end; number++) {
        const { who, statements: own } = sessions[number % sessions.length];
        const head = ` UTC [${1000 + (number % 30_000)}] ${who} LOG:  duration: `;
        for (const { after, pieces } of own) {
          let text = `${head}0.${100 + random(900)}${pieces[0]}`;
          for (let piece = 1; piece < pieces.length; piece++) text += random(100_000) + pieces[piece];
          lines.push({ at: START + number * EVERY_MS + after, text });
        }
      }
      for (const { at, text } of lines.sort((one, other) => one.at - other.at)) {
        block += `${new Date(at).toISOString().replace("T", " ").slice(0, 23)}${text}\n`;
      }
      statements += lines.length;
      if (block.length >= BLOCK || written + block.length >= bytes) {
        written += (await file.write(block)).bytesWritten;
        block = "";
      }
    }
  } finally {
    await file.close();
  }
  return { bytes: written, statements };
}
