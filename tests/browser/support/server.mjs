// A static server as plain as the one that hosts the page: a folder under a sub-path, with gzip and no headers of ours.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

function listen(handler) {
  return new Promise((resolve, reject) => {
    const server = createServer(handler);
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const origin = `http://127.0.0.1:${server.address().port}`;
      const close = () => {
        server.closeAllConnections();
        return new Promise((done) => server.close(done));
      };
      resolve({ origin, server, close });
    });
  });
}

/**
 * Serves `folder` under `prefix` ("/repo/"). `state.hide` makes it answer 404 to the files that it matches; `forget` lets
 * it see changed files.
 */
export async function serve(folder, prefix) {
  const packed = new Map();
  const state = { hide: null };
  const { origin, close } = await listen(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const inside = normalize(path.startsWith(prefix) ? path.slice(prefix.length) || "index.html" : "../");
    try {
      if (inside.startsWith("..") || state.hide?.test(inside)) throw new Error("not here");
      const file = join(folder, inside);
      if (!packed.has(file)) packed.set(file, gzipSync(await readFile(file)));
      response.writeHead(200, {
        "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
        "Content-Encoding": "gzip",
        "Cache-Control": "max-age=600",
      });
      response.end(packed.get(file));
    } catch {
      response.writeHead(404, { "Content-Type": "text/plain" });
      response.end("not found");
    }
  });
  return { origin, url: origin + prefix, close, state, forget: () => packed.clear() };
}

/** Another origin that would welcome anything: what reaches it is in `received`. */
export async function sink() {
  const received = [];
  const welcome = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
  };
  const { origin, server, close } = await listen((request, response) => {
    received.push(`${request.method} ${request.url}`);
    const type = request.url.includes("events") ? "text/event-stream" : TYPES[extname(request.url)] ?? "text/plain";
    response.writeHead(200, { ...welcome, "Content-Type": type });
    response.end();
  });
  server.on("upgrade", (request, socket) => {
    received.push(`UPGRADE ${request.url}`);
    socket.destroy();
  });
  return { origin, received, close };
}
