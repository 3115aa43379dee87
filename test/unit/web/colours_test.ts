/**
 * Colours of the page can be read in both themes, also by who tells no red from green: what they say, lightness, a dash or a word says too.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { LINE_COLOURS, lineStyle } from "../../../web/charts/line_styles.ts";
import { contrast, luminance } from "../contrast.ts";

const TOKENS = readFileSync(new URL("../../../web/style/tokens.css", import.meta.url), "utf8");
/** Contrast that small text needs (WCAG 2.2, 1.4.3), and that of a sign (1.4.11). */
const TEXT_MIN = 4.5;
const SIGN_MIN = 3;
const TONES = [0, 1, 2, 3, 4, 5, 6, 7].map((tone) => `tone-${tone}`);

function coloursOf(selector: string): Record<string, string> {
  const from = TOKENS.indexOf(selector);
  const block = TOKENS.slice(from, TOKENS.indexOf("}", from));
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour]),
  );
}

const LIGHT = coloursOf(":root {");
const THEMES = { light: LIGHT, dark: { ...LIGHT, ...coloursOf(':root[data-theme="dark"] {') } };

for (const [theme, colours] of Object.entries(THEMES)) {
  Deno.test(`words in the colour of a state can be read, ${theme}`, () => {
    for (const state of ["healthy", "lagging", "lost", "frozen", "burning", "quiet", "text"]) {
      const own = colours[`${state}-ground`];
      for (const ground of [colours["panel"], colours["well"], ...own === undefined ? [] : [own]]) {
        const against = contrast(colours[state]!, ground!);
        assert.ok(against >= TEXT_MIN, `${state} on ${ground}: ${against.toFixed(2)}`);
      }
    }
  });

  Deno.test(`shades of the disk map go from one end to the other by lightness alone, ${theme}`, () => {
    const steps = TONES.map((tone) => luminance(colours[tone]!));
    const way = Math.sign(steps.at(-1)! - steps[0]!);
    for (const [index, light] of steps.slice(1).entries()) {
      assert.ok(way * (light - steps[index]!) > 0, `tone ${index + 1} is no step on`);
    }
    assert.ok(contrast(colours[TONES[0]!]!, colours[TONES.at(-1)!]!) >= SIGN_MIN);
  });

  Deno.test(`lines of a chart stand out from it, ${theme}`, () => {
    for (let line = 0; line < LINE_COLOURS; line++) {
      const against = contrast(colours[`line-${line}`]!, colours["panel"]!);
      assert.ok(against >= SIGN_MIN, `line ${line}: ${against.toFixed(2)}`);
    }
  });
}

Deno.test("lines that are next to each other differ without their colours", () => {
  const dashes = Array.from({ length: LINE_COLOURS }, (_, line) => lineStyle(line).dash.join());
  assert.equal(new Set(dashes).size, LINE_COLOURS);
});
