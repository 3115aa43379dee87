/**
 * What retention leaves after a long life of a real store, and what it costs to get there (R7, M31): every
 * undo byte is rewritten a few times, and not once for every point that comes after it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { HistoryCache } from "../../../../engine/core/history/history_cache.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Folder } from "../../../../engine/core/ports/folder.ts";
import type { Ports } from "../../../../engine/core/ports/ports.ts";
import { parseRetention } from "../../../../engine/core/wire/retention.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import type { PointDeclaration } from "../../../../engine/core/history/recovery_point.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import {
  BLOCK,
  chainOf,
  declaration,
  extent,
  GENERATION,
  pointId,
  SEED,
  spec,
} from "./store_model.ts";

/** What a life came to. */
interface Life {
  /** Bytes of undo that applies wrote, and that merges wrote. */
  readonly applied: number;
  readonly merged: number;
  /** Most points that were there at once, those that waited included. */
  readonly most: number;
  /** Protected time of what is listed at the end, the newest being 0, µs ago. */
  readonly ages: readonly number[];
}

/** A folder that counts what is written to its files. */
function counting(folder: Folder, count: (bytes: number) => void): Folder {
  return {
    path: folder.path,
    list: () => folder.list(),
    folder: (name, options) => folder.folder(name, options),
    *open(name, options) {
      const file = yield* folder.open(name, options);
      return {
        get size() {
          return file.size;
        },
        read: (at, length) => file.read(at, length),
        *write(at, data) {
          count(data.length);
          yield* file.write(at, data);
        },
        truncate: (size) => file.truncate(size),
        allocate: (size) => file.allocate(size),
        flush: () => file.flush(),
        lastChange: () => file.lastChange(),
        lock: () => file.lock(),
        close: () => file.close(),
      };
    },
    createDisk: (name, size) => folder.createDisk(name, size),
    openDisk: (name) => folder.openDisk(name),
    rename: (from, to) => folder.rename(from, to),
    remove: (name) => folder.remove(name),
    flush: () => folder.flush(),
    free: () => folder.free(),
  };
}

/** Blocks of the one disk: none is written twice, so that nothing that is merged becomes less. */
const BLOCKS = 36_000;
/** Blocks of one delta: more than what an undo file says about itself. */
const EACH = 8;
const SIZE = BLOCKS * BLOCK;

function declared(number: number): PointDeclaration {
  const parent = number === 0 ? undefined : pointId(number - 1);
  return { ...declaration(pointId(number), parent), sizes: [SIZE] };
}

/** A store that gets a point every `every` µs, `count` times, each with some more blocks written. */
function live(text: string, every: number, count: number): Life {
  const world = new SimWorld({ seed: 5, kernel: loadKernel() });
  const host = world.addHost("b");
  host.boot();
  const ports = host.ports as Ports;
  let [applied, merged, most] = [0, 0, 0];
  let merging = false;
  const data: Folder = {
    ...counting(ports.data, () => {}),
    *folder(name, options) {
      const inner = yield* ports.data.folder(name, options);
      if (name !== "undo") return inner;
      return counting(inner, (bytes) => {
        if (merging) merged += bytes;
        else applied += bytes;
      });
    },
  };
  const open = { ...spec(1), sizes: [SIZE], retention: parseRetention(text) };
  const store = host.run(ReplicaStore.create(ports, data, open, new HistoryCache()));
  host.run(store.beginSeed(SEED));
  for (let block = 0; block < BLOCKS; block += 64) {
    const part = extent(0, block, Math.min(64, BLOCKS - block), 254);
    host.run(store.seedWrite(part, part.payload));
  }
  host.run(store.publishSeed(declared(0)));
  for (let number = 1; number <= count; number++) {
    world.runFor(every - (world.now % every));
    host.run(sealed(store, number));
    host.run(store.applyNext());
    merging = true;
    host.run(store.prune());
    merging = false;
    most = Math.max(most, store.points.length + store.waiting);
  }
  host.run(check(store, count));
  const newest = store.newest?.protectedAt ?? 0;
  return { applied, merged, most, ages: store.points.map((point) => newest - point.protectedAt) };
}

function* sealed(store: ReplicaStore, number: number): Task<void> {
  const written = extent(0, number * EACH, EACH, 2);
  yield* store.startDelta(`d-${number}`, pointId(number - 1), GENERATION);
  yield* store.append(written);
  yield* store.seal(declared(number), 1, chainOf([written]));
}

/** Every point that is left has the blocks up to its own, and none behind it. */
function* check(store: ReplicaStore, count: number): Task<void> {
  for (const { id } of store.points) {
    const number = Number.parseInt(id, 16);
    const view = yield* store.view(id);
    for (const delta of [1, number - 1, number, number + 1, count, count + 1]) {
      if (delta < 1) continue;
      const [first] = yield* view.read(0, delta * EACH * BLOCK, 1);
      assert.equal(first, delta <= number ? 2 : 254, `point ${number}, delta ${delta}`);
    }
    yield* view.close();
  }
}

Deno.test("5 min for 2 h, hourly for 1 d, daily for 30 d after 60 d of a real store (M31, R7)", () => {
  // A point every 20 minutes; every period of the finest tier that has one keeps it.
  const { ages, most, applied, merged } = live("5m 2h, hourly 1d, daily 30d", 20 * MINUTE, 60 * 72);
  const of = (from: number, to: number) =>
    ages.filter((age) => age > from + MINUTE && age <= to + MINUTE);
  const [fine, hours, days] = [of(-DAY, 2 * HOUR), of(2 * HOUR, DAY), of(DAY, 30 * DAY)];
  // The oldest of a tier lies on its end, and may be a moment beyond it.
  assert.ok([6, 7].includes(fine.length), `${fine.length} of 2 hours`);
  assert.ok([21, 22].includes(hours.length), `${hours.length} of a day`);
  assert.ok([28, 29].includes(days.length), `${days.length} of 30 days`);
  for (const [list, unit] of [[hours, HOUR], [days, DAY]] as const) {
    for (const [index, age] of list.slice(1).entries()) {
      const gap = (list[index] as number) - age;
      assert.ok(Math.abs(gap - unit) < MINUTE, `${gap} µs between two`);
    }
  }
  const told = `${merged} bytes merged of ${applied}, ${most} points at once`;
  assert.ok(merged < 2.5 * applied && most < 130, told);
});

Deno.test("a point each second and one of 10 minutes kept: none is rewritten with every other (R7)", () => {
  const { ages, most, applied, merged } = live("10m 6", SECOND, 3000);
  assert.equal(ages.length, 6 + 1 - 1);
  const told = `${merged} bytes merged of ${applied}, ${most} points at once`;
  // To merge each point when it goes would write half of 600 times as much.
  assert.ok(merged < 3 * applied && most < 110, told);
});
