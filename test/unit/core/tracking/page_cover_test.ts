/**
 * An activity log too small for what its guest writes to: pages suspected on disk instead of regions
 * made hot, and what a crash at any moment of that leaves.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Failed, localFailure } from "../../../../engine/core/base/failure.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { cutDisks } from "../../../../engine/core/tracking/cut.ts";
import { PAGE_BLOCKS } from "../../../../engine/core/tracking/hrl_layout.ts";
import { TrackedDisk } from "../../../../engine/core/tracking/tracked_disk.ts";
import { FakeHost, pointId } from "./fake_world.ts";

const BLOCK = 512;
const REGION_BLOCKS = 8;
/** Two whole pages and a part of a third. */
const BLOCKS = 2 * PAGE_BLOCKS + 160;
const SLOTS = 3;
/** Regions that the guest writes to, all in the first page. */
const WORKING_SET = 12;

/** A host and its tracked disk, staged as a first point. */
function world(seed = 7) {
  const host = new FakeHost(seed, BLOCKS * BLOCK);
  host.boot();
  const options = host.options({ slots: SLOTS });
  const disk = host.do(TrackedDisk.create(host.ports(), host.guest(), options));
  host.do(stage(host, disk, pointId(host.random)));
  return { host, options, disk };
}

/** A point of which all was sent. */
function* stage(host: FakeHost, disk: TrackedDisk, point: PointId): Task<void> {
  yield* cutDisks(host.clock(), [disk]);
  yield* disk.issue(point);
  yield* disk.staged(point);
}

/** Writes the first block of each region of the working set, again and again. */
function* rounds(disk: TrackedDisk, count: number, value = 1): Task<void> {
  for (let round = 0; round < count; round++) {
    for (let region = 0; region < WORKING_SET; region++) {
      yield* disk.write(region * REGION_BLOCKS * BLOCK, new Uint8Array(BLOCK).fill(value + round));
    }
  }
}

/** How often anything but the disk was asked for something. */
function logCalls(host: FakeHost): number {
  let calls = 0;
  for (const [name, count] of host.counts) if (!name.startsWith("disk:")) calls += count;
  return calls;
}

function reopen(host: FakeHost, options: ReturnType<FakeHost["options"]>): TrackedDisk {
  host.boot();
  return host.do(TrackedDisk.open(host.ports(), host.guest(), options));
}

Deno.test("A log too small for the working set costs a flush for a page, not for each miss (T8)", () => {
  const { host, disk } = world();
  host.do(rounds(disk, 6));
  const before = logCalls(host);
  host.do(rounds(disk, 10));
  assert.equal(logCalls(host), before, "Nothing of the log is written any more");
  assert.equal(disk.backlogBytes, WORKING_SET * BLOCK, "What is known in memory stays exact");
  assert.equal(disk.suspectedBytes, 0);
});

Deno.test("A working set that comes and goes once is not held against the log (T8)", () => {
  const { host, options, disk } = world();
  host.do(rounds(disk, 1));
  host.losePower();
  const again = reopen(host, options);
  assert.ok(again.suspectedBytes <= 2 * SLOTS * REGION_BLOCKS * BLOCK);
});

Deno.test("After a crash covered pages are suspected, and no others (T1, T8)", () => {
  for (const how of ["kill", "losePower"] as const) {
    const { host, options, disk } = world();
    host.do(rounds(disk, 6));
    host[how]();
    const again = reopen(host, options);
    assert.equal(again.recovery.kind, "unclean");
    for (let block = 0; block < BLOCKS; block++) {
      assert.equal(again.marked(block), block < PAGE_BLOCKS, `Block ${block}`);
    }
  }
});

Deno.test("A cover stays while it is used, and goes when a cycle did without it (T8)", () => {
  const { host, options, disk } = world();
  host.do(rounds(disk, 6));
  host.do(stage(host, disk, pointId(host.random)));
  host.do(rounds(disk, 1));
  host.do(stage(host, disk, pointId(host.random)));
  const before = logCalls(host);
  host.do(rounds(disk, 1));
  assert.equal(logCalls(host), before, "The next cycle does not begin with misses");
  for (let point = 0; point < 2; point++) host.do(stage(host, disk, pointId(host.random)));
  host.do(disk.write(0, new Uint8Array(BLOCK)));
  assert.ok(logCalls(host) > before, "The region is hot again before it is written (T1)");
  host.kill();
  assert.ok(reopen(host, options).suspectedBytes < PAGE_BLOCKS * BLOCK / 4);
});

Deno.test("Closing in order leaves exact bits and no suspicion (T6)", () => {
  const { host, options, disk } = world();
  host.do(rounds(disk, 6));
  host.do(disk.closeClean());
  const again = reopen(host, options);
  assert.equal(again.recovery.kind, "clean");
  assert.equal(again.backlogBytes, WORKING_SET * BLOCK);
  assert.equal(again.suspectedBytes, 0);
});

Deno.test("A log that fails at any flush of covering is marked, and writes go on (T7)", () => {
  for (let flush = 1; flush <= 60; flush++) {
    const { host, options, disk } = world();
    let left = flush;
    host.fault = ({ name, kind }) => {
      if (!name.includes(".hrl") || kind !== "flush" || --left > 0) return undefined;
      return localFailure("io-error", "full", "Try again") as Failed;
    };
    host.do(rounds(disk, 6));
    if (left > 0) break;
    assert.ok(disk.troubles.length > 0);
    host.fault = () => undefined;
    host.kill();
    assert.equal(reopen(host, options).recovery.kind, "whole");
    assert.ok(flush < 60, "Covering ends");
  }
});

/** A guest on the small log while points are staged, until the crash; tells what the points were. */
function live(host: FakeHost, disk: TrackedDisk, until: number, points: Map<PointId, Uint8Array>) {
  const scope = host.scope();
  const writer = function* (first: number): Task<void> {
    for (let round = 0;; round++) {
      // Quiet for a while now and then, so that covers go and come back.
      if (round % 8 === 7) yield* host.clock().sleep(20_000);
      for (let region = first; region < WORKING_SET; region += 2) {
        const block = region * REGION_BLOCKS + round % REGION_BLOCKS;
        yield* disk.write(block * BLOCK, new Uint8Array(BLOCK).fill(1 + (round % 250)));
      }
    }
  };
  const stager = function* (): Task<void> {
    for (;;) {
      yield* host.clock().sleep(5_000);
      yield* cutDisks(host.clock(), [disk]);
      const point = pointId(host.random);
      points.set(point, host.disk.cache.slice());
      yield* disk.issue(point);
      yield* disk.staged(point);
    }
  };
  scope.spawn("writer", writer(0));
  scope.spawn("writer", writer(1));
  scope.spawn("stager", stager());
  host.run(() => host.time >= until);
}

Deno.test("A crash at any moment of covering and uncovering forgets no block (T1, T2, T8)", () => {
  let covered = 0;
  let uncovered = 0;
  for (let moment = 0; moment < 240; moment++) {
    const { host, options, disk } = world(moment);
    const points = new Map<PointId, Uint8Array>();
    live(host, disk, host.time + moment * 307, points);
    host[moment % 3 === 0 ? "kill" : "losePower"]();
    const again = reopen(host, options);
    const { base } = again;
    assert.equal(base.kind, "point");
    const known = base.kind === "point" ? points.get(base.point) : undefined;
    const content = known ?? new Uint8Array(BLOCKS * BLOCK);
    for (let block = 0; block < BLOCKS; block++) {
      if (again.marked(block)) continue;
      const [from, to] = [block * BLOCK, (block + 1) * BLOCK];
      const same = host.disk.cache.subarray(from, to).every((byte, at) =>
        byte === content[from + at]
      );
      assert.ok(same, `Crash ${moment}: block ${block} differs from the base and is not known`);
    }
    if (again.suspectedBytes >= PAGE_BLOCKS * BLOCK / 2) covered++;
    else if (known !== undefined) uncovered++;
  }
  assert.ok(covered > 20 && uncovered > 20, `Not exercised: ${covered} and ${uncovered}`);
});
