/**
 * Quantities as people write and read them.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  formatDuration,
  formatSize,
  parseBandwidth,
  parseCount,
  parseDuration,
  parseSwitch,
} from "../../../../engine/agent/command/quantity.ts";

const SECOND = 1_000_000;

Deno.test("durations are microseconds", () => {
  for (
    const [text, micros] of [
      ["30s", 30 * SECOND],
      ["5m", 300 * SECOND],
      ["1h30m", 5400 * SECOND],
      ["250ms", SECOND / 4],
      ["1.5s", 1.5 * SECOND],
      ["1d", 86_400 * SECOND],
    ] as const
  ) assert.equal(parseDuration(text, "--x"), micros, text);
  for (const text of ["", "5", "5 m", "m", "-5m", "5m!", "1e3s"]) {
    assert.throws(() => parseDuration(text, "--x"), /--x is not a duration/, text);
  }
});

Deno.test("bandwidths are bytes per second", () => {
  for (
    const [text, bytes] of [
      ["100Mbit", 12_500_000],
      ["1Gbit/s", 125_000_000],
      ["8kbit", 1000],
      ["20MiB", 20 * 2 ** 20],
      ["1MB", 1_000_000],
      ["0", 0],
      ["0Mbit", 0],
    ] as const
  ) assert.equal(parseBandwidth(text, "--x"), bytes, text);
  for (const text of ["", "100", "fast", "-1Mbit", "1Xbit", "1constructor"]) {
    assert.throws(() => parseBandwidth(text, "--x"), /--x is not a bandwidth/, text);
  }
});

Deno.test("counts are digits and switches are on or off", () => {
  assert.equal(parseCount("24", "--x"), 24);
  for (const text of ["", "-1", "1.5", "9".repeat(16)]) {
    assert.throws(() => parseCount(text, "--x"), /--x is not a whole number/);
  }
  assert.deepEqual([parseSwitch("on", "--x"), parseSwitch("off", "--x")], [true, false]);
  assert.throws(() => parseSwitch("yes", "--x"), /--x is neither on nor off/);
});

Deno.test("sizes and durations are short to read", () => {
  assert.deepEqual(
    [0, 512, 1024, 1536, 10 * 2 ** 20, 1.5 * 2 ** 40, 300.4 * 2 ** 20].map(formatSize),
    ["0 B", "512 B", "1 KiB", "1.5 KiB", "10 MiB", "1.5 TiB", "300 MiB"],
  );
  assert.deepEqual(
    [0, 0.25, 2.5, 59, 60, 90, 3600, 3660, 90_061].map((s) => formatDuration(s * SECOND)),
    ["0 s", "0.25 s", "2.5 s", "59 s", "1m", "1m 30s", "1h", "1h 1m", "1d 1h"],
  );
});
