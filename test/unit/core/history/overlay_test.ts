/**
 * An overlay keeps what it promised, over any loss of power and any damage to its files (R8, T5).
 *
 * @module
 */
// Long because: what one overlay promises is judged on one stage and by one model.

import assert from "node:assert/strict";
import { Failed } from "../../../../engine/core/base/failure.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { Overlay } from "../../../../engine/core/history/overlay.ts";
import type { Disk } from "../../../../engine/core/ports/disk.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { all } from "../../../../engine/core/runtime/together.ts";
import type { SimHost } from "../../../../engine/sim/host.ts";
import { Prng } from "../../../../engine/sim/prng.ts";
import {
  baseStamp,
  CLUSTER,
  createOverlay,
  memoryBase,
  openOverlay,
  overlayHost,
  perform,
  randomBatch,
  restart,
  SECTOR,
  SectorModel,
  SECTORS,
  SIZE,
  SPEC,
  stamped,
  stampsOf,
} from "./overlay_stage.ts";

const SEED = Number(Deno.env.get("WARMSITE_SEED") ?? 7);

function failureOf(host: SimHost, task: Task<unknown>): string {
  try {
    host.run(task);
  } catch (error) {
    assert(error instanceof Failed, String(error));
    return error.code;
  }
  return "none";
}

/** One life: batches, flushes, and a crash somewhere; then another life on what is left. */
function live(seed: number): void {
  const random = new Prng(seed);
  const host = overlayHost(seed);
  const model = new SectorModel();
  let stamp = 1000;
  let overlay = host.run(createOverlay(host));
  for (let crash = 0; crash < 6; crash++) {
    const how = random.flip() ? "kill" : "power";
    const moment = random.pick(["before", "after", "torn"] as const);
    host.world.crashAt("beta", host.calls + random.between(1, 120), moment, how);
    while (host.process !== undefined) {
      if (random.below(4) === 0) {
        if (host.attempt(overlay.flush()) !== undefined) model.flushed();
        continue;
      }
      const requests = randomBatch(random, () => ++stamp);
      const outcome = host.attempt(perform(overlay, requests));
      assert(outcome?.ok !== false, String(outcome?.ok === false && outcome.error));
      model.batch(requests, outcome !== undefined);
      if (outcome === undefined || random.flip()) continue;
      const seen = host.attempt(overlay.read(0, SIZE));
      if (seen?.ok) model.check(stampsOf(seen.value), "kill", `seed ${seed}, read`);
    }
    restart(host);
    overlay = host.run(openOverlay(host));
    const stamps = stampsOf(host.run(overlay.read(0, SIZE)));
    model.check(stamps, how, `seed ${seed}, after ${how}`);
    model.settle(stamps, how);
  }
  assert.deepEqual(host.world.violations, []);
}

Deno.test("after kills and losses of power every sector reads as it may, and none as garbage (R8)", () => {
  const root = new Prng(SEED);
  for (let round = 0; round < 150; round++) live(root.below(1 << 30));
});

Deno.test("what lies between two clusters, and the short one at the end, keeps the base's bytes", () => {
  const host = overlayHost(1);
  const overlay = host.run(createOverlay(host));
  const expected = Array.from({ length: SECTORS }, (_, sector) => baseStamp(sector));
  const put = (first: number, count: number, stamp: number) => {
    expected.fill(stamp, first, first + count);
    host.run(perform(overlay, [{ first, count, stamp }]));
    assert.deepEqual(stampsOf(host.run(overlay.read(0, SIZE))), expected);
  };
  put(7, 2, 501);
  put(SECTORS - 1, 1, 502);
  put(24, 16, 503);
  put(30, 20, 504);
  put(28, 1, 0);
  put(0, 30, 0);
  put(3, 1, 505);
  put(SECTORS - 12, 12, 0);
  put(SECTORS - 2, 1, 506);
  assert.deepEqual([...overlay.changedRuns()].map(({ at, length, kind }) => [at, length, kind]), [
    [0, CLUSTER, "data"],
    [CLUSTER, 2 * CLUSTER, "zero"],
    [3 * CLUSTER, 4 * CLUSTER, "data"],
    [18 * CLUSTER, CLUSTER, "data"],
    [19 * CLUSTER, CLUSTER, "zero"],
    [20 * CLUSTER, 3 * SECTOR, "data"],
  ]);
  // Sectors of the base and of the clusters that are data, each as the disk under it says.
  const allocated = new Set<number>();
  for (const { at, length } of host.run(overlay.allocated(0, SIZE))) {
    for (let place = at; place < at + length; place += SECTOR) allocated.add(place / SECTOR);
  }
  for (let sector = 0; sector < SECTORS; sector++) {
    if (expected[sector] !== 0) assert.ok(allocated.has(sector), `sector ${sector} holds data`);
    const cluster = Math.floor(sector / 8);
    const ours = cluster < 7 || cluster >= 18;
    if (!ours) assert.equal(allocated.has(sector), baseStamp(sector) !== 0, `base, ${sector}`);
    else if (cluster === 1 || cluster === 2 || cluster === 19) {
      assert.ok(!allocated.has(sector), `zeroed sector ${sector}`);
    }
  }
  assert.equal(failureOf(host, overlay.read(SIZE, 1)), "out-of-range");
  assert.equal(failureOf(host, overlay.write(SIZE - 1, new Uint8Array(2))), "out-of-range");
});

Deno.test("a kill right after the acknowledgement loses nothing, nor does power after a first write", () => {
  const host = overlayHost(2);
  const overlay = host.run(createOverlay(host));
  host.run(overlay.write(5 * SECTOR, stamped([777])));
  host.run(overlay.zero(2 * CLUSTER, CLUSTER));
  host.powerLoss();
  restart(host);
  const again = host.run(openOverlay(host));
  assert.deepEqual(stampsOf(host.run(again.read(5 * SECTOR, SECTOR))), [777]);
  assert.deepEqual(stampsOf(host.run(again.read(2 * CLUSTER, SECTOR))), [0]);
});

Deno.test("flushes under way beside one that fails promise nothing, whichever of them it is (R8, T10)", () => {
  for (let seed = 0; seed < 40; seed++) {
    const host = overlayHost(200 + seed);
    const overlay = host.run(createOverlay(host));
    host.run(overlay.write(0, stamped([700])));
    host.run(overlay.flush());
    host.run(overlay.write(0, stamped([800])));
    host.data.volume.faults.failFlushes = 1;
    let failed = false;
    let lied = false;
    const flush = function* (): Task<void> {
      try {
        yield* overlay.flush();
        lied ||= failed;
      } catch {
        failed = true;
      }
    };
    host.run(all("flushes", [flush(), flush(), flush()]));
    assert(failed && !lied, `seed ${200 + seed}`);
  }
});

Deno.test("first writes that come together share their flushes (R8)", () => {
  const host = overlayHost(3);
  const ports = host.ports!;
  let flushes = 0;
  const counted = (disk: Disk): Disk =>
    new Proxy(disk, {
      get(target, key) {
        if (key === "flush") flushes++;
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const folder = new Proxy(ports.data, {
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (key !== "createDisk") return typeof value === "function" ? value.bind(target) : value;
      return function* (name: string, size: number): Task<Disk> {
        return counted(yield* ports.data.createDisk(name, size));
      };
    },
  });
  const overlay = host.run(Overlay.create(ports, folder, "vm-0", memoryBase(), SPEC, CLUSTER));
  flushes = 0;
  const writes = Array.from(
    { length: 20 },
    (_, cluster) => overlay.write(cluster * CLUSTER, stamped([cluster + 600])),
  );
  host.run(all("writes", writes));
  assert(flushes <= 6, `${flushes} flushes for 20 writes`);
  flushes = 0;
  host.run(overlay.write(0, stamped([1])));
  host.run(overlay.zero(0, 4 * CLUSTER));
  assert.equal(flushes, 0, "a write in place and a zero flush no data");
});

Deno.test("a zero that is cancelled on its way never undoes a write that came after it (E2)", () => {
  for (let delay = 0; delay < 40; delay++) {
    const host = overlayHost(100 + delay);
    const overlay = host.run(createOverlay(host));
    host.run(overlay.write(0, stamped(new Array(8).fill(800))));
    const { loop, clock } = host.ports!;
    let apart = false;
    host.run(function* (): Task<void> {
      const other = loop.start("other", overlay.write(CLUSTER, stamped([801])));
      const zero = loop.start("zero", overlay.zero(0, CLUSTER));
      yield* clock.sleep(delay * 20);
      zero.interrupt();
      yield* clock.sleep(delay * 5);
      apart = zero.outcome !== undefined;
      yield* overlay.write(0, stamped([802]));
      yield* overlay.write(3 * CLUSTER, stamped([803]));
      while (other.outcome === undefined || zero.outcome === undefined) yield* clock.sleep(10);
    }());
    // The two may come in either order only while both are under way.
    const [stamp] = stampsOf(host.run(overlay.read(0, SECTOR)));
    assert(stamp === 802 || (stamp === 0 && !apart), `${stamp} after ${delay}`);
    host.run(overlay.write(0, stamped([804])));
    host.run(overlay.write(5 * CLUSTER, stamped([805])));
    assert.deepEqual(stampsOf(host.run(overlay.read(0, SECTOR))), [804]);
  }
});

Deno.test("an overlay of another point, disk or size is refused", () => {
  const host = overlayHost(4);
  host.run(host.run(createOverlay(host)).close());
  const other = { ...SPEC, point: "9".repeat(32) as PointId };
  assert.equal(failureOf(host, openOverlay(host, memoryBase(), other)), "wrong-disk");
  assert.equal(
    failureOf(host, openOverlay(host, memoryBase(), { ...SPEC, disk: 4 })),
    "wrong-disk",
  );
  assert.equal(failureOf(host, openOverlay(host, memoryBase(SIZE - CLUSTER))), "wrong-disk");
  const overlay = host.run(openOverlay(host));
  assert.equal(failureOf(host, openOverlay(host)), "locked");
  host.run(overlay.remove());
  assert.equal(failureOf(host, openOverlay(host)), "not-found");
  assert.equal(host.run(Overlay.exists(host.ports!.data, "vm-0")), false);
  host.run(Overlay.remove(host.ports!.data, "vm-0"));
});

Deno.test("making an overlay again takes what a crash left of the first", () => {
  for (let call = 1; call < 14; call++) {
    for (const how of ["kill", "power"] as const) {
      const host = overlayHost(call);
      host.world.crashAt("beta", call, "after", how);
      host.attempt(createOverlay(host));
      if (host.process !== undefined) host.kill();
      restart(host);
      const overlay = host.run(createOverlay(host));
      assert.deepEqual(stampsOf(host.run(overlay.read(0, SECTOR))), [1]);
    }
  }
});

Deno.test("an update torn in the middle of its sector leaves the one before it (T5)", () => {
  const host = overlayHost(6);
  const overlay = host.run(createOverlay(host));
  host.run(overlay.write(0, stamped([901])));
  host.run(overlay.write(CLUSTER, stamped([902])));
  host.run(overlay.close());
  const file = host.run(host.ports!.data.open("vm-0.map"));
  // The header's copies are sectors 0 and 1; the second update of page 0 lies in sector 2.
  host.run(file.write(2 * SECTOR + 100, new Uint8Array(200).fill(0xee)));
  const again = host.run(openOverlay(host));
  assert.equal(again.tornPages, 1);
  assert.deepEqual(again.troubles.map(({ code, side }) => [code, side]), [["damaged", "local"]]);
  assert.deepEqual(stampsOf(host.run(again.read(0, SECTOR))), [901]);
  assert.deepEqual(stampsOf(host.run(again.read(CLUSTER, SECTOR))), [9]);
  host.run(again.write(CLUSTER, stamped([903])));
  host.run(again.close());
  host.run(file.write(3 * SECTOR + 100, new Uint8Array(200).fill(0xee)));
  const third = host.run(openOverlay(host));
  assert.deepEqual(stampsOf(host.run(third.read(CLUSTER, SECTOR))), [903]);
  host.run(third.close());
  host.run(file.write(2 * SECTOR + 100, new Uint8Array(200).fill(0xee)));
  assert.equal(failureOf(host, openOverlay(host)), "damaged");
});

Deno.test("a map with any bytes in it opens or fails by name, and never reads garbage (T5)", () => {
  const random = new Prng(SEED, 3);
  const host = overlayHost(5);
  const { data } = host.ports!;
  const overlay = host.run(createOverlay(host));
  for (let round = 0; round < 8; round++) {
    host.run(perform(overlay, randomBatch(random, () => 2000 + round)));
  }
  host.run(overlay.close());
  const file = host.run(data.open("vm-0.map"));
  const sound = host.run(file.read(0, file.size));
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 300; round++) {
    const bytes = sound.slice(0, random.below(10) === 0 ? random.below(sound.length) : undefined);
    for (let flips = random.below(4); flips > 0 && bytes.length > 0; flips--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    host.run(file.truncate(0));
    host.run(file.write(0, bytes));
    const outcome = failureOf(
      host,
      function* (): Task<void> {
        const opened = yield* openOverlay(host);
        stampsOf(yield* opened.read(0, SIZE));
        yield* opened.close();
      }(),
    );
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  assert(outcomes.get("none")! > 10 && outcomes.get("damaged")! > 10, String([...outcomes]));
});
