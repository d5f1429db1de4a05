// How long from a paste to its findings, and how evenly a long file scrolls. `.ci/bench` runs this; it fails on nothing.

import { withPage } from "./support/browser.mjs";
import { Roundtrip } from "./support/roundtrip.mjs";

const PASTES = 9;

/** A diff of about `lines` lines that adds views, every third of which has a query in a loop. */
function diff(lines, seed) {
  const body = ["from django.http import JsonResponse", "from forum.models import Topic", ""];
  for (let number = 0; body.length < lines; number++) {
    const name = `view_${seed}_${number}`;
    const read = number % 3 === 0 ? "topic.forum.name" : "topic.subject";
    body.push("", `def ${name}(request, pk):`, "    rows = []",
      `    for topic in Topic.objects.filter(poster=request.user, score__gt=${number}):`,
      `        rows.append({"value": ${read}, "number": ${number}})`,
      "    return JsonResponse({'rows': rows})", "");
  }
  const added = body.map((line) => `+${line}`).join("\n");
  return `diff --git a/app/views_${seed}.py b/app/views_${seed}.py\nnew file mode 100644\n--- /dev/null\n` +
    `+++ b/app/views_${seed}.py\n@@ -0,0 +1,${body.length} @@\n${added}\n`;
}

/** Pastes by an event of the page's own, so that the clipboard is not measured; waits for the painted finding. */
const timed = (page, text) =>
  page.evaluate(async (text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const started = performance.now();
    const shown = new Promise((resolve) => {
      const look = () => (document.querySelector("[data-testid=finding]") ? resolve() : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    await shown;
    return performance.now() - started;
  }, text);

/** Gaps between frames in milliseconds while what `selector` names is scrolled for `frames` frames. */
const frameGaps = (page, selector, frames) =>
  page.evaluate(async ([selector, frames]) => {
    const scrolled = document.querySelector(selector);
    const gaps = [];
    let before = await new Promise(requestAnimationFrame);
    for (let frame = 0; frame < frames; frame++) {
      scrolled.scrollTop += 160;
      const now = await new Promise(requestAnimationFrame);
      gaps.push(now - before);
      before = now;
    }
    return gaps;
  }, [selector, frames]);

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];

await withPage(async ({ page }) => {
  const app = new Roundtrip(page);
  await page.waitForTimeout(1_500);
  const times = [];
  for (let run = 0; run < PASTES; run++) {
    times.push(await timed(page, diff(500, run)));
    await app.go("inputs");
    await page.getByTestId("clear").click();
    await app.entries.waitFor({ state: "detached" });
  }
  const [first, ...warm] = times;
  console.log(`paste of a 500-line diff to its findings: first ${first.toFixed(0)} ms, ` +
    `median ${quantile(warm, 0.5).toFixed(0)} ms, worst ${Math.max(...warm).toFixed(0)} ms (aim: under 100)`);

  const smooth = async (what, element) => {
    const gaps = await frameGaps(page, element, 300);
    console.log(`${what}: p95 frame gap ${quantile(gaps, 0.95).toFixed(1)} ms, ` +
      `median ${quantile(gaps, 0.5).toFixed(1)} ms (aim: under 34)`);
  };
  await timed(page, diff(50_000, 99));
  await page.waitForTimeout(500);
  await smooth("scrolling 50,000 lines", "[data-testid=code]");
  await page.keyboard.press("s");
  await page.locator(".row.pair").first().waitFor();
  await smooth("scrolling 50,000 lines side by side", "[data-testid=code]");

  const queries = Array.from({ length: 20_000 }, (_, number) => (
    { sql: `SELECT "t${number}"."id" FROM "t${number}" WHERE "t${number}"."a" = 1`, time: "0.001" }));
  await app.go("inputs");
  await page.getByTestId("pick-files").setInputFiles(
    { name: "queries.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(queries)) });
  await page.getByTestId("shape-row").first().waitFor({ timeout: 120_000 });
  await smooth("scrolling 20,000 fingerprints", "#shapes");
});
