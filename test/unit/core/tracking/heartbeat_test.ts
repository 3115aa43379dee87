/**
 * What the log says of its disk's time of change while it is open (T6).
 *
 * @module
 */

import assert from "node:assert/strict";
import { localFailure } from "../../../../engine/core/base/failure.ts";
import { SECOND } from "../../../../engine/core/base/units.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { cutDisks } from "../../../../engine/core/tracking/cut.ts";
import { TrackedDisk } from "../../../../engine/core/tracking/tracked_disk.ts";
import { FakeHost, pointId } from "./fake_world.ts";

const BLOCK = new Uint8Array(512).fill(1);
/** ns. */
const LONG = 10_000_000_000;
const CHANGED = "The disk was changed while it was not tracked";

/** A host with a tracked disk that has a base and is all clean. */
function world(stamped = true) {
  const host = new FakeHost(11, 64 * 512);
  host.disk.stamped = stamped;
  host.boot();
  const options = host.options();
  const disk = host.do(TrackedDisk.create(host.ports(), host.guest(), options));
  const base = pointId(host.random);
  host.do(cutDisks(host.clock(), [disk]));
  host.do(disk.issue(base));
  host.do(disk.staged(base));
  return { host, options, disk };
}

function reopen({ host, options }: ReturnType<typeof world>): TrackedDisk {
  host.boot();
  return host.do(TrackedDisk.open(host.ports(), host.guest(), options));
}

function* busy(host: FakeHost, disk: TrackedDisk, seconds: number): Task<void> {
  for (const end = host.time + seconds * SECOND; host.time < end;) {
    yield* disk.write(0, BLOCK);
    yield* host.clock().sleep(20_000);
  }
}

function logFlushes(host: FakeHost): number {
  let flushes = 0;
  for (const [what, count] of host.counts) if (/\.hrl.*:flush$/.test(what)) flushes += count;
  return flushes;
}

Deno.test("Writes of ours up to the kill, however long, are nobody else's (T6)", () => {
  for (let tenths = 1; tenths < 40; tenths += 3) {
    for (const how of ["kill", "losePower"] as const) {
      const given = world();
      given.host.do(busy(given.host, given.disk, 5 + tenths / 10));
      given.host[how]();
      assert.equal(reopen(given).recovery.kind, "unclean", `${how} after ${tenths}`);
    }
  }
});

Deno.test("A crash behind the first write after a pause costs no comparison of the whole disk (T6, M04)", () => {
  for (const how of ["kill", "losePower"] as const) {
    for (let micros = 0; micros < 1200; micros += 7) {
      const given = world();
      const { host, disk } = given;
      host.do(disk.write(0, BLOCK));
      host.do(host.clock().sleep(60 * SECOND));
      host.scope().spawn("writer", disk.write(512, BLOCK));
      const until = host.time + micros;
      host.later(() => {}, micros);
      host.run(() => host.time >= until);
      host[how]();
      const { recovery } = reopen(given);
      assert.equal(recovery.kind, "unclean", `${how} after ${micros} µs: ${recovery.reason}`);
    }
  }
});

Deno.test("What somebody wrote 4 s after a kill behind the first write after a pause is found (T6)", () => {
  const given = world();
  const { host, disk } = given;
  host.do(disk.write(0, BLOCK));
  host.do(host.clock().sleep(60 * SECOND));
  host.do(disk.write(512, BLOCK));
  host.kill();
  host.disk.put(512 * 60, BLOCK, 1000 * (host.time + 4 * SECOND));
  assert.equal(reopen(given).recovery.reason, CHANGED);
});

Deno.test("A write that takes long is nobody else's, whenever it lands (T6)", () => {
  const given = world();
  const { host, disk } = given;
  host.do(disk.write(0, BLOCK));
  host.do(host.clock().sleep(60 * SECOND));
  // Handed to the disk, which lets it land 20 s later.
  host.slow = ({ name, kind }) => name === "disk" && kind === "write" ? 20 * SECOND : 0;
  host.do(disk.write(512, BLOCK));
  host.kill();
  assert.equal(reopen(given).recovery.kind, "unclean");
});

Deno.test("Of writes an hour apart each waits for one flush of the log, those behind it for none (T6)", () => {
  const { host, disk } = world();
  host.do(disk.write(0, BLOCK));
  host.do(host.clock().sleep(3600 * SECOND));
  const before = logFlushes(host);
  host.do(disk.write(0, BLOCK));
  assert.equal(logFlushes(host) - before, 1);
  for (let more = 0; more < 50; more++) host.do(disk.write(0, BLOCK));
  assert.equal(logFlushes(host) - before, 1);
});

Deno.test("Where the log lies on another file system no write waits for it (T6)", () => {
  const given = world();
  const { host, disk } = given;
  host.logDevice = "another";
  host.do(disk.write(0, BLOCK));
  host.do(host.clock().sleep(60 * SECOND));
  const before = logFlushes(host);
  host.do(disk.write(0, BLOCK));
  assert.equal(logFlushes(host), before);
  host.do(busy(host, disk, 5));
  host.kill();
  assert.equal(reopen(given).recovery.kind, "unclean");
});

Deno.test("What somebody wrote after a kill is compared: the whole disk (T6)", () => {
  const given = world();
  given.host.do(busy(given.host, given.disk, 5));
  given.host.kill();
  given.host.disk.put(512 * 60, BLOCK, 1000 * given.host.time + LONG);
  const again = reopen(given);
  assert.deepEqual([again.recovery.kind, again.recovery.reason], ["whole", CHANGED]);
  assert.equal(again.suspectedBytes, 64 * 512);
  // Known once, and for good: the next crash finds the same disk.
  given.host.kill();
  assert.equal(reopen(given).recovery.kind, "unclean");
});

Deno.test("Of an idle disk the exact time is known: any later one is a change (T6)", () => {
  const given = world();
  given.host.do(busy(given.host, given.disk, 1));
  given.host.do(given.host.clock().sleep(3 * SECOND));
  given.host.kill();
  given.host.disk.put(512 * 60, BLOCK);
  assert.equal(reopen(given).recovery.reason, CHANGED);
});

Deno.test("A loss of power may take the time of the last writes back (T6)", () => {
  const given = world();
  given.host.do(busy(given.host, given.disk, 5));
  given.host.losePower();
  given.host.disk.changed = 2;
  assert.equal(reopen(given).recovery.kind, "unclean");
});

Deno.test("A heartbeat is one header a second while written to, none while idle (T6)", () => {
  const { host, disk } = world();
  host.do(disk.write(0, BLOCK));
  const before = logFlushes(host);
  host.do(busy(host, disk, 20));
  const beats = logFlushes(host) - before;
  assert.ok(beats >= 19 && beats <= 21, `${beats} beats`);
  host.do(host.clock().sleep(3 * SECOND));
  const idle = logFlushes(host);
  host.do(host.clock().sleep(3600 * SECOND));
  assert.equal(logFlushes(host), idle);
});

Deno.test("A block device has no time of change, and no heartbeat (T6)", () => {
  const { host, disk } = world(false);
  host.do(disk.write(0, BLOCK));
  const before = logFlushes(host);
  host.do(busy(host, disk, 5));
  assert.equal(logFlushes(host), before);
});

Deno.test("A heartbeat that cannot be written is a log that cannot: marked, and all compared (T7)", () => {
  const given = world();
  const { host, disk } = given;
  host.do(busy(host, disk, 2));
  const healthy = host.fault;
  host.fault = ({ name, kind }) =>
    name.includes(".hrl") && kind === "flush"
      ? localFailure("io-error", "full", "Try again")
      : undefined;
  host.do(busy(host, disk, 3));
  assert.equal(disk.troubles[0]?.code, "io-error");
  host.fault = healthy;
  host.do(disk.closeClean());
  assert.equal(reopen(given).recovery.kind, "whole");
});
