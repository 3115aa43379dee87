/**
 * The judge of the torture, judged: it accepts every moment of a history and refuses what is no moment
 * of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BLOCK, GARBAGE, readStamp, writeStamp, ZERO } from "./stamp.ts";
import { WriteLog } from "./write_log.ts";

/** Four writes: 1 and 2 overlap in time, 3 follows, 4 never got its reply. */
function history(): WriteLog {
  const log = new WriteLog(6, 5);
  log.issue(0, 2);
  log.issue(2, 1);
  log.issue(0, 1);
  log.issue(3, 2);
  const times = [[10, 30], [20, 40], [50, 60], [70, undefined]] as const;
  for (const [at, [issuedAt, ackedAt]] of times.entries()) {
    Object.assign(log.writes[at]!, { issuedAt, ackedAt });
  }
  log.writes[3]!.endedAt = 80;
  return log;
}

const image = (...stamps: number[]) => Int32Array.of(...stamps);

Deno.test("every moment of a history is accepted, overlapping writes in either order", () => {
  for (
    const found of [
      image(0, 0, 0, 0, 0, ZERO),
      image(1, 1, 0, 0, 0, ZERO),
      image(0, 0, 2, 0, 0, ZERO),
      image(1, 1, 2, 0, 0, ZERO),
      image(3, 1, 2, 0, 0, ZERO),
      image(3, 1, 2, 4, 0, ZERO),
      image(3, 1, 2, 4, 4, ZERO),
    ]
  ) assert.deepEqual(history().judge(found).problems, [], String(found));
});

Deno.test("what is no moment of the history is refused, with the reason", () => {
  for (
    const [found, words] of [
      [image(3, 1, 0, 0, 0, ZERO), /write 3 is inside and write 2/],
      [image(1, 0, 2, 0, 0, ZERO), /write 1 is inside in part/],
      [image(1, 1, 2, 0, 0, 0), /block 5 holds write 0, never/],
      [image(1, 1, 1, 0, 0, ZERO), /block 2 holds write 1, never/],
      [image(1, GARBAGE, 2, 0, 0, ZERO), /no whole stamp/],
      [image(1, 1, 2, 0, ZERO, ZERO), /block 4 holds zeros/],
      [image(1, 1, 0, 4, 4, ZERO), /write 4 is inside and write 2/],
    ] as const
  ) assert.match(history().judge(found).problems.join("; "), words);
});

Deno.test("a point holds what was acknowledged before it was asked for, and nothing from later", () => {
  const some = image(1, 1, 2, 0, 0, ZERO);
  assert.deepEqual(history().judge(some, { after: 45, before: 48 }).problems, []);
  assert.match(history().judge(some, { after: 65 }).problems.join(), /acknowledged before/);
  assert.match(history().judge(some, { before: 15 }).problems.join(), /issued after/);
  const later = history().judge(some, { from: image(3, 1, 2, 0, 0, ZERO) });
  assert.match(later.problems.join(), /block 0 is older/);
});

Deno.test("a write without a reply that one image shows cannot be missing from a later one", () => {
  const log = history();
  log.issue(5, 1);
  Object.assign(log.writes[4]!, { issuedAt: 90, ackedAt: 95 });
  const without = image(3, 1, 2, 0, 0, 5);
  assert.deepEqual(log.judge(without).problems, []);
  assert.deepEqual(log.judge(image(3, 1, 2, 4, 0, 5)).problems, []);
  assert.match(log.judge(without).problems.join(), /write 5 is inside and write 4/);
});

Deno.test("a stamp is known again, and every flipped bit of it is seen", () => {
  const bytes = new Uint8Array(BLOCK);
  assert.equal(readStamp(bytes, 3), ZERO);
  writeStamp(bytes, 77, 3);
  assert.equal(readStamp(bytes, 3), 77);
  assert.equal(readStamp(bytes, 4), GARBAGE);
  for (let at = 0; at < BLOCK; at += 37) {
    bytes[at]! ^= 1 << (at & 7);
    assert.equal(readStamp(bytes, 3), GARBAGE, `byte ${at}`);
    bytes[at]! ^= 1 << (at & 7);
  }
});

Deno.test("what may travel counts each block once, or each leaf of several blocks once", () => {
  assert.equal(history().bytesSince(0, BLOCK), 5 * BLOCK);
  assert.equal(history().bytesSince(2, BLOCK), 3 * BLOCK);
  assert.equal(history().bytesSince(2, BLOCK, 2), 3 * 2 * BLOCK);
  assert.equal(history().bytesSince(3, BLOCK, 4), 2 * 4 * BLOCK);
});
