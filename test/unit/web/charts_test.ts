/**
 * Axes of charts have round marks in the units in which they are written, and no two lines look alike.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesText, durationText } from "../../../lab/report/words.ts";
import { bytesStep, durationStep, rateStep } from "../../../web/charts/axis_steps.ts";
import { lineStyle } from "../../../web/charts/line_styles.ts";
import { rateText } from "../../../web/timeline/words.ts";

const MINUTE = 60_000_000;
const MiB = 1024 ** 2;

function marks(most: number, step: number, text: (value: number) => string): string[] {
  const count = Math.ceil(most / step);
  return Array.from({ length: count + 1 }, (_, index) => text(index * step));
}

Deno.test("marks of axes are round in the units in which they are written", () => {
  const cases = [
    [
      marks(19 * MINUTE, durationStep(19 * MINUTE), durationText),
      "0 s, 5 min, 10 min, 15 min, 20 min",
    ],
    [marks(81 * MINUTE, durationStep(81 * MINUTE), durationText), "0 s, 30 min, 1 h, 1 h 30 min"],
    [
      marks(477 * MiB, bytesStep(477 * MiB), bytesText),
      "0 B, 100 MiB, 200 MiB, 300 MiB, 400 MiB, 500 MiB",
    ],
    [
      marks(1100 * MiB, bytesStep(1100 * MiB), bytesText),
      "0 B, 256 MiB, 512 MiB, 768 MiB, 1 GiB, 1.25 GiB",
    ],
    [marks(4096, bytesStep(4096), bytesText), "0 B, 1 KiB, 2 KiB, 3 KiB, 4 KiB"],
    [
      marks(12.4e6, rateStep(12.4e6), rateText),
      "0 bit/s, 20 Mbit/s, 40 Mbit/s, 60 Mbit/s, 80 Mbit/s, 100 Mbit/s",
    ],
  ] as const;
  for (const [got, expected] of cases) assert.equal(got.join(", "), expected);
});

Deno.test("an axis has a few marks whatever it shows, and no two of the same name", () => {
  const kinds = [
    [durationStep, durationText, 1_000_000, 1e13],
    [bytesStep, bytesText, 4096, 1e15],
    [rateStep, rateText, 1000, 1e11],
  ] as const;
  for (const [step, text, least, most] of kinds) {
    fc.assert(fc.property(fc.double({ min: least, max: most, noNaN: true }), (value) => {
      const names = marks(value, step(value), text);
      assert.ok(names.length >= 2 && names.length <= 6, names.join());
      assert.equal(new Set(names).size, names.length, names.join());
    }));
  }
});

Deno.test("none of sixteen lines looks like another", () => {
  const styles = Array.from({ length: 16 }, (_, index) => JSON.stringify(lineStyle(index)));
  assert.equal(new Set(styles).size, 16);
});
