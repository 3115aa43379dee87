/**
 * Colours of reports can be read, by day and by night.
 *
 * @module
 */

import assert from "node:assert/strict";
import { REPORT_STYLE } from "../../../../lab/report/html_style.ts";
import { contrast } from "../../contrast.ts";

/** Contrast that small text needs. */
const CONTRAST_MIN = 4.5;

/** The colours of each `:root` block. */
function themes(): Record<string, string>[] {
  return [...REPORT_STYLE.matchAll(/:root \{([^}]*)\}/g)].map(([, block]) =>
    Object.fromEntries(
      [...block!.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, colour]) => [name, colour]),
    )
  );
}

Deno.test("text stands out from its ground, and verdicts from theirs, in every theme", () => {
  const all = themes();
  // By day, by night, and on paper.
  assert.equal(all.length, 3);
  for (const theme of all) {
    for (const name of ["ink", "quiet", "healthy", "lagging", "lost", "burning"]) {
      const against = contrast(theme[name]!, theme["ground"]!);
      assert.ok(against >= CONTRAST_MIN, `${name} on ground: ${against}`);
    }
    for (const name of ["healthy", "lagging", "lost"]) {
      const against = contrast(theme[name]!, theme[`${name}-fill`]!);
      assert.ok(against >= CONTRAST_MIN, `${name} on its fill: ${against}`);
    }
  }
});
