/**
 * Hosts: processes, crashes, pauses, clocks, panics, and the faults of their disks.
 *
 * @module
 */

import assert from "node:assert/strict";
import { assert as claim } from "../../../engine/core/base/assert.ts";
import { isFailed } from "../../../engine/core/base/failure.ts";
import { SECOND } from "../../../engine/core/base/units.ts";
import type { Disk } from "../../../engine/core/ports/disk.ts";
import type { Ports } from "../../../engine/core/ports/ports.ts";
import type { Task } from "../../../engine/core/runtime/task.ts";
import type { SimHost } from "../../../engine/sim/host.ts";
import { SimWorld } from "../../../engine/sim/world.ts";
import { loadKernel } from "../../../wasm/codec.ts";

function hostWithDisk(seed: number): { world: SimWorld; host: SimHost } {
  const world = new SimWorld({ seed, kernel: loadKernel() });
  const host = world.addHost("a");
  host.addDisk("d", { size: 64 * 1024 });
  host.boot();
  return { world, host };
}

function opened(host: SimHost): Disk {
  return host.run((host.ports as Ports).openGuestDisk("d")).disk;
}

function code(host: SimHost, task: Task<unknown>): string {
  const outcome = host.attempt(task);
  assert.ok(outcome?.ok === false && isFailed(outcome.error));
  return outcome.error.code;
}

Deno.test("a kill drops tasks, gives locks back and lands what was in the kernel or not", () => {
  const landed = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const { world, host } = hostWithDisk(seed);
    const disk = opened(host);
    host.process?.loop.start("w", disk.write(0, new Uint8Array(16_384).fill(1)));
    world.settle();
    host.kill();
    const bytes = host.disks.get("d")?.node.sectors.peek() as Uint8Array;
    const pages = [0, 4096, 8192, 12_288].map((at) => bytes[at]).join("");
    for (let at = 0; at < 16_384; at++) assert.equal(bytes[at], bytes[at - at % 4096]);
    landed.add(pages);
    host.boot();
    opened(host);
    world.runFor(SECOND);
    assert.equal(
      bytes.slice(0, 16_384).join(),
      host.disks.get("d")?.node.sectors.read(0, 16_384).join(),
    );
  }
  assert.ok(landed.has("0000") && landed.has("1111") && landed.has("1100"));
});

Deno.test("a panic is a violation and stops the world", () => {
  const world = new SimWorld({ seed: 1, kernel: loadKernel() });
  const host = world.addHost("a");
  host.start(function* (ports) {
    yield* ports.clock.sleep(SECOND);
    claim(false, "The sky is green");
  });
  assert.equal(world.runFor(10 * SECOND), "violation");
  assert.equal(world.violations[0]?.id, "engine-panic");
  assert.match(world.violations[0]?.message ?? "", /The sky is green/);
  assert.equal(world.now, SECOND);
  assert.equal(world.step(), false);
  assert.equal(host.process, undefined);
});

Deno.test("a process ends when its main task returns or fails", () => {
  const world = new SimWorld({ seed: 1, kernel: loadKernel() });
  const [a, b] = [world.addHost("a"), world.addHost("b")];
  a.start((ports) => ports.clock.sleep(SECOND));
  const failing = b.start(function* (ports) {
    yield* ports.data.open("nothing");
  });
  world.runFor(2 * SECOND);
  assert.equal(a.process, undefined);
  assert.equal(b.process, undefined);
  assert.ok(isFailed(failing.failure, "not-found"));
  assert.deepEqual(world.violations, []);
});

Deno.test("now begins anew with a process and never jumps; wall jumps as it is told", () => {
  const { world, host } = hostWithDisk(2);
  const first = host.ports as Ports;
  const [now, wall] = [first.clock.now(), first.clock.wall()];
  host.jumpWall(-3600 * SECOND);
  world.runFor(SECOND);
  assert.equal(first.clock.now(), now + SECOND);
  assert.equal(first.clock.wall(), wall - 3599 * SECOND);
  host.kill();
  host.boot();
  assert.notEqual((host.ports as Ports).clock.now(), now + SECOND);
});

Deno.test("a paused process stands still, and its timers come when it goes on", () => {
  const world = new SimWorld({ seed: 3, kernel: loadKernel() });
  const host = world.addHost("a");
  let ticks = 0;
  host.start(function* (ports) {
    for (;;) {
      yield* ports.clock.sleep(SECOND);
      ticks++;
    }
  });
  world.runFor(2.5 * SECOND);
  host.pause(10 * SECOND);
  world.runFor(9 * SECOND);
  assert.equal(ticks, 2);
  world.runFor(1.9 * SECOND);
  assert.equal(ticks, 3);
});

Deno.test("a destroyed host has lost everything; its replacement begins empty", () => {
  const { host } = hostWithDisk(4);
  host.run((host.ports as Ports).data.open("x", { create: true }));
  host.destroy();
  assert.equal(host.power, "destroyed");
  host.powerOn();
  assert.equal(host.power, "destroyed");
  host.replace();
  host.boot();
  assert.deepEqual(host.run((host.ports as Ports).data.list()), []);
  assert.equal(host.disks.size, 0);
});

/** Writes, flushes, makes and renames a file: a few port calls of every kind. */
function* work(ports: Ports): Task<void> {
  const { disk } = yield* ports.openGuestDisk("d");
  yield* disk.write(0, new Uint8Array(4096).fill(1));
  yield* disk.flush();
  const file = yield* ports.data.open("t", { create: true });
  yield* file.write(0, new Uint8Array(2048).fill(2));
  yield* file.flush();
  yield* ports.data.rename("t", "s");
  yield* ports.data.flush();
}

Deno.test("a crash can be put at every port call: before, after, torn; kill and power", () => {
  const { host } = hostWithDisk(5);
  host.run(work(host.ports as Ports));
  const calls = host.calls;
  assert.equal(calls, 8);
  const torn = new Set<string>();
  for (const how of ["kill", "power"] as const) {
    for (const when of ["before", "after", "torn"] as const) {
      for (let call = 1; call <= calls; call++) {
        for (let seed = 0; seed < 6; seed++) {
          const swept = hostWithDisk(seed);
          swept.world.crashAt("a", call, when, how);
          const outcome = swept.host.attempt(work(swept.host.ports as Ports));
          assert.equal(outcome, undefined, "The process died");
          assert.equal(swept.host.calls, call);
          assert.equal(swept.host.power, how === "kill" ? "on" : "off");
          const bytes = swept.host.disks.get("d")?.node.sectors.read(0, 4096) as Uint8Array;
          const written = bytes.filter((byte) => byte === 1).length;
          if (call === 2 && when === "before") assert.equal(written, 0);
          if (call === 2 && when === "after" && how === "kill") assert.equal(written, 4096);
          if (call === 2 && when === "torn") torn.add(`${how} ${written % 4096 !== 0}`);
          if (call === 3 && when === "after") assert.equal(written, 4096, "It was flushed");
          if (call === 8 && when === "after") {
            assert.deepEqual([...swept.host.data.entries.keys()], ["s"]);
          }
        }
      }
    }
  }
  assert.ok(torn.has("kill true") && torn.has("power true"));
});

Deno.test("faults of a disk: errors, full, read-only, gone, shrunk, slow and stalled", () => {
  const { world, host } = hostWithDisk(6);
  const disk = opened(host);
  const device = host.disks.get("d");
  assert.ok(device !== undefined);
  const { faults } = device.volume;
  const data = new Uint8Array(4096).fill(7);
  faults.failReads = 1;
  assert.equal(code(host, disk.read(0, 512)), "io-error");
  assert.equal(host.run(disk.read(0, 512)).length, 512);
  faults.failWrites = 1;
  assert.equal(code(host, disk.write(0, data)), "io-error");
  faults.failFlushes = 1;
  assert.equal(code(host, disk.flush()), "io-error");
  host.run(disk.flush());
  faults.full = true;
  assert.equal(code(host, disk.write(8192, data)), "no-space");
  faults.heal();
  faults.readOnly = true;
  assert.equal(code(host, disk.write(0, data)), "read-only");
  faults.heal();
  faults.shrunkTo = 4096;
  assert.equal(code(host, disk.read(4096, 1)), "disk-changed-size");
  assert.equal(host.run(disk.identity()).size, 4096);
  faults.heal();
  faults.vanished = true;
  for (const task of [disk.read(0, 1), disk.write(0, data), disk.flush(), disk.identity()]) {
    assert.equal(code(host, task), "io-error");
  }
  faults.heal();
  faults.stalledUntil = world.now + 30 * SECOND;
  const start = world.now;
  host.run(disk.read(0, 1));
  assert.ok(world.now - start >= 30 * SECOND);
});

Deno.test("latent sectors fail to read until they are written again, or once", () => {
  const { host } = hostWithDisk(7);
  const disk = opened(host);
  const node = host.disks.get("d")?.node;
  node?.latent.set(8, true);
  node?.latent.set(9, false);
  assert.equal(code(host, disk.read(0, 8192)), "latent-sector");
  assert.equal(code(host, disk.read(4096, 512)), "latent-sector");
  host.run(disk.write(4096, new Uint8Array(512)));
  assert.equal(code(host, disk.read(4096, 1024)), "latent-sector");
  assert.equal(host.run(disk.read(4096, 1024)).length, 1024);
});

Deno.test("phantom, misdirected and rotten bytes are wrong without a word", () => {
  const { host } = hostWithDisk(8);
  const disk = opened(host);
  const device = host.disks.get("d");
  assert.ok(device !== undefined);
  const data = new Uint8Array(4096).fill(7);
  device.volume.faults.phantomWrites = 1;
  host.run(disk.write(0, data));
  assert.equal(host.run(disk.read(0, 1))[0], 0);
  device.volume.faults.misdirectedWrites = 1;
  host.run(disk.write(8192, data));
  const places = [...host.run(disk.read(0, disk.size)).keys()].length;
  assert.equal(places, disk.size);
  assert.equal(device.node.sectors.peek().filter((byte) => byte === 7).length, 4096);
  host.run(disk.write(0, data));
  device.node.rot(100, 3);
  assert.equal(host.run(disk.read(100, 1))[0], 7 ^ 8);
});

Deno.test("a place is carried to another host, and what was not flushed may be lost with power", () => {
  const world = new SimWorld({ seed: 1, kernel: loadKernel() });
  const [a, b] = [world.addHost("a"), world.addHost("b")];
  a.boot();
  b.boot();
  a.run(function* () {
    const folder = yield* (a.ports as Ports).openPlace("/media/out", { create: true });
    const file = yield* folder.open("x", { create: true });
    yield* file.write(0, new Uint8Array(10).fill(7));
    yield* file.flush();
    yield* folder.flush();
    yield* file.close();
  }());
  b.bringPlace("usb", a.takePlace("media"));
  assert.equal(code(a, (a.ports as Ports).openPlace("/media/out")), "not-found");
  b.powerLoss();
  b.powerOn();
  b.boot();
  b.run(function* () {
    const folder = yield* (b.ports as Ports).openPlace("/usb/out");
    assert.deepEqual(yield* folder.list(), ["x"]);
    const file = yield* folder.open("x");
    assert.deepEqual(yield* file.read(0, 10), new Uint8Array(10).fill(7));
    yield* file.close();
    yield* (yield* folder.open("y", { create: true })).close();
  }());
  const left = new Set<string>();
  for (let round = 0; round < 20; round++) {
    b.powerLoss();
    b.powerOn();
    b.boot();
    b.run(function* () {
      const folder = yield* (b.ports as Ports).openPlace("/usb/out");
      left.add((yield* folder.list()).join());
      yield* folder.remove("y");
      yield* folder.flush();
      yield* (yield* folder.open("y", { create: true })).close();
    }());
  }
  assert.deepEqual([...left].sort(), ["x", "x,y"]);
  b.powerLoss();
  b.destroy();
  assert.equal(b.places.size, 0);
});
