// How to get at what can be brought in.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { Roundtrip } from "./support/roundtrip.mjs";

test("the recorder is saved, the bookmarklet and the commands are copied", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    const recording = page.getByTestId("recording");
    await recording.locator("summary").click();
    const entry = (title) => recording.getByRole("listitem").filter({ hasText: title }).getByTestId("take-source");

    const started = page.waitForEvent("download");
    await entry("Django, SQLAlchemy or pytest").click();
    const saved = await readFile(await (await started).path(), "utf8");
    assert.equal(saved, await readFile("public/recorder/roundtrip_recorder.py", "utf8"));

    await entry("django-debug-toolbar, a page open").click();
    await app.notices.getByText("Copied.").waitFor();
    const bookmark = await app.clipboard();
    assert.match(bookmark, /^javascript:\(async \(\) => \{ [^\n]+\}\)\(\);$/);

    await entry("django-silk").click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("manage.py dumpdata silk"));
  }));
