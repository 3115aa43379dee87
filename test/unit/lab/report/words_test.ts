/**
 * Numbers as people read them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { durationText, paragraphsOf } from "../../../../lab/report/words.ts";
import { S } from "./story.ts";

Deno.test("durations are rounded to the nearest of their two units, and none is cut off", () => {
  const texts = [
    [59.6, "1 min"],
    [252.4, "4 min 12 s"],
    [3599.6, "1 h"],
    [3975, "1 h 6 min"],
    [4770, "1 h 20 min"],
    [86_399, "1 d"],
    [7 * 86_400 + 1032, "7 d"],
    [-2025, "-33 min 45 s"],
  ] as const;
  for (const [seconds, text] of texts) assert.equal(durationText(seconds * S), text);
});

Deno.test("a story flows: its paragraphs are what stands between blank lines, not where its file broke them", () => {
  assert.deepEqual(paragraphsOf("One\ntwo.\n\n \nThree\nfour.\n"), ["One\ntwo.", "Three\nfour."]);
  assert.deepEqual(paragraphsOf(""), []);
});
