/**
 * Damaged, missing and foreign files, and disks that somebody else changed (R1, R2, R5, R9, R11).
 *
 * @module
 */

// Long because: every kind of damage is one short fact, told beside the others.

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { GenerationId, PointId } from "../../../../engine/core/base/units.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { FakeWorld } from "./fake_world.ts";
import {
  chainOf,
  checkPoints,
  declaration,
  extent,
  GENERATION,
  memoryOf,
  pointId,
  readAll,
  seeded,
  SIZES,
  spec,
  stage,
  written,
} from "./store_model.ts";
import { lastPoints } from "../../../../engine/core/wire/retention.ts";

type Contents = Map<PointId, Uint8Array[]>;

/** A closed replica of `count` + 1 points, the newest `staged` of them not applied. */
function replica(world: FakeWorld, count: number, staged: number, small = false): Contents {
  const contents: Contents = new Map();
  world.run(function* () {
    const first = [extent(0, 0, 8, 2), extent(1, 0, 8, 3)];
    const store = yield* seeded(world, 20, first, memoryOf(small));
    let disks = written(SIZES.map((size) => new Uint8Array(size)), first);
    contents.set(pointId(0), disks);
    for (let at = 1; at <= count; at++) {
      const delta = [extent(0, at, 3, 30 + at), extent(1, at, 1, 0), extent(1, at + 4, 2, 51 + at)];
      // More pages of an index than a page of its directory has lines for.
      for (let block = 12; small && block < 22; block += 2) {
        delta.push(extent(at % 2, block, 1, 60 + at));
      }
      yield* stage(store, pointId(at), pointId(at - 1), delta);
      disks = written(disks, delta);
      contents.set(pointId(at), disks);
      if (at <= count - staged) yield* store.applyNext();
    }
    yield* store.close();
  }());
  return contents;
}

function open(world: FakeWorld, small = false): ReplicaStore {
  return world.run(ReplicaStore.open(world.ports(), world.folder(), memoryOf(small)));
}

function code(world: FakeWorld, task: Task<unknown>): string {
  try {
    world.run(task);
    return "done";
  } catch (error) {
    if (isFailed(error)) return error.code;
    throw error;
  }
}

function brokenOf(store: ReplicaStore): boolean[] {
  return store.points.map((point) => point.broken !== undefined);
}

/** Every way to damage a file that the tests know; each leaves other bytes than were there. */
const DAMAGES: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
  ["cut to nothing", () => new Uint8Array(0)],
  ["cut by one byte", (bytes) => bytes.slice(0, -1)],
  ["cut in half", (bytes) => bytes.slice(0, bytes.length >>> 1)],
  ["a flipped bit at the end", (bytes) => flip(bytes, bytes.length - 20)],
  ["zeros", (bytes) => new Uint8Array(bytes.length)],
];

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 4;
  return copy;
}

for (const [damage, change] of DAMAGES) {
  Deno.test(`an undo file with ${damage} breaks the older points and no other (R5)`, () => {
    const world = new FakeWorld(5);
    const contents = replica(world, 4, 1);
    const inode = world.inode("undo", `${pointId(2)}.undo`);
    inode.data = change(inode.data) as Uint8Array<ArrayBuffer>;
    const store = open(world);
    assert.deepEqual(brokenOf(store), [true, true, false, false, false]);
    assert.match(store.points[0]?.broken ?? "", new RegExp(`undo/${pointId(2)}.undo`));
    assert.equal(store.troubles[0]?.code, "damaged");
    assert.equal(code(world, store.view(pointId(1))), "point-broken");
    world.run(checkPoints(store, contents, damage));
    assert.equal(world.run(store.applyNext()), pointId(4));
    world.run(checkPoints(store, contents, `${damage}, applied`));
    // Never merged: a held point keeps the damaged file, and dropping the oldest needs no merge.
    world.run(store.setRetention(lastPoints(1)));
    assert.deepEqual(world.run(store.prune()), [0, 1, 2, 3].map(pointId));
    world.run(store.close());
  });

  Deno.test(`a sealed delta with ${damage} breaks its point and later ones (R1)`, () => {
    const world = new FakeWorld(6);
    const contents = replica(world, 4, 3);
    const inode = world.inode("staging", `${pointId(3)}.delta`);
    inode.data = change(inode.data) as Uint8Array<ArrayBuffer>;
    const store = open(world);
    assert.deepEqual(brokenOf(store), [false, false, false, true, true]);
    assert.equal(store.newest?.id, pointId(2));
    world.run(checkPoints(store, contents, damage));
    assert.equal(world.run(store.applyNext()), pointId(2));
    assert.equal(code(world, store.applyNext()), "damaged");
    assert.ok(world.names("staging").includes(`${pointId(3)}.delta`), "never silently cut");
    // A delta on the newest point that can be read replaces what is broken.
    const delta = [extent(0, 9, 2, 77)];
    world.run(stage(store, pointId(9), pointId(2), delta));
    contents.set(pointId(9), written(contents.get(pointId(2)) as Uint8Array[], delta));
    assert.deepEqual(store.points.map((point) => point.id), [0, 1, 2, 9].map(pointId));
    assert.equal(world.run(store.applyNext()), pointId(9));
    world.run(checkPoints(store, contents, `${damage}, replaced`));
    world.run(store.close());
    world.run(checkPoints(open(world), contents, `${damage}, reopened`));
  });
}

Deno.test("a flipped bit anywhere in a delta or an undo file is never read as content (R1, R5)", () => {
  const kinds = [["undo", false], ["delta", false], ["undo", true], ["delta", true]] as const;
  for (const [kind, small] of kinds) {
    const probe = new FakeWorld(7);
    replica(probe, 3, 1, small);
    const path = kind === "undo"
      ? ["undo", `${pointId(2)}.undo`]
      : ["staging", `${pointId(3)}.delta`];
    const { length } = probe.bytes(...path);
    for (let at = 3; at < length; at += 97) {
      const world = new FakeWorld(7);
      const contents = replica(world, 3, 1, small);
      const inode = world.inode(...path);
      inode.data = flip(inode.data, at) as Uint8Array<ArrayBuffer>;
      const store = open(world, small);
      for (const point of store.points) {
        try {
          const found = world.run(readAll(store, point.id));
          assert.deepEqual(found, contents.get(point.id), `${kind} bit at ${at}`);
        } catch (error) {
          assert.ok(isFailed(error, "damaged", "point-broken"), String(error));
        }
      }
      // What is damaged is not applied either, or it harms nothing that is listed as sound.
      code(world, store.applyNext());
      for (const point of store.points) {
        if (point.broken !== undefined) continue;
        try {
          assert.deepEqual(
            world.run(readAll(store, point.id)),
            contents.get(point.id),
            `${kind} ${at}`,
          );
        } catch (error) {
          assert.ok(isFailed(error, "damaged", "point-broken"), String(error));
        }
      }
    }
  }
});

Deno.test("a damaged delta under an apply in progress is rolled back for the next delta (R1, R3)", () => {
  const world = new FakeWorld(8);
  const contents = replica(world, 2, 1);
  let store = open(world);
  world.onCall = (call) => {
    if (call === "disk-write" && world.crashAt < 0) world.crashAt = world.calls + 1;
  };
  world.ending = "kill";
  world.loop.start("apply", store.applyNext());
  assert.throws(() => world.run(store.verify()));
  world.onCall = undefined;
  world.restart();
  const inode = world.inode("staging", `${pointId(2)}.delta`);
  inode.data = inode.data.slice(0, 100);
  store = open(world);
  assert.ok(store.applyOpen);
  assert.deepEqual(brokenOf(store), [false, false, true]);
  world.run(checkPoints(store, contents, "half applied"));
  const delta = [extent(1, 0, 1, 66)];
  world.run(stage(store, pointId(7), pointId(1), delta));
  contents.set(pointId(7), written(contents.get(pointId(1)) as Uint8Array[], delta));
  assert.equal(store.applyOpen, false);
  assert.deepEqual(world.run(store.verify()), []);
  world.run(checkPoints(store, contents, "rolled back"));
  world.run(store.applyNext());
  world.run(checkPoints(store, contents, "applied"));
  world.run(store.close());
});

Deno.test("the tail of an open delta is cut after the last sound record, and staging goes on (R1)", () => {
  const extents = [extent(0, 0, 4, 2), extent(1, 4, 4, 4), extent(0, 2, 4, 6)];
  const tails: readonly (readonly [number, (bytes: Uint8Array) => Uint8Array])[] = [
    [3, (bytes) => concat(bytes, new Uint8Array(9000).fill(7))],
    [3, (bytes) => concat(bytes, bytes.subarray(192))],
    [2, (bytes) => bytes.slice(0, -1)],
    [2, (bytes) => flip(bytes, bytes.length - 100)],
    [0, (bytes) => flip(bytes, 300)],
    [0, (bytes) => bytes.slice(0, 200)],
  ];
  for (const [sound, change] of tails) {
    const world = new FakeWorld(15);
    const contents = replica(world, 1, 0);
    let store = open(world);
    world.run(store.startDelta("d", pointId(1), GENERATION));
    for (const each of extents) world.run(store.append(each));
    assert.equal(world.run(store.flushDelta()), 3);
    world.run(store.close());
    const inode = world.inode("staging", "d.open");
    inode.data = change(inode.data) as Uint8Array<ArrayBuffer>;
    store = open(world);
    assert.equal(store.openDelta?.records, sound);
    assert.equal(world.run(store.startDelta("d", pointId(1), GENERATION)), sound);
    for (const each of extents.slice(sound)) world.run(store.append(each));
    world.run(store.seal(declaration(pointId(2), pointId(1)), 3, chainOf(extents)));
    contents.set(pointId(2), written(contents.get(pointId(1)) as Uint8Array[], extents));
    world.run(store.applyNext());
    world.run(checkPoints(store, contents, `tail after ${sound}`));
    world.run(store.close());
  }
});

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

Deno.test("a delta is taken on the newest point alone, with its records and digest alone (R2)", () => {
  const world = new FakeWorld(9);
  replica(world, 2, 1);
  const store = open(world);
  const refused = (parent: PointId) => code(world, store.startDelta("d", parent, GENERATION));
  assert.equal(refused(pointId(1)), "wrong-parent");
  assert.equal(refused(pointId(77)), "wrong-parent");
  assert.equal(code(world, store.startDelta("../d", pointId(2), GENERATION)), "protocol-violation");
  const extents = [extent(0, 0, 1, 5)];
  const id = pointId(3);
  const point = declaration(id, pointId(2));
  assert.equal(code(world, store.seal(point, 0, chainOf([]))), "wrong-state");
  world.run(store.startDelta("d", pointId(2), GENERATION));
  world.run(store.append(extents[0]!));
  assert.equal(code(world, store.append({ ...extents[0]!, at: 100 })), "malformed");
  assert.equal(code(world, store.append({ ...extents[0]!, disk: 5 })), "malformed");
  assert.equal(code(world, store.seal(point, 2, chainOf(extents))), "protocol-violation");
  assert.equal(code(world, store.seal(point, 1, chainOf([]))), "damaged");
  const other = { ...point, generation: "1".repeat(32) as GenerationId };
  assert.equal(code(world, store.seal(other, 1, chainOf(extents))), "protocol-violation");
  const known = { ...point, id: pointId(1) };
  assert.equal(code(world, store.seal(known, 1, chainOf(extents))), "protocol-violation");
  assert.equal(code(world, store.seal(point, 1, chainOf(extents))), "done");
  assert.equal(store.newest?.id, id);
  world.run(store.close());
});

Deno.test("a disk changed by somebody else is suspect until it is verified (R9)", () => {
  const world = new FakeWorld(10);
  replica(world, 2, 1);
  const inode = world.inode("disk-0.raw");
  const before = inode.data.slice();
  inode.write(600, new Uint8Array([1, 2, 3]));
  let store = open(world);
  assert.equal(store.troubles[0]?.code, "disk-suspect");
  assert.equal(code(world, store.applyNext()), "disk-suspect");
  assert.equal(world.run(store.verify()).length, 1);
  assert.ok(store.suspect);
  world.run(store.close());
  inode.write(0, before);
  store = open(world);
  assert.ok(store.suspect, "suspicion is durable");
  assert.deepEqual(world.run(store.verify()), []);
  assert.deepEqual(store.troubles, []);
  assert.equal(world.run(store.applyNext()), pointId(2));
  world.run(store.close());
});

Deno.test("a state that cannot be read is rebuilt from undo and staging, or refused (R11)", () => {
  const world = new FakeWorld(11);
  const contents = replica(world, 4, 2);
  ruinState(world);
  const store = open(world);
  assert.deepEqual(store.points.map((point) => point.id), [0, 1, 2, 3, 4].map(pointId));
  assert.deepEqual(store.points.map((point) => point.applied), [true, true, true, false, false]);
  assert.deepEqual(store.troubles.map((trouble) => trouble.code), ["stale", "disk-suspect"]);
  world.run(checkPoints(store, contents, "rebuilt"));
  assert.equal(code(world, store.applyNext()), "disk-suspect");
  assert.deepEqual(world.run(store.verify()), []);
  assert.equal(world.run(store.applyNext()), pointId(3));
  world.run(checkPoints(store, contents, "rebuilt and applied"));
  world.run(store.close());

  const bare = new FakeWorld(12);
  replica(bare, 0, 0);
  ruinState(bare);
  assert.equal(code(bare, ReplicaStore.open(bare.ports(), bare.folder())), "damaged");
});

Deno.test("one state file damaged: the other one counts, and nothing is lost (R11)", () => {
  for (const name of ["state.0", "state.1"]) {
    const world = new FakeWorld(13);
    const contents = replica(world, 3, 1);
    const inode = world.inode(name);
    inode.data = flip(inode.data, 70) as Uint8Array<ArrayBuffer>;
    const store = open(world);
    assert.deepEqual(store.points.map((point) => point.id), [0, 1, 2, 3].map(pointId), name);
    world.run(checkPoints(store, contents, name));
    assert.deepEqual(world.run(store.verify()), []);
    world.run(store.close());
  }
});

Deno.test("a disk of another length, a missing one and a locked one are refused by name (R9)", () => {
  const world = new FakeWorld(14);
  replica(world, 1, 0);
  const store = open(world);
  assert.equal(code(world, ReplicaStore.open(world.ports(), world.folder())), "locked");
  world.run(store.close());
  const inode = world.inode("disk-1.raw");
  inode.resize(512);
  assert.equal(code(world, ReplicaStore.open(world.ports(), world.folder())), "disk-changed-size");
  world.root.entries.delete("disk-1.raw");
  assert.equal(code(world, ReplicaStore.open(world.ports(), world.folder())), "damaged");
  const create = ReplicaStore.create(world.ports(), world.folder(), spec(3));
  assert.equal(code(world, create), "exists");
});

function ruinState(world: FakeWorld): void {
  for (const name of ["state.0", "state.1"]) {
    const inode = world.inode(name);
    inode.data = flip(inode.data, 40) as Uint8Array<ArrayBuffer>;
  }
}

Deno.test("the whole delta is checked before the first byte of an apply (R3)", () => {
  const world = new FakeWorld(16);
  const contents = replica(world, 2, 1);
  const inode = world.inode("staging", `${pointId(2)}.delta`);
  // In the first record's header: neither the index nor a content shows it.
  inode.data = flip(inode.data, 192 + 24 + 8) as Uint8Array<ArrayBuffer>;
  const before = world.bytes("disk-0.raw").slice();
  const store = open(world);
  assert.equal(code(world, store.applyNext()), "damaged");
  assert.deepEqual(world.bytes("disk-0.raw"), before);
  assert.deepEqual(brokenOf(store), [false, false, true]);
  world.run(checkPoints(store, contents, "refused"));
  world.run(store.close());
});

Deno.test("a damaged undo file is never merged; what it breaks waits to be the oldest (R5, R7)", () => {
  const world = new FakeWorld(17);
  const contents = replica(world, 4, 0);
  const name = `${pointId(2)}.undo`;
  const inode = world.inode("undo", name);
  inode.data = flip(inode.data, 100) as Uint8Array<ArrayBuffer>;
  const store = open(world);
  world.run(store.hold(pointId(0), "h"));
  world.run(store.setRetention(lastPoints(1)));
  assert.equal(code(world, store.prune()), "damaged");
  assert.deepEqual(store.points.map(({ id }) => id), [pointId(0), pointId(4)]);
  assert.deepEqual(brokenOf(store), [true, false]);
  assert.deepEqual(world.run(store.prune()), [1, 2, 3].map(pointId));
  assert.ok(!world.names("undo").includes(`${pointId(3)}.undo`), "what is sound is merged");
  assert.ok(world.names("undo").includes(name), "what is damaged is not");
  world.run(checkPoints(store, contents, "not merged"));
  world.run(store.unhold("h"));
  assert.deepEqual(world.run(store.prune()), [pointId(0)]);
  assert.deepEqual(world.names("undo"), []);
  world.run(checkPoints(store, contents, "pruned"));
  world.run(store.close());
});
