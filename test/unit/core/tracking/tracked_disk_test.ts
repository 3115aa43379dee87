/**
 * What a tracked disk promises, one case each.
 *
 * @module
 */
// Long because: one case for each promise, in the order of the rules.

import assert from "node:assert/strict";
import { Failed, isFailed, localFailure } from "../../../../engine/core/base/failure.ts";
import { ISSUED_MAX } from "../../../../engine/core/base/limits.ts";
import type { MachineId } from "../../../../engine/core/base/units.ts";
import { cutDisks } from "../../../../engine/core/tracking/cut.ts";
import type { DeltaRun, DeltaView } from "../../../../engine/core/tracking/delta_view.ts";
import { removeLeft } from "../../../../engine/core/tracking/left_log.ts";
import { TrackedDisk } from "../../../../engine/core/tracking/tracked_disk.ts";
import { FakeHost, pointId, type Store } from "./fake_world.ts";

const HRL = "logs/vm.img.hrl";

/** A host with a tracked disk of 64 blocks of 512 bytes in regions of 8, staged as a first point. */
function world(given: Parameters<FakeHost["options"]>[0] = {}, blocks = 64) {
  const host = new FakeHost(7, blocks * 512);
  host.boot();
  const options = host.options(given);
  const disk = host.do(TrackedDisk.create(host.ports(), host.guest(), options));
  const first = pointId(host.random);
  cut(host, disk);
  host.do(disk.issue(first));
  host.do(disk.staged(first));
  return { host, options, disk, first };
}

function cut(host: FakeHost, disk: TrackedDisk): DeltaView {
  host.do(cutDisks(host.clock(), [disk]));
  return disk.view as DeltaView;
}

function runs(view: DeltaView | undefined): DeltaRun[] {
  const found: DeltaRun[] = [];
  for (let run = view?.next(1 << 30); run !== undefined; run = view?.next(1 << 30)) found.push(run);
  return found;
}

function reopen(host: FakeHost, options: ReturnType<FakeHost["options"]>): TrackedDisk {
  host.boot();
  return host.do(TrackedDisk.open(host.ports(), host.guest(), options));
}

function bytes(value: number, blocks = 1): Uint8Array {
  return new Uint8Array(512 * blocks).fill(value);
}

function failureOf(work: () => unknown): Failed {
  try {
    work();
  } catch (error) {
    if (isFailed(error)) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

function hrl(host: FakeHost): Store {
  return host.names.get(HRL) as Store;
}

Deno.test("A write to a hot region adds no I/O (T1)", () => {
  const { host, disk } = world();
  host.do(disk.write(0, bytes(1)));
  host.do(host.clock().sleep(10_000));
  const before = new Map(host.counts);
  host.do(disk.write(512, bytes(2)));
  const after = [...host.counts].filter(([what, count]) => before.get(what) !== count);
  assert.deepEqual(after, [["disk:write", (before.get("disk:write") ?? 0) + 1]]);
});

Deno.test("Rewrites within a cycle travel once; zeroes travel as metadata (C6)", () => {
  const { host, disk } = world();
  for (let time = 0; time < 3; time++) host.do(disk.write(1024, bytes(time)));
  host.do(disk.zero(4096 - 100, 1024 + 100));
  assert.equal(disk.backlogBytes, 4 * 512);
  assert.deepEqual(runs(cut(host, disk)), [
    { at: 1024, length: 512, kind: "data", suspected: false },
    { at: 3584, length: 512, kind: "data", suspected: false },
    { at: 4096, length: 1024, kind: "zero", suspected: false },
  ]);
});

Deno.test("A write that failed leaves its bits set", () => {
  const { host, disk } = world();
  host.fault = ({ name, kind }) =>
    name === "disk" && kind === "write" ? localFailure("io-error", "Torn", "Try again") : undefined;
  assert.equal(failureOf(() => host.do(disk.write(0, bytes(1)))).code, "io-error");
  assert.equal(disk.backlogBytes, 512);
});

Deno.test("An empty cycle still makes a cut, and sizes are checked", () => {
  const { host, disk } = world();
  assert.deepEqual(runs(cut(host, disk)), []);
  assert.equal(failureOf(() => host.do(disk.write(64 * 512 - 1, bytes(1)))).code, "out-of-range");
  host.do(disk.write(64 * 512, new Uint8Array(0)));
});

Deno.test("A clean stop keeps every bit and its kind, and compares nothing (T6)", () => {
  const { host, options, disk, first } = world();
  host.do(disk.write(0, bytes(1)));
  host.do(disk.zero(8192, 1024));
  host.do(disk.closeClean());
  const again = reopen(host, options);
  assert.equal(again.recovery.kind, "clean");
  assert.equal(again.recovery.suspectedBytes, 0);
  assert.deepEqual(again.base, { kind: "point", point: first });
  assert.deepEqual(runs(cut(host, again)).map(({ at, kind }) => [at, kind]), [
    [0, "data"],
    [8192, "zero"],
  ]);
});

Deno.test("After a crash hot regions are suspected and nothing else (T1)", () => {
  const { host, options, disk } = world();
  host.do(disk.write(0, bytes(1)));
  host.do(host.clock().sleep(10_000));
  host.kill();
  const again = reopen(host, options);
  assert.equal(again.recovery.kind, "unclean");
  assert.equal(again.recovery.suspectedBytes, 8 * 512);
  const found = runs(cut(host, again));
  assert.deepEqual(found, [{ at: 0, length: 4096, kind: "data", suspected: true }]);
});

Deno.test("A disk changed while it was not tracked is compared whole (T6)", () => {
  const { host, options, disk } = world();
  host.do(disk.closeClean());
  host.disk.put(512, bytes(9));
  assert.equal(reopen(host, options).recovery.kind, "whole");
});

Deno.test("A block device is compared whole after a crash, and not after a clean stop (T6)", () => {
  const { host, options } = world();
  host.disk.stamped = false;
  const tracked = reopen(host, options);
  host.do(tracked.closeClean());
  const clean = reopen(host, options);
  assert.equal(clean.recovery.kind, "clean");
  host.kill();
  const crashed = reopen(host, options);
  assert.match(crashed.recovery.reason, /block device was not closed cleanly/);
  assert.equal(crashed.suspectedBytes, 64 * 512);
});

Deno.test("A missing log is made anew, every block suspected, and said (T6)", () => {
  const { host, options, disk } = world();
  host.do(disk.closeClean());
  host.names.delete(HRL);
  const again = reopen(host, options);
  assert.equal(again.recovery.suspectedBytes, 64 * 512);
  assert.equal(again.troubles[0]?.code, "damaged");
});

Deno.test("A log of another machine, disk, size or version is refused (T9)", () => {
  const { host, options, disk } = world();
  host.do(disk.closeClean());
  const other = { ...options, machine: "b".repeat(32) as MachineId };
  assert.equal(failureOf(() => reopen(host, other)).code, "wrong-disk");
  assert.equal(failureOf(() => reopen(host, { ...options, disk: 1 })).code, "wrong-disk");
  const size = host.disk.cache.length;
  const whole = host.disk.cache;
  host.disk.resize(size - 512);
  assert.equal(failureOf(() => reopen(host, options)).code, "disk-changed-size");
  host.disk.cache = whole;
  assert.equal(reopen(host, options).size, size);
});

Deno.test("A disk that has grown keeps its base, is compared, and what is new is changed (C6)", () => {
  for (let flush = 0; flush < 4; flush++) {
    const { host, options, disk, first } = world();
    host.do(disk.write(0, bytes(1)));
    host.do(disk.closeClean());
    host.disk.resize(80 * 512);
    // The power goes at each flush of the new log: the old one, or the new one, and nothing between.
    let left = flush;
    host.fault = ({ kind }) =>
      kind === "flush" && left-- === 1 ? localFailure("io-error", "off", "Try again") : undefined;
    if (flush > 0) {
      try {
        reopen(host, options);
      } catch (error) {
        assert.ok(isFailed(error));
      }
      host.fault = () => undefined;
      host.losePower();
      host.disk.resize(80 * 512);
    }
    const again = reopen(host, options);
    assert.equal(again.size, 80 * 512);
    assert.deepEqual(again.base, { kind: "point", point: first });
    assert.equal(again.suspectedBytes, 64 * 512, `flush ${flush}`);
    assert.equal(again.backlogBytes, 80 * 512);
    host.do(again.write(79 * 512, bytes(2)));
    host.do(again.closeClean());
    const clean = reopen(host, options);
    assert.equal(clean.recovery.kind, "clean");
    assert.equal(clean.backlogBytes, 80 * 512);
  }
});

Deno.test("A log that somebody has open is refused (T9)", () => {
  const { host, options } = world();
  const second = () => host.do(TrackedDisk.open(host.ports(), host.guest(), options));
  assert.equal(failureOf(second).code, "locked");
});

Deno.test("Any byte of the log may be damaged: no block is forgotten, nothing throws (T5)", () => {
  for (let seed = 0; seed < 120; seed++) {
    const { host, options, disk } = world();
    host.do(disk.write(512 * (seed % 60), bytes(3, 2)));
    if (seed % 2 === 0) host.do(disk.closeClean());
    else host.kill();
    const { cache } = hrl(host);
    // Both headers, the ring and the page, one bit or one sector, or all cut short.
    const at = [seed * 70, 4096 + seed * 30, 8192 + seed * 280, cache.length - 4096 + seed * 4];
    const place = Math.min(at[seed % 4] ?? 0, cache.length - 1);
    if (seed % 7 === 0) hrl(host).resize(place);
    else if (seed % 3 === 0) cache.fill(0xa5, place - (place % 512), place - (place % 512) + 512);
    else cache[place] = (cache[place] ?? 0) ^ (1 << seed % 8);
    const again = reopen(host, options);
    const told = new Set<number>();
    for (const { at, length } of runs(cut(host, again))) {
      for (let byte = at; byte < at + length; byte += 512) told.add(byte / 512);
    }
    for (const block of [seed % 60, seed % 60 + 1]) {
      // The newest record of the ring, if it was never known durable, may have been that write's.
      const forgiven = seed % 2 === 1 && place >= 8192 && place < cache.length - 4096;
      assert.ok(told.has(block) || forgiven, `Seed ${seed}: block ${block} was forgotten`);
    }
  }
});

Deno.test("A header older than the bitmap means a comparison of the whole disk (T5)", () => {
  const { host, options, disk } = world();
  const old = hrl(host).cache.slice(0, 8192);
  host.do(disk.write(0, bytes(1)));
  const point = pointId(host.random);
  cut(host, disk);
  host.do(disk.issue(point));
  host.do(disk.staged(point));
  host.do(disk.write(0, bytes(2)));
  host.do(disk.closeClean());
  hrl(host).cache.set(old, 0);
  const again = reopen(host, options);
  assert.equal(again.recovery.kind, "whole");
  host.do(again.closeClean());
  const third = reopen(host, options);
  assert.equal(third.recovery.kind, "clean", "the comparison is due, and said by the bits alone");
  assert.equal(third.backlogBytes, 64 * 512);
});

Deno.test("An unwritable log: a durable mark, tracking in memory, then a comparison (T7)", () => {
  const { host, options, disk } = world();
  host.fault = ({ name, kind }) =>
    name.startsWith(HRL) && kind !== "read"
      ? localFailure("no-space", "Full", "Try again")
      : undefined;
  host.do(disk.write(0, bytes(1)));
  host.do(disk.write(20_000, bytes(1)));
  assert.equal(disk.troubles[0]?.code, "io-error");
  assert.ok([...host.names.keys()].some((name) => name.startsWith("marks/untrusted-")));
  const point = pointId(host.random);
  const view = cut(host, disk);
  host.do(disk.issue(point));
  assert.equal(runs(view).length, 2);
  host.do(disk.staged(point));
  assert.deepEqual(disk.base, { kind: "point", point });
  host.losePower();
  host.fault = () => undefined;
  const again = reopen(host, options);
  assert.equal(again.recovery.kind, "whole");
  assert.ok(![...host.names.keys()].some((name) => name.startsWith("marks/")));
  host.kill();
  assert.equal(reopen(host, options).backlogBytes, 64 * 512, "and stays suspected");
});

Deno.test("Only when the mark fails too does a write to a cold region fail (T7)", () => {
  const { host, disk } = world();
  host.do(disk.write(0, bytes(1)));
  host.fault = ({ name, kind }) =>
    name !== "disk" && kind !== "read" ? localFailure("no-space", "Full", "Try again") : undefined;
  assert.equal(failureOf(() => host.do(disk.write(20_000, bytes(1)))).code, "io-error");
  host.do(disk.write(512, bytes(1)));
  host.fault = () => undefined;
  host.do(disk.write(20_000, bytes(1)));
});

Deno.test("A request over many regions marks pages, and takes no slot (T8)", () => {
  const { host, options, disk } = world({ slots: 4 }, 400);
  host.do(disk.zero(0, 400 * 512));
  host.kill();
  const again = reopen(host, options);
  assert.equal(again.recovery.suspectedBytes, 0);
  assert.equal(again.backlogBytes, 400 * 512);
});

Deno.test("More writers than slots all get through (T8)", () => {
  const { host, disk } = world({ slots: 2 }, 400);
  const scope = host.scope();
  let done = 0;
  for (let writer = 0; writer < 40; writer++) {
    scope.spawn(
      "writer",
      (function* () {
        yield* disk.write(writer * 5000, bytes(1, 2));
        done++;
      })(),
    );
  }
  host.run(() => done === 40);
  assert.equal(done, 40);
});

Deno.test("A failed flush fails the disk until it is opened again, and clears nothing (T10)", () => {
  const { host, options, disk, first } = world();
  host.do(disk.write(0, bytes(1)));
  runs(cut(host, disk));
  host.fault = ({ name, kind }) =>
    name === "disk" && kind === "flush" ? localFailure("io-error", "Gone", "Try again") : undefined;
  assert.throws(() => host.do(disk.staged(pointId(host.random))));
  host.fault = () => undefined;
  assert.equal(failureOf(() => host.do(disk.write(0, bytes(1)))).code, "disk-failed");
  assert.equal(failureOf(() => host.do(disk.read(0, 512))).code, "disk-failed");
  assert.ok(disk.troubles.some(({ code }) => code === "disk-failed"));
  assert.equal(disk.backlogBytes, 512);
  host.do(disk.closeClean());
  const again = reopen(host, options);
  assert.equal(again.recovery.kind, "unclean");
  assert.deepEqual(again.base, { kind: "point", point: first });
  assert.ok(again.backlogBytes >= 512);
});

Deno.test("A read into a buffer is a read, also where the disk below can only read", () => {
  const { host, disk } = world();
  host.do(disk.write(512, bytes(7, 3)));
  const buffer = bytes(1, 8);
  host.do(disk.readInto(0, buffer.subarray(512, 6 * 512)));
  assert.deepEqual(buffer.subarray(512, 6 * 512), host.do(disk.read(0, 5 * 512)));
  assert.ok([...buffer.subarray(0, 512), ...buffer.subarray(6 * 512)].every((each) => each === 1));
});

Deno.test("A block that cannot be read keeps its bit and is named by its offset (T10)", () => {
  const { host, disk } = world();
  host.do(disk.write(4096, bytes(1, 4)));
  const view = cut(host, disk);
  const run = view.next(1 << 20) as DeltaRun;
  host.fault = ({ name, kind, at, length }) =>
    name === "disk" && kind === "read" && at <= 5120 && at + length > 5120
      ? localFailure("latent-sector", "Bad", "Try again")
      : undefined;
  const failed = failureOf(() => host.do(view.read(run.at, run.length)));
  assert.equal(failed.code, "latent-sector");
  assert.match(failed.message, /5120/);
  assert.match(disk.troubles[0]?.message ?? "", /5120/);
  view.putBack(run.at, run.length);
  assert.equal(view.remainingBytes, 2048);
  // A write heals it; its old content cannot be saved, which gives the view up and no more (C2).
  host.do(disk.write(5120, bytes(2)));
  assert.ok(!view.alive);
  assert.deepEqual(disk.troubles, []);
  host.fault = () => undefined;
  assert.equal(runs(cut(host, disk)).length, 1);
});

Deno.test("A gate opens by itself at its deadline, and the cut fails with nothing swapped (C1)", () => {
  const { host, disk } = world();
  host.do(disk.write(0, bytes(1)));
  let ended = 0;
  const scope = host.scope();
  const plain = host.later.bind(host);
  host.later = (run, delay) => plain(run, delay > 40 && delay <= 100 ? 200_000 : delay);
  for (let writer = 0; writer < 8; writer++) {
    scope.spawn(
      "writer",
      (function* () {
        yield* disk.write(512 * writer, bytes(4));
        ended++;
      })(),
    );
  }
  host.run(() => disk.gate.submitted === 8);
  const failed = failureOf(() => host.do(cutDisks(host.clock(), [disk])));
  assert.equal(failed.code, "gate-timeout");
  assert.ok(!disk.gate.closed);
  assert.equal(disk.view, undefined);
  host.run(() => ended === 8);
});

Deno.test("Two disks are cut at one instant (C1)", () => {
  const left = world();
  const guest = { ...left.host.guest(), stem: "second" };
  const options = { ...left.options, disk: 1 };
  const right = left.host.do(TrackedDisk.create(left.host.ports(), guest, options));
  const disks = [left.disk, right];
  const scope = left.host.scope();
  let stop = false;
  for (const disk of disks) {
    scope.spawn(
      "writer",
      (function* () {
        while (!stop) yield* disk.write(0, bytes(1));
      })(),
    );
  }
  for (let time = 0; time < 20; time++) {
    const made = left.host.do(cutDisks(left.host.clock(), disks));
    assert.ok(made.closedMicros <= 400);
    assert.ok(disks.every((disk) => disk.view?.alive === true));
  }
  stop = true;
});

Deno.test("Full old-contents space gives the view up, keeps what is left, and says so (C3, C4)", () => {
  const { host, disk } = world({ cowSizeMax: 1024 });
  for (let time = 1; time <= 3; time++) {
    host.do(disk.write(0, bytes(time, 8)));
    const view = cut(host, disk);
    const run = view.next(1024) as DeltaRun;
    view.release(run.at, run.length);
    host.do(disk.write(0, bytes(9, 2)));
    assert.ok(view.alive, "what was released needs no saving");
    host.do(disk.write(1024, bytes(9, 2)));
    assert.ok(view.alive, "two blocks have room");
    const saved = view.next(512) as DeltaRun;
    assert.deepEqual(host.do(view.read(saved.at, saved.length)), bytes(time));
    host.do(disk.write(2048, bytes(9, 2)));
    assert.match(view.givenUpBecause ?? "", /space/);
    assert.equal(disk.backlogBytes, 8 * 512);
    assert.equal(failureOf(() => host.do(view.read(3072, 512))).code, "view-given-up");
  }
  assert.equal(disk.troubles[0]?.code, "view-given-up");
  const point = pointId(host.random);
  runs(cut(host, disk));
  host.do(disk.staged(point));
  assert.deepEqual(disk.troubles, []);
});

Deno.test("Issued points are durable and ordered; too many are said (T4)", () => {
  const { host, options, disk } = world();
  const points = [];
  for (let count = 0; count < ISSUED_MAX + 1; count++) {
    points.push(pointId(host.random));
    host.do(disk.issue(points[count] as typeof points[0]));
  }
  assert.equal(disk.troubles[0]?.code, "not-the-base");
  host.losePower();
  const again = reopen(host, options);
  assert.deepEqual(again.issued, points.slice(1));
  const known = points[40] as typeof points[0];
  cut(host, again);
  host.do(again.staged(known));
  assert.deepEqual(again.issued, points.slice(41));
  assert.deepEqual(again.troubles, []);
});

Deno.test("A new base with everything suspected survives a crash", () => {
  const { host, options, disk } = world();
  host.do(disk.write(0, bytes(1)));
  const point = pointId(host.random);
  host.do(disk.setBase({ kind: "point", point }, { suspectAll: true }));
  host.losePower();
  const again = reopen(host, options);
  assert.deepEqual(again.base, { kind: "point", point });
  assert.equal(again.backlogBytes, 64 * 512);
  host.do(again.markAllChanged());
  assert.ok(runs(cut(host, again)).every(({ suspected }) => !suspected));
});

Deno.test("Live passes settle what was released, and keep what changed meanwhile (C5)", () => {
  const { host, options, disk } = world();
  host.do(disk.write(0, bytes(1, 16)));
  disk.swap("live");
  const view = disk.view as DeltaView;
  const run = view.next(4096) as DeltaRun;
  assert.deepEqual(host.do(view.read(run.at, run.length)), bytes(1, 8));
  host.do(disk.write(0, bytes(2)));
  view.release(run.at, run.length);
  host.do(disk.settle());
  assert.equal(disk.backlogBytes, 9 * 512);
  host.do(disk.closeClean());
  assert.equal(reopen(host, options).backlogBytes, 9 * 512);
});

Deno.test("A write that still waits when the disk is closed is refused, not lost track of", () => {
  const { host, options, disk } = world();
  const before = host.disk.cache.slice();
  const scope = host.scope();
  const failures: string[] = [];
  disk.gate.close();
  for (const at of [0, 20_000]) {
    scope.spawn(
      "writer",
      (function* () {
        try {
          yield* disk.write(at, bytes(5));
        } catch (error) {
          failures.push((error as Failed).code);
        }
      })(),
    );
  }
  host.do(host.clock().sleep(3));
  host.do(disk.closeClean());
  disk.gate.open();
  host.run(() => failures.length === 2);
  assert.deepEqual(failures, ["disk-failed", "disk-failed"]);
  assert.deepEqual(host.disk.cache, before);
  assert.equal(reopen(host, options).recovery.kind, "clean");
});

Deno.test("Removing a log leaves nothing of it", () => {
  const { host, disk } = world();
  host.do(disk.closeClean());
  assert.equal(host.do(TrackedDisk.exists(host.guest())), true);
  host.do(TrackedDisk.remove(host.guest()));
  assert.equal(host.do(TrackedDisk.exists(host.guest())), false);
  assert.deepEqual([...host.names.keys()].filter((name) => name.startsWith("logs/")), []);
});

Deno.test("A log that was left is removed by whom it is of alone, and never while it is in use (T9)", () => {
  const { host, options, disk } = world();
  const there = () => host.do(TrackedDisk.exists(host.guest()));
  const remove = (machine: MachineId, index: number) =>
    host.do(removeLeft(host.ports(), host.guest(), machine, index));
  remove(options.machine, 0);
  assert.ok(there(), "it is in use");
  host.do(disk.closeClean());
  remove("b".repeat(32) as MachineId, 0);
  remove(options.machine, 1);
  assert.ok(there(), "it is of another machine, or disk");
  remove(options.machine, 0);
  assert.ok(!there());
  remove(options.machine, 0);
});
