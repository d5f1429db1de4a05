// What index.html shows before the page's code is there: it is the app's own first view, and nothing done in it is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { CODE } from "./support/code.mjs";
import { Roundtrip, kept } from "./support/roundtrip.mjs";

/** Holds the page's wasm back until the answer is called. */
async function hold(page) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(/page[^/]*\.wasm$/, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** With the page's code held back: `before` runs in what index.html shows, and `after` in the app. */
function started(before, after, options) {
  return withPage(
    async ({ page, site, ...rest }) => {
      const release = await hold(page);
      await page.goto(site.url);
      await page.locator("#boot main").waitFor({ state: "attached" });
      await before(page);
      assert.equal(await page.locator("#boot").count(), 1, "the app came before it was let");
      release();
      const app = new Roundtrip(page);
      await app.started();
      await after({ page, app, site, ...rest });
    },
    { ...options, open: false },
  );
}

/** Every element that is laid out, with its own words and its box. */
const looks = (page) =>
  page.evaluate(() => {
    const out = [];
    const walk = (element) => {
      const box = element.getBoundingClientRect();
      const words = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
      const text = words.map((node) => node.textContent).join(" ").replace(/\s+/g, " ").trim();
      const { color, fontSize, backgroundColor } = getComputedStyle(element);
      if (box.width > 0 && box.height > 0 && element.id !== "boot-message" && !element.matches(".unseen")) {
        const place = [box.x, box.y, box.width, box.height].map((number) => Math.round(number * 10) / 10).join(" ");
        out.push(`${element.tagName} ${text} @ ${place} ${fontSize} ${color} ${backgroundColor}`);
      }
      for (const child of element.children) walk(child);
    };
    for (const part of ["header", ".notices", "main"]) walk(document.querySelector(part));
    return out;
  });

const roles = (page) => page.locator("main").ariaSnapshot().then(async (main) => `${await page.locator("header").ariaSnapshot()}\n${main}`);

for (const [width, height, colorScheme] of [[320, 700, "dark"], [1280, 800, "light"], [2560, 1440, "dark"]]) {
  test(`the first paint at ${width} px is the view that the app shows in its place`, async () => {
    let before;
    await started(
      async (page) => (before = { looks: await looks(page), roles: await roles(page) }),
      async ({ page }) => {
        assert.ok(before.looks.length > 40, before.looks.join("\n"));
        assert.deepEqual(before.looks, await looks(page));
        assert.equal(before.roles, await roles(page));
        const shift = await page.evaluate(
          () =>
            new Promise((resolve) =>
              new PerformanceObserver((list) => resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
                .observe({ type: "layout-shift", buffered: true }) ?? setTimeout(() => resolve(0), 500),
            ),
        );
        assert.equal(shift, 0);
      },
      { contextOptions: { viewport: { width, height }, colorScheme } },
    );
  });
}

test("what is typed before the app runs stays in the box, with the caret", () =>
  started(
    async (page) => {
      await page.getByRole("textbox").click();
      await page.keyboard.type("SELECT 1;");
      await page.keyboard.press("ArrowLeft");
    },
    async ({ page, app }) => {
      await page.keyboard.type("0");
      assert.equal(await page.getByTestId("paste").inputValue(), "SELECT 10;");
      await page.getByTestId("add-typed").click();
      await app.entries.first().waitFor({ state: "attached" });
    },
  ));

test("what is pasted and picked before the app runs is reviewed", () =>
  started(
    async (page) => {
      await page.evaluate((text) => navigator.clipboard.writeText(text), CODE);
      await page.keyboard.press("Control+V");
      await page.getByText("One moment").waitFor();
      const file = { name: "later.py", mimeType: "text/plain", buffer: Buffer.from("VALUE = 1\n") };
      await page.getByTestId("pick-files").setInputFiles(file);
    },
    async ({ app }) => {
      await app.finding("RT101").waitFor();
      await app.go("inputs");
      assert.match((await app.entries.allTextContents()).join(), /pasted text.*later\.py/s);
    },
  ));

test("a file that is dropped before the app runs is reviewed", () =>
  started(
    async (page) => {
      const session = await page.context().newCDPSession(page);
      const data = { items: [], files: [`${process.cwd()}/public/samples/lockout.py`], dragOperationsMask: 1 };
      for (const type of ["dragEnter", "dragOver", "drop"]) {
        await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
      }
      await session.detach();
    },
    async ({ app }) => {
      await app.findings.first().waitFor();
      await app.go("inputs");
      assert.match(await app.entries.first().textContent(), /lockout\.py/);
    },
  ));

test("a picker that is open while the app starts still brings its file", () =>
  withPage(
    async ({ page, site }) => {
      const release = await hold(page);
      await page.goto(site.url);
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Choose files" }).click();
      const picker = await chooser;
      release();
      const app = new Roundtrip(page);
      await app.started();
      await picker.setFiles({ name: "names.py", mimeType: "text/plain", buffer: Buffer.from(CODE) });
      await app.finding("RT101").waitFor();
    },
    { open: false },
  ));

test("what is pressed before the app runs is done when it does", () =>
  started(
    (page) => page.getByRole("button", { name: "A diff of a dashboard" }).click(),
    async ({ app }) => app.finding("RT101").first().waitFor(),
  ));

test("an address of another view and a kept workspace never show the empty one", () =>
  withPage(async ({ page, site }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").waitFor();
    await kept(page, [1]);
    const welcome = page.getByRole("heading", { name: "See every database" });
    const opens = async (url) => {
      await page.goto("about:blank");
      const release = await hold(page);
      await page.goto(url);
      await page.locator("#boot header").waitFor();
      assert.equal(await welcome.isVisible(), false);
      assert.ok(await page.getByRole("button", { name: "Rules" }).isVisible());
      release();
      await app.started();
      await page.unroute(/page[^/]*\.wasm$/);
    };
    await opens(site.url);
    await app.finding("RT101").waitFor();
    await app.go("inputs");
    await page.getByTestId("forget").click();
    await kept(page, []);
    await opens(`${site.url}#1/rules`);
    await app.view("rules").waitFor();
    await page.goto("about:blank");
    await page.goto(site.url);
    await welcome.waitFor();
    assert.ok(await page.getByRole("textbox").isVisible());
  }));

test("the chosen theme is there at the first paint", () =>
  withPage(async ({ page, site }) => {
    const app = new Roundtrip(page);
    await app.started();
    const theme = page.getByTestId("theme");
    await theme.click();
    await theme.getByText("Light").waitFor();
    await theme.click();
    await theme.getByText("Dark").waitFor();
    const release = await hold(page);
    await page.goto(`${site.url}?again`);
    await page.locator("#boot main").waitFor();
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(await ground(), "rgb(16, 18, 20)");
    release();
    await app.started();
    assert.equal(await ground(), "rgb(16, 18, 20)");
  }));

test("a page whose code does not load says so, and shows what it is", () =>
  withPage(
    async ({ page, site, seen }) => {
      site.state.hide = /page.*\.wasm$/;
      await page.goto(site.url);
      await page.getByRole("alert").getByText("Roundtrip could not start: the server answered 404").waitFor();
      assert.ok(await page.getByRole("heading", { name: "See every database" }).isVisible());
      seen.errors.length = 0;
    },
    { open: false },
  ));
