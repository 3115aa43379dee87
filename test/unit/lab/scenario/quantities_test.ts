/**
 * Quantities: what people write, exactly, and nothing else.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import fc from "fast-check";
import {
  type Measure,
  parseQuantity,
  QUANTITY_PATTERNS,
  quantityText,
} from "../../../../lab/scenario/quantities.ts";

const READ: readonly (readonly [Measure, string, number | undefined])[] = [
  ["time", "2h5m", 7_500_000_000],
  ["time", "250ms", 250_000],
  ["time", "1.5h", 5_400_000_000],
  ["time", "-3s", -3_000_000],
  ["time", "1d 2h", 93_600_000_000],
  ["time", "0.5us", undefined],
  ["time", "5", undefined],
  ["time", "5M", undefined],
  ["time", "5 minutes", undefined],
  ["time", "s", undefined],
  ["time", "1e3s", undefined],
  ["size", "500GiB", 500 * 2 ** 30],
  ["size", "4 KiB", 4096],
  ["size", "1.5KiB", 1536],
  ["size", "1kB", 1000],
  ["size", "1KB", undefined],
  ["size", "99999999999TiB", undefined],
  ["rate", "100Mbit", 12_500_000],
  ["rate", "100Mbit/s", 12_500_000],
  ["rate", "40MB/s", 40_000_000],
  ["rate", "1bit", undefined],
  ["rate", "40MB", undefined],
  ["share", "30%", 300_000],
  ["share", "0.1%", 1000],
  ["share", "0.00001%", undefined],
];

Deno.test("quantities are read exactly, or not at all", () => {
  for (const [measure, text, value] of READ) equal(parseQuantity(measure, text), value, text);
});

Deno.test("what is written reads back to the same, whatever it is", () => {
  const measures = fc.constantFrom<Measure>("time", "size", "rate", "share");
  fc.assert(
    fc.property(measures, fc.maxSafeNat(), fc.nat(40), (measure, large, bits) => {
      const value = Math.floor(large / 2 ** bits);
      const text = quantityText(measure, value);
      equal(parseQuantity(measure, text), value, text);
      equal(QUANTITY_PATTERNS[measure].test(text), true, text);
    }),
  );
});
