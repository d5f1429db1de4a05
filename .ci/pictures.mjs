// Takes the pictures of the README from the release page in dist/, with its own samples: `make pictures`.

import { mkdir } from "node:fs/promises";
import { withPage } from "../tests/browser/support/browser.mjs";

const FOLDER = "docs/pictures";
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Each picture: its name, the sample by its title, the view that it shows, and what is opened in it. */
const PICTURES = [
  { name: "inputs", view: "inputs" },
  { name: "review", sample: "A diff of a dashboard", view: "review", open: "finding" },
  { name: "review-dark", sample: "A small forum", view: "review", open: "finding", scheme: "dark" },
  { name: "review-phone", sample: "A diff of a dashboard", view: "review", viewport: PHONE },
  { name: "queries", sample: "A saved toolbar page", view: "queries", open: "shape-row" },
  { name: "queries-dark", sample: "A saved toolbar page", view: "queries", open: "shape-row", scheme: "dark" },
  { name: "rules", view: "rules", open: "rule-row" },
];

await mkdir(FOLDER, { recursive: true });
for (const { name, sample, view, open, scheme = "light", viewport = DESKTOP } of PICTURES) {
  const contextOptions = { viewport, colorScheme: scheme, reducedMotion: "reduce" };
  await withPage(
    async ({ page }) => {
      if (sample) await page.getByTestId("sample").filter({ hasText: sample }).click();
      await page.getByTestId(`go-${view}`).click();
      if (open) await page.getByTestId(open).first().click();
      await page.waitForTimeout(500);
      await page.screenshot({ path: `${FOLDER}/${name}.png` });
    },
    { contextOptions },
  );
  console.log(`${FOLDER}/${name}.png`);
}
