/**
 * What keeps people from using a page, as axe-core finds it.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** What axe-core finds serious on the page as it is shown now. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    type Found = { id: string; impact: string; nodes: { html: string }[] };
    const { axe } = globalThis as unknown as {
      axe: { run: (what: object) => Promise<{ violations: Found[] }> };
    };
    // The report's page is a document of its own, with tests of its own.
    const { violations } = await axe.run({ exclude: [["iframe"]] });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) =>
        `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`
      );
  });
}
