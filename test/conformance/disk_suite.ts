/**
 * Laws of the `Disk` port.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import { type Disk, type DiskReader, growDisk, readInto } from "../../engine/core/ports/disk.ts";
import { all } from "../../engine/core/runtime/together.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { law, pattern, type Stage, type Staging, thrownBy } from "./stage.ts";

/** A stage with a place for disks. */
export interface DiskStage extends Stage {
  /** Makes a disk of `size` zero bytes, a multiple of 4096, and opens it. Called once a test. */
  createDisk(size: number): Task<Disk>;
  /** Opens the disk that `createDisk` made, once more. */
  openDisk(): Task<Disk>;
  /** It has the size that its device has: nobody here can extend that. */
  readonly fixed?: boolean;
}

const SIZE = 256 * 1024;

/** Defines the tests of the `Disk` port for the adapter that `staging` gives. */
export function diskSuite(name: string, staging: Staging<DiskStage>): void {
  const fact = (text: string, body: (stage: DiskStage) => Task<void>) =>
    law(`Disk, ${name}`, staging, text, body);
  contents(fact);
  buffers(fact);
  growth(fact);
  edges(fact);
  identities(fact);
  concurrency(fact);
}

type Fact = (text: string, body: (stage: DiskStage) => Task<void>) => void;

function contents(fact: Fact): void {
  fact("a new disk has its size and reads as zeros", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    assert.equal(disk.size, SIZE);
    assert.deepEqual(yield* disk.read(0, SIZE), new Uint8Array(SIZE));
    yield* disk.close();
  });
  fact("what was written is read back, and nothing beside it changed", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const expected = new Uint8Array(SIZE);
    for (const [at, length] of [[0, 512], [4096, 8192], [5000, 777], [SIZE - 1, 1]] as const) {
      const data = pattern(length, at);
      expected.set(data, at);
      yield* disk.write(at, data);
      assert.deepEqual(yield* disk.read(at, length), data);
    }
    assert.deepEqual(yield* disk.read(0, SIZE), expected);
    yield* disk.close();
  });
  fact("a returned write no longer needs its buffer, and a read gives one away", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const data = pattern(4096, 1);
    yield* disk.write(0, data);
    data.fill(0xee);
    const read = yield* disk.read(0, 4096);
    assert.deepEqual(read, pattern(4096, 1));
    read.fill(0xdd);
    assert.deepEqual(yield* disk.read(0, 4096), pattern(4096, 1));
    yield* disk.close();
  });
  fact("a zeroed range reads as zeros, at any alignment", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const expected = pattern(SIZE, 3);
    yield* disk.write(0, expected);
    for (const [at, length] of [[0, 4096], [10_000, 20_000], [99_999, 1], [SIZE - 5000, 5000]]) {
      yield* disk.zero(at as number, length as number);
      expected.fill(0, at, (at as number) + (length as number));
    }
    assert.deepEqual(yield* disk.read(0, SIZE), expected);
    yield* disk.close();
  });
  fact("contents outlive close and flush", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    yield* disk.write(12_288, pattern(4096, 5));
    yield* disk.flush();
    yield* disk.close();
    const again = yield* stage.openDisk();
    assert.equal(again.size, SIZE);
    assert.deepEqual(yield* again.read(12_288, 4096), pattern(4096, 5));
    yield* again.close();
  });
}

function buffers(fact: Fact): void {
  fact("a read into a buffer gives the bytes of a read, and nothing beside it", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    yield* disk.write(4096, pattern(100_000, 4));
    // A disk below that cannot: what it reads is copied.
    const plain: DiskReader = { read: (at, length) => disk.read(at, length) };
    for (const reader of [disk, plain]) {
      for (const [at, length] of [[0, 4096], [4000, 9000], [5001, 3], [0, SIZE], [SIZE, 0]]) {
        const buffer = new Uint8Array((length as number) + 20).fill(0xee);
        const into = buffer.subarray(7, 7 + (length as number));
        yield* readInto(reader, at as number, into);
        assert.deepEqual(into, yield* disk.read(at as number, length as number));
        assert.ok(buffer.subarray(0, 7).every((byte) => byte === 0xee));
        assert.ok(buffer.subarray(7 + into.length).every((byte) => byte === 0xee));
      }
      const outside = readInto(reader, SIZE - 1, new Uint8Array(2));
      assert.ok(isFailed(yield* thrownBy(outside), "out-of-range"));
    }
    yield* disk.close();
  });
  fact("reads into buffers of their own do not disturb each other", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const content = pattern(SIZE, 6);
    yield* disk.write(0, content);
    const whole = new Uint8Array(SIZE);
    const reads: Task<void>[] = [];
    for (let at = 0; at < SIZE; at += 4096) {
      reads.push(readInto(disk, at, whole.subarray(at, at + 4096)));
    }
    yield* all("read", reads);
    assert.deepEqual(whole, content);
    yield* disk.close();
  });
}

function growth(fact: Fact): void {
  fact(
    "it grows durably, reads as zeros there, and is found so; it never shrinks",
    function* (stage) {
      const disk = yield* stage.createDisk(SIZE);
      if (stage.fixed === true) {
        const refusal = yield* thrownBy(growDisk(disk, 2 * SIZE));
        assert.ok(isFailed(refusal, "disk-changed-size"), "a device has to be extended first");
        yield* growDisk(disk, SIZE);
        assert.equal(disk.size, SIZE);
        return yield* disk.close();
      }
      const data = pattern(4096, 3);
      yield* disk.write(SIZE - 4096, data);
      yield* growDisk(disk, 2 * SIZE);
      assert.equal(disk.size, 2 * SIZE);
      assert.equal((yield* disk.identity()).size, 2 * SIZE);
      assert.deepEqual(yield* disk.read(SIZE, SIZE), new Uint8Array(SIZE));
      assert.deepEqual(yield* disk.read(SIZE - 4096, 4096), data);
      yield* disk.write(2 * SIZE - 4096, data);
      yield* disk.flush();
      const refusal = yield* thrownBy(growDisk(disk, SIZE));
      assert.ok(isFailed(refusal, "bad-argument"));
      yield* growDisk(disk, 2 * SIZE);
      yield* disk.close();
      const again = yield* stage.openDisk();
      assert.equal(again.size, 2 * SIZE);
      assert.deepEqual(yield* again.read(2 * SIZE - 4096, 4096), data);
      yield* again.close();
    },
  );
}

function edges(fact: Fact): void {
  fact("what is dropped from memory is read as it was, flushed or not", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const [flushed, not] = [pattern(4096, 1), pattern(4096, 2)];
    yield* disk.write(0, flushed);
    yield* disk.flush();
    yield* disk.write(4096, not);
    if (disk.dropCached !== undefined) yield* disk.dropCached();
    assert.deepEqual(yield* disk.read(0, 4096), flushed);
    assert.deepEqual(yield* disk.read(4096, 4096), not);
    yield* disk.close();
  });
  fact("what lies outside fails with out-of-range and changes nothing", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const tries: Task<unknown>[] = [
      disk.read(SIZE, 1),
      disk.read(SIZE - 1, 2),
      disk.write(SIZE - 1, new Uint8Array(2)),
      disk.write(SIZE + 4096, new Uint8Array(1)),
      disk.zero(SIZE - 4096, 8192),
    ];
    for (const task of tries) {
      assert.ok(isFailed(yield* thrownBy(task), "out-of-range"));
    }
    assert.deepEqual(yield* disk.read(SIZE - 1, 1), new Uint8Array(1));
    yield* disk.close();
  });
  fact("nothing is read, written or zeroed without harm, also at the end", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    for (const at of [0, 1, SIZE]) {
      assert.equal((yield* disk.read(at, 0)).length, 0);
      yield* disk.write(at, new Uint8Array(0));
      yield* disk.zero(at, 0);
    }
    yield* disk.close();
  });
  fact("all that is not zero lies in an allocated extent, in order", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    yield* disk.write(65_536, pattern(4096, 1));
    yield* disk.write(131_072, pattern(100, 2));
    const bytes = yield* disk.read(0, SIZE);
    const extents = yield* disk.allocated(0, SIZE);
    let last = 0;
    for (const { at, length } of extents) {
      assert.ok(at >= last && length > 0 && at + length <= SIZE);
      bytes.fill(0, at, at + length);
      last = at + length;
    }
    assert.ok(bytes.every((byte) => byte === 0));
    for (const { at, length } of yield* disk.allocated(65_600, 1000)) {
      assert.ok(at >= 65_600 && at + length <= 66_600);
    }
    yield* disk.close();
  });
}

function identities(fact: Fact): void {
  fact("a disk has one holder at a time (T9)", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    assert.ok(isFailed(yield* thrownBy(stage.openDisk()), "locked"));
    yield* disk.close();
    yield* (yield* stage.openDisk()).close();
  });
  fact(
    "identity stays over a reopening and tells of a change where it can (T6)",
    function* (stage) {
      const disk = yield* stage.createDisk(SIZE);
      const first = yield* disk.identity();
      assert.equal(first.size, SIZE);
      yield* disk.close();
      yield* stage.clock.sleep(20_000);
      const again = yield* stage.openDisk();
      assert.deepEqual(yield* again.identity(), first);
      yield* again.write(0, pattern(512, 1));
      const after = yield* again.identity();
      assert.equal(after.device, first.device);
      assert.equal(after.inode, first.inode);
      if (first.stamped) assert.notEqual(after.changed, first.changed);
      else assert.equal(after.changed, "");
      yield* again.close();
    },
  );
}

function concurrency(fact: Fact): void {
  fact("requests at the same time do not disturb each other", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const writes: Task<void>[] = [];
    const expected = pattern(SIZE, 9);
    for (let at = 0; at < SIZE; at += 4096) {
      writes.push(disk.write(at, expected.subarray(at, at + 4096)));
    }
    yield* all("write", writes);
    yield* all("mixed", [disk.flush(), thrownAway(disk.read(0, SIZE)), disk.flush()]);
    assert.deepEqual(yield* disk.read(0, SIZE), expected);
    yield* disk.close();
  });
  fact("of two writes to the same bytes at once, every sector has one of both", function* (stage) {
    const disk = yield* stage.createDisk(SIZE);
    const [left, right] = [pattern(8192, 1), pattern(8192, 2)];
    yield* all("race", [disk.write(0, left), disk.write(0, right)]);
    const bytes = yield* disk.read(0, 8192);
    for (let at = 0; at < 8192; at += 512) {
      const sector = bytes.subarray(at, at + 512).join();
      const one = sector === left.subarray(at, at + 512).join();
      assert.ok(one || sector === right.subarray(at, at + 512).join());
    }
    yield* disk.close();
  });
}

function* thrownAway(task: Task<unknown>): Task<void> {
  yield* task;
}
