/**
 * The demo's verdict: plain words, and no mercy.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type DemoFacts, judge } from "../../../../engine/agent/demo/verdict.ts";

const GOOD: DemoFacts = {
  vm: "demo",
  point: "0".repeat(32),
  points: 3,
  cycles: 2,
  bytesSent: 1,
  compressedRatio: 0.5,
  issued: 101,
  acknowledged: 100,
  inPoint: 90,
  promised: 80,
  lostSeconds: 1.5,
  failoverSeconds: 0.1,
  bytesCompared: 4096,
  differences: [],
  fileSystem: { checked: true, reason: "", repair: 0, check: 0, ok: true },
};

Deno.test("what was lost is said in seconds and writes, with the reason", () => {
  const { ok, lostWrites, text } = judge(GOOD);
  assert.deepEqual([ok, lostWrites], [true, 10]);
  assert.match(text.join("\n"), /last 1\.50 s, 10 of 100 acknowledged writes \(10\.0 %\)/);
  assert.match(text.join("\n"), /Why: /);
  const nothing = judge({ ...GOOD, inPoint: 101 });
  assert.deepEqual([nothing.ok, nothing.lostWrites], [true, 0]);
  assert.match(nothing.text.join("\n"), /Lost: nothing/);
});

Deno.test("a difference, a broken promise or a damaged file system is wrong", () => {
  const damaged = { checked: true, reason: "", repair: 4, check: 4, ok: false };
  for (
    const facts of [
      { ...GOOD, differences: Array.from({ length: 12 }, () => "It differs") },
      { ...GOOD, inPoint: 79 },
      { ...GOOD, fileSystem: damaged },
    ]
  ) {
    const { ok, text } = judge(facts);
    assert.equal(ok, false);
    assert.match(text.join("\n"), /WRONG/);
    assert.equal(text.at(-1), "Verdict: the failover is WRONG.");
  }
});

Deno.test("a check that was left out is said to be", () => {
  const fileSystem = { checked: false, reason: "no e2fsck", repair: null, check: null, ok: true };
  const { ok, text } = judge({ ...GOOD, fileSystem });
  assert.equal(ok, true);
  assert.ok(text.includes("File system: not checked: no e2fsck."));
});
