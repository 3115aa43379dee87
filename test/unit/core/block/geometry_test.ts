/**
 * Which bytes lie where, and which numbers are refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { DISK_SIZE_MAX } from "../../../../engine/core/base/limits.ts";
import { inside } from "../../../../engine/core/block/extent.ts";
import {
  blockEnd,
  blockOf,
  checkDiskSize,
  isGeometry,
  STANDARD_GEOMETRY,
} from "../../../../engine/core/block/geometry.ts";

Deno.test("A range lies inside a disk or it does not, whatever the numbers", () => {
  assert.ok(inside(0, 10, 10) && inside(10, 0, 10) && inside(9, 1, 10));
  const bad: [number, number][] = [[-1, 1], [0, 11], [10, 1], [0.5, 1], [NaN, 1], [0, -1]];
  for (const [at, length] of [...bad, [2 ** 53, 1] as const, [1, Infinity] as const]) {
    assert.ok(!inside(at, length, 10), `${at}+${length}`);
  }
});

Deno.test("Blocks touched by a range", () => {
  assert.equal(blockOf(4095, 4096), 0);
  assert.equal(blockEnd(4095, 2, 4096), 2);
  assert.equal(blockEnd(0, 4096, 4096), 1);
  assert.equal(blockEnd(8192, 0, 4096), 2);
});

Deno.test("Geometry and disk sizes are checked", () => {
  assert.ok(isGeometry(STANDARD_GEOMETRY.blockSize, STANDARD_GEOMETRY.regionSize));
  const bad: [number, number][] = [[0, 0], [1000, 4000], [256, 4096], [4096, 2048], [4096, 6144]];
  for (const [block, region] of [...bad, [131_072, 131_072] as const, [NaN, NaN] as const]) {
    assert.ok(!isGeometry(block, region), `${block}/${region}`);
  }
  checkDiskSize(4096, 4096, "a");
  assert.throws(() => checkDiskSize(0, 4096, "a"), /size of 0 bytes is not between/);
  assert.throws(() => checkDiskSize(4097, 4096, "a"), /not a multiple of 4096/);
  for (const size of [0, 4097, -4096, NaN, DISK_SIZE_MAX + 4096]) {
    assert.throws(() => checkDiskSize(size, 4096, "a"), (error) => isFailed(error, "bad-argument"));
  }
});
