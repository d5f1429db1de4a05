// What the user decides on findings: out of sight, remembered, and taken along.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { withPage } from "./support/browser.mjs";
import { Roundtrip, kept } from "./support/roundtrip.mjs";

const CODE = `from django.db import models


class Forum(models.Model):
    name = models.CharField(max_length=80)


class Topic(models.Model):
    title = models.CharField(max_length=80)
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)


def rows():
    out = []
    for topic in Topic.objects.all():
        out.append(topic.forum.name)
    return out


def titles():
    return len([topic.forum.name for topic in Topic.objects.all()])
`;

async function saved(page, testid) {
  const started = page.waitForEvent("download");
  await page.getByTestId("export").locator("summary").click();
  await page.getByTestId(testid).click();
  return JSON.parse(await readFile(await (await started).path(), "utf8"));
}

test("a dismissed finding stays out of sight, of exports and of the next visit", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    const finding = app.finding("RT101");
    await finding.nth(1).waitFor();
    await finding.first().click();
    await app.panel.getByLabel("Reason of the decision").fill("twelve forums at most");
    await app.panel.getByTestId("decide-dismiss").click();
    await app.summary.getByText("1 dismissed").waitFor();
    assert.equal(await finding.count(), 1);
    await app.panel.getByTestId("copy-ignore").click();
    assert.equal(await app.clipboard(), "# roundtrip: ignore[RT101] twelve forums at most");

    const report = await saved(page, "export-json");
    assert.equal(report.findings.filter(({ rule }) => rule === "RT101").length, 1);
    const file = await saved(page, "save-decisions");
    const [[fingerprint, decided]] = Object.entries(file.decisions);
    assert.deepEqual(decided, { decision: "dismiss", reason: "twelve forums at most" });
    assert.ok(report.findings.every((left) => left.fingerprint !== fingerprint));

    await page.reload();
    await app.summary.getByText("1 dismissed").click();
    await finding.first().waitFor();
    assert.equal(await finding.count(), 1);
    await finding.first().click();
    await app.panel.getByTestId("decide-dismiss").click();
    await page.getByTestId("filter").fill("");
    await finding.nth(1).waitFor();
    assert.equal(await page.getByTestId("dismissed").count(), 0);
  }));

test("decisions are made by keys, and those of a colleague can be taken in", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    const finding = app.finding("RT101");
    await finding.nth(1).waitFor();
    await finding.first().focus();
    await page.keyboard.press("l");
    await finding.filter({ hasText: "later" }).waitFor();
    await page.keyboard.press("x");
    await app.summary.getByText("1 dismissed").waitFor();
    assert.equal(await finding.count(), 1);

    const load = page.getByTestId("load-decisions");
    const [name, mimeType] = ["triage.json", "application/json"];
    await load.setInputFiles({ name, mimeType, buffer: Buffer.from("[1, 2]") });
    await app.notices.getByText("triage.json: expected a file of decisions").waitFor();
    const { fingerprint } = (await saved(page, "export-json")).findings.find(({ rule }) => rule === "RT101");
    const decisions = { [fingerprint]: { decision: "dismiss", reason: "read together" } };
    await load.setInputFiles({ name, mimeType, buffer: Buffer.from(JSON.stringify({ version: 1, decisions })) });
    await app.summary.getByText("2 dismissed").waitFor();
    assert.equal(await finding.count(), 0);
  }));

test("what a finding costs is told in time, at the latency that was set", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.paste(CODE);
    await app.finding("RT101").first().click();
    const time = app.panel.getByTestId("cost-time");
    await time.getByText("51.0 ms → 1.00 ms").waitFor();
    await app.panel.getByTestId("latency").fill("20");
    await app.panel.getByTestId("latency").press("Enter");
    await time.getByText("ms → 20.0 ms").waitFor();
    await kept(page, [1]);
    await page.reload();
    await app.finding("RT101").first().click();
    assert.equal(await app.panel.getByTestId("latency").inputValue(), "20.0");
  }));

test("what was dismissed of a log leaves its list, and can be shown", () =>
  withPage(async ({ page }) => {
    const app = new Roundtrip(page);
    await app.started();
    await page.getByTestId("sample").filter({ hasText: "connection.queries" }).click();
    const findings = page.getByTestId("log-finding");
    await findings.nth(1).waitFor();
    const all = await findings.count();
    await findings.first().click();
    await page.getByTestId("decide-dismiss").first().click();
    await page.getByTestId("log-dismissed").waitFor();
    assert.equal(await findings.count(), all - 1);
    await page.getByTestId("log-dismissed").click();
    assert.equal(await findings.count(), all);
  }));
