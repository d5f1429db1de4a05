// From an input to a copied rewrite, in the ways that people take.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withPage } from "./support/browser.mjs";
import { Roundtrip, kept } from "./support/roundtrip.mjs";

const DIFF = await readFile("public/samples/dashboard.diff", "utf8");

const MODELS = `from django.db import models


class Forum(models.Model):
    name = models.CharField(max_length=80)


class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    subject = models.CharField(max_length=200)
`;

const VIEWS = `from django.http import JsonResponse

from forum.models import Topic


def index(request):
    rows = []
    for topic in Topic.objects.all():
        rows.append(topic.forum.name)
    return JsonResponse({"rows": rows})
`;

/** A project with more files in one folder than a browser lists at once, and the finding in the last of them. */
async function project(act) {
  const folder = await mkdtemp(join(tmpdir(), "roundtrip-project-"));
  try {
    const root = join(folder, "site");
    await mkdir(join(root, "forum"), { recursive: true });
    await mkdir(join(root, "node_modules", "x"), { recursive: true });
    await writeFile(join(root, "node_modules", "x", "views.py"), VIEWS);
    await writeFile(join(root, "forum", "__init__.py"), "");
    await writeFile(join(root, "forum", "models.py"), MODELS);
    for (let number = 0; number < 130; number++) {
      await writeFile(join(root, "forum", `helper_${String(number).padStart(3, "0")}.py`), `VALUE = ${number}\n`);
    }
    await writeFile(join(root, "forum", "views.py"), VIEWS);
    await act(root);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function seesTheDiff(app) {
  const finding = app.finding("RT101");
  await finding.click();
  await app.panel.getByText("select_related").first().waitFor();
  const row = app.row(29);
  await row.waitFor();
  assert.match(await row.textContent(), /topic\.forum\.name/);
  assert.match(await row.textContent(), /⇄ N/);
  assert.equal(await row.getByTestId("mark").count(), 1);
}

test("a pasted diff shows its finding on its line, and the rewrite is copied", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await page.getByTestId("paste").focus();
    await app.paste(DIFF);
    await seesTheDiff(app);
    await app.copyRewrite().click();
    await app.copyRewrite().getByText("Copied").waitFor();
    const patch = await app.clipboard();
    assert.match(patch, /^\+.*select_related\("forum"\)/m);
    assert.match(patch, /^--- a\/apps\/accounts\/views\.py$/m);
  }));

/** A change to twenty views, each with a fault that it leaves as it was; every second one gets another. */
function twentyViews() {
  const old = ["from forum.models import Topic", "", "", "def old(request):"];
  old.push("    return [topic.forum.name for topic in Topic.objects.all()]", "", "", "def size(request, pk):");
  const parts = Array.from({ length: 20 }, (_, number) => {
    const path = `part${String(number).padStart(2, "0")}/views.py`;
    const before = `    return Topic.objects.filter(pk__gt=${number}).count()`;
    const after =
      number % 2 === 0
        ? `    return [topic.forum.name for topic in Topic.objects.filter(pk__gt=${number})]`
        : `${before}  # Shown in the head.`;
    const head = `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1,9 +1,9 @@\n`;
    return `${head}${old.map((line) => ` ${line}\n`).join("")}-${before}\n+${after}\n`;
  });
  return parts.join("");
}

test("of a diff over twenty files, marks stand only on what it brings in", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(twentyViews());
    await app.finding("RT101").first().waitFor();
    assert.equal(await app.findings.count(), 10);
    for (let at = 0; at < 10; at++) {
      await app.findings.nth(at).click();
      const row = page.getByTestId("code-row").filter({ hasText: `topic in Topic.objects.filter(pk__gt=${2 * at})]` });
      await row.getByTestId("mark").waitFor();
      assert.equal(await page.getByTestId("mark").count(), 1);
    }
  }));

test("a badge opens the SQL that its line sends", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await seesTheDiff(app);
    const badge = app.row(29).getByTestId("badge");
    await badge.click();
    const statements = page.getByTestId("statements");
    await statements.getByText(/select.*, N times/).waitFor();
    assert.equal(await badge.getAttribute("aria-expanded"), "true");
    // Below the line, one row for each line of it.
    const below = await page.getByTestId("code-row").or(statements).or(page.getByTestId("statement-line")).evaluateAll((rows) => {
      const at = rows.findIndex((row) => row.dataset.line === "29");
      return rows.slice(at + 1, at + 4).map((row) => [row.dataset.testid, row.textContent]);
    });
    assert.deepEqual(below.map(([id]) => id).slice(0, 2), ["statements", "statement-line"]);
    assert.match(below[1][1], /SELECT .*FROM forum WHERE/);
    assert.ok((await page.locator(".inset .t-keyword").count()) >= 3);
    await statements.getByTestId("copy").click();
    assert.match(await app.clipboard(), /^SELECT[^]*FROM forum WHERE/);
    await page.keyboard.press("Escape");
    await statements.waitFor({ state: "detached" });
    assert.equal(await page.getByTestId("statement-line").count(), 0);
  }));

test("a dropped folder is read to its last file, without what tools put there", () =>
  project((root) =>
    withPage(async ({ page }) => {
      const app = new Roundtrip(page);
      await app.drop(root);
      await app.finding("RT101").waitFor();
      assert.equal(await app.findings.count(), 1);
      assert.match(await app.row(9).textContent(), /topic\.forum\.name/);
      await app.go("inputs");
      await app.entries.getByText("133 files").waitFor();
    }),
  ));

test("a chosen folder is one input, and can be taken out and put back", () =>
  project((root) =>
    withPage(async ({ page }) => {
      const app = new Roundtrip(page);
      await app.pickFolder(root);
      await app.finding("RT101").waitFor();
      await app.go("inputs");
      assert.equal(await app.entries.count(), 1);
      await page.getByRole("button", { name: "Remove site/" }).click();
      await app.entries.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Undo" }).click();
      await app.entries.waitFor();
      await app.go("review");
      await app.finding("RT101").waitFor();
    }),
  ));

test("offline, after a reload, a paste and a folder are reviewed as before", () =>
  project((root) =>
    withPage(async ({ page, context }) => {
      await page.waitForFunction(() => navigator.serviceWorker.controller);
      await context.setOffline(true);
      await page.reload();
      const app = new Roundtrip(page);
      await page.getByTestId("paste").focus();
      await app.paste(DIFF);
      await seesTheDiff(app);
      await app.go("inputs");
      await page.getByTestId("clear").click();
      await kept(page, []);
      await page.reload();
      await app.drop(root);
      await app.finding("RT101").waitFor();
      assert.match(await app.row(9).textContent(), /topic\.forum\.name/);
    }),
  ));

test("a folder dropped onto a diff is what surrounds it, and the list says so", () =>
  project((root) =>
    withPage(async ({ page }) => {
      const app = new Roundtrip(page);
      await app.paste(DIFF);
      await seesTheDiff(app);
      await app.drop(root);
      // Once it is in the workspace, whoever goes elsewhere is not called back.
      await page.getByTestId("go-inputs").getByText("2").waitFor();
      await app.go("inputs");
      await app.entries.getByText(/133 files, .*around the diff/).waitFor();
      await app.go("review");
      assert.equal(await app.finding("RT101").count(), 1);
      await app.go("inputs");
      await page.getByRole("button", { name: "Remove pasted text" }).click();
      await app.go("review");
      await app.row(9).getByText("topic.forum.name").waitFor();
    }),
  ));

test("the keyboard alone leads from an empty page to a copied rewrite", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await page.getByTestId("view-inputs").waitFor();
    await app.paste(DIFF);
    await app.finding("RT101").waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.dataset.rule ?? document.activeElement?.id);
    // It begins at the gravest.
    assert.equal(await app.finding("RT101").getAttribute("aria-current"), "true");
    await page.keyboard.press("k");
    assert.equal(await focused(), "RT201");
    await page.keyboard.press("j");
    assert.equal(await focused(), "RT101");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "code");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "panel");
    for (let step = 0; step < 10; step++) {
      await page.keyboard.press("Tab");
      if (await app.copyRewrite().evaluate((button) => button === document.activeElement)) break;
    }
    await page.keyboard.press("Enter");
    await app.copyRewrite().getByText("Copied").waitFor();
    assert.match(await app.clipboard(), /select_related\("forum"\)/);

    await page.keyboard.press("Escape");
    assert.equal(await focused(), "code");
    await page.keyboard.press("Escape");
    assert.equal(await focused(), "RT101");
    await page.keyboard.press("?");
    await page.getByTestId("help").waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("help").waitFor({ state: "hidden" });
    assert.equal(await focused(), "RT101");
    await page.keyboard.press("/");
    assert.equal(await focused(), "filter");
    await page.keyboard.type("blocker");
    await page.getByTestId("verdict").getByText("Filtered").waitFor();
  }));

test("an engine that stops costs no finding and no input, and the page says so", () =>
  withPage(async ({ page, seen }) => {
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await seesTheDiff(app);
    for (const engine of page.workers()) {
      await engine.evaluate(() => void setTimeout(() => { throw new WebAssembly.RuntimeError("unreachable executed"); }));
    }
    await app.notices.getByText("The code engine stopped and was started again").waitFor();
    assert.ok((await app.findings.count()) >= 3);
    await app.row(29).getByTestId("badge").click();
    await page.getByTestId("statement-line").getByText(/FROM forum WHERE/).waitFor();
    await app.go("inputs");
    assert.equal(await app.entries.count(), 1);
    seen.errors.length = 0;
  }));

test("code without a query says so, and what is no code says why beside it", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste("def add(a, b):\n    return a + b\n");
    await page.getByTestId("verdict").getByText("No database query was recognised").waitFor();
    await app.paste("Dear all, please find the minutes attached\n");
    await app.view("inputs").waitFor();
    await app.entries.nth(1).getByText("Dear all").waitFor();
    assert.equal(await app.entries.count(), 2);
    await app.go("review");
    await app.row(1).getByText("def add").waitFor();
  }));

test("the address brings back the view, the filter and the chosen finding", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await app.finding("RT304").click();
    await page.getByTestId("filter").fill("family:over");
    await page.waitForFunction(() => /^#1\/review\?finding=[0-9a-f]{16}&filter=family:over$/.test(location.hash));
    assert.equal(await app.findings.count(), 1);
    await app.go("rules");
    await page.goBack();
    await app.view("review").waitFor();
    assert.equal(await page.getByTestId("filter").inputValue(), "family:over");
  }));

test("on a narrow screen the three columns are three steps", () =>
  withPage(
    async ({ page }) => {
      const app = new Roundtrip(page);
      await app.paste(DIFF);
      await app.finding("RT101").waitFor();
      assert.equal(await app.panel.isVisible(), false);
      await app.finding("RT101").click();
      await app.row(29).getByTestId("badge").waitFor();
      assert.equal(await app.findings.first().isVisible(), false);
      await page.getByRole("button", { name: "Details" }).click();
      await app.copyRewrite().waitFor();
      await page.getByRole("button", { name: "‹ Code" }).click();
      await page.getByRole("button", { name: "‹ Findings" }).click();
      await app.finding("RT101").waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px too wide`);
    },
    { contextOptions: { viewport: { width: 390, height: 844 } } },
  ));

test("each export holds the finding", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(DIFF);
    await app.finding("RT101").waitFor();
    for (const format of ["markdown", "html", "patch", "suggestions", "sarif", "rdjson", "json"]) {
      await page.getByText("Export ▾").click();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId(`export-${format}`).click()]);
      const text = await readFile(await download.path(), "utf8");
      assert.match(text, /select_related/, format);
    }
  }));
