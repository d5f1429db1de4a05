// The page as its user sees it: what can be brought in, and what is shown.

import assert from "node:assert/strict";

/** Reads in a row that must be alike: what is kept is written shortly after each change. */
const ALIKE = 3;

/**
 * Until the browser has on its disk workspaces of so many entries, smallest first, and writes no more: what a reload
 * brings back.
 */
export async function kept(page, wanted) {
  const read = () =>
    page.evaluate(async () => {
      const open = indexedDB.open("roundtrip");
      const database = await new Promise((done) => (open.onsuccess = () => done(open.result)));
      if (!database.objectStoreNames.contains("workspaces")) return database.close(), [];
      const all = database.transaction("workspaces").objectStore("workspaces").getAll();
      const texts = await new Promise((done) => (all.onsuccess = () => done(all.result)));
      database.close();
      return texts;
    });
  const entries = (texts) =>
    texts.map((text) => text.split("\n").filter((line) => line.startsWith("entry")).length).sort((a, b) => a - b);
  let before = null;
  let alike = 0;
  for (let tries = 0; tries < 80; tries++) {
    const texts = await read();
    const now = JSON.stringify(texts);
    alike = now === before ? alike + 1 : 0;
    before = now;
    if (alike >= ALIKE && JSON.stringify(entries(texts)) === JSON.stringify(wanted)) return;
    await page.waitForTimeout(200);
  }
  assert.deepEqual(entries(JSON.parse(before)), wanted);
}

export class Roundtrip {
  constructor(page) {
    this.page = page;
    this.findings = page.getByTestId("finding");
    this.panel = page.getByTestId("panel");
    this.notices = page.getByTestId("notices");
    this.entries = page.getByTestId("entry");
    this.summary = page.getByTestId("summary");
  }

  /** Before that, index.html's own view is shown. */
  started() {
    return this.page.locator("#boot").waitFor({ state: "detached" });
  }

  /** `inputs`, `review`, `queries` or `rules`. */
  async go(view) {
    await this.page.getByTestId(`go-${view}`).click();
    await this.view(view).waitFor();
  }

  view(name) {
    return this.page.getByTestId(`view-${name}`);
  }

  /** Through the clipboard and the key, with the focus where it is. */
  async paste(text) {
    await this.started();
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await this.page.keyboard.press("Control+V");
  }

  clipboard() {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Drops files and folders of the disk, as a file manager does. */
  async drop(...paths) {
    await this.started();
    const session = await this.page.context().newCDPSession(this.page);
    const data = { items: [], files: paths, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
    }
    await session.detach();
  }

  async pickFolder(folder) {
    await this.page.getByTestId("pick-folder").setInputFiles(folder);
  }

  finding(rule) {
    return this.page.locator(`[data-testid=finding][data-rule=${rule}]`);
  }

  /** The row of a 1-based line after the change. */
  row(line) {
    return this.page.locator(`[data-testid=code-row][data-line="${line}"]`);
  }

  copyRewrite() {
    return this.panel.getByTestId("copy-rewrite");
  }
}
