/**
 * Both copies of a state put back as they were some steps ago, beside disks, undo files and deltas of
 * today: no point that is listed as whole reads wrong, what can be proved is taken up, and what cannot
 * is not believed before the disks were compared (R9, R11).
 *
 * @module
 */
// Long because: every age of a state is one row beside the others.

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { GenerationId, PointId } from "../../../../engine/core/base/units.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { type Ending, FakeWorld } from "./fake_world.ts";
import {
  chainOf,
  checkPoints,
  contentOf,
  declaration,
  extent,
  memoryOf,
  pointId,
  readAll,
  SEED,
  seeded,
  SIZES,
  spec,
  stage,
  written,
} from "./store_model.ts";
import { lastPoints } from "../../../../engine/core/wire/retention.ts";

const NEXT_GENERATION = "a".repeat(32) as GenerationId;

/** A world with one store and what its points hold. */
class Past {
  readonly world: FakeWorld;
  readonly contents = new Map<PointId, readonly Uint8Array[]>();
  #kept: (readonly [string, Uint8Array<ArrayBuffer>])[] = [];

  constructor(seed: number) {
    this.world = new FakeWorld(seed);
  }

  /** Makes a store with the point 0. */
  *begin(): Task<ReplicaStore> {
    const first = [extent(0, 0, 9, 21), extent(1, 3, 9, 22)];
    this.contents.set(pointId(0), written(SIZES.map((size) => new Uint8Array(size)), first));
    return yield* seeded(this.world, 9, first);
  }

  /** Stages point `number` on the one before it. */
  *seal(store: ReplicaStore, number: number): Task<void> {
    const parent = store.newest?.id as PointId;
    const delta = [extent(0, number, 3, 30 + number), extent(1, number, 1, 0), extent(1, 9, 2, 51)];
    yield* stage(store, pointId(number), parent, delta);
    this.contents.set(
      pointId(number),
      written(this.contents.get(parent) as readonly Uint8Array[], delta),
    );
  }

  /** Copies the state as it is. */
  keep(): void {
    this.#kept = ["state.0", "state.1"].map((name) => [
      name,
      this.world.bytes(name).slice() as Uint8Array<ArrayBuffer>,
    ]);
  }

  /** Ends the process and puts the state back. */
  putBack(): void {
    this.world.crash("kill");
    this.world.restart();
    for (const [name, bytes] of this.#kept) this.world.inode(name).data = bytes.slice();
  }

  open(): ReplicaStore {
    return this.world.run(
      ReplicaStore.open(this.world.ports(), this.world.folder(), memoryOf(false)),
    );
  }
}

/** A step of which the state knows nothing. */
type Step = (past: Past, store: ReplicaStore) => Task<void>;

const seal = (number: number): Step => (past, store) => past.seal(store, number);
const sealNothing = (number: number): Step =>
  function* (past, store) {
    const parent = store.newest?.id as PointId;
    yield* stage(store, pointId(number), parent, []);
    past.contents.set(pointId(number), past.contents.get(parent) as readonly Uint8Array[]);
  };
const apply: Step = function* (_past, store) {
  assert.notEqual(yield* store.applyNext(), undefined, "there is something to apply");
};
const retain = (keep: number, held?: number): Step =>
  function* (_past, store) {
    if (held !== undefined) yield* store.hold(pointId(held), "h");
    yield* store.setRetention(lastPoints(keep));
    assert.notEqual((yield* store.prune()).length, 0, "something is dropped");
  };

interface Age {
  readonly name: string;
  /** Before the copy; points 1 and 2 are sealed and applied in any case. */
  readonly before?: readonly Step[];
  /** Behind it. */
  readonly after: readonly Step[];
  /** Numbers of the points that are listed once the disks were compared. */
  readonly listed: readonly number[];
  /** Whether the disks have to be compared. */
  readonly suspect: boolean;
}

const AGES: readonly Age[] = [
  { name: "nothing", after: [], listed: [0, 1, 2], suspect: false },
  { name: "a seal", after: [seal(3)], listed: [0, 1, 2, 3], suspect: false },
  { name: "a seal and its apply", after: [seal(3), apply], listed: [0, 1, 2, 3], suspect: true },
  {
    name: "a seal, its apply and a seal",
    after: [seal(3), apply, seal(4)],
    listed: [0, 1, 2, 3, 4],
    suspect: true,
  },
  {
    name: "three seals and their applies",
    after: [seal(3), apply, seal(4), seal(5), apply, apply],
    listed: [0, 1, 2, 3, 4, 5],
    suspect: true,
  },
  {
    name: "a seal of nothing and its apply",
    after: [sealNothing(3), apply],
    listed: [0, 1, 2, 3],
    suspect: false,
  },
  {
    name: "the apply of a listed point",
    before: [seal(3)],
    after: [apply],
    listed: [0, 1, 2, 3],
    suspect: true,
  },
  {
    name: "the applies of two listed points of three",
    before: [seal(3), seal(4), seal(5)],
    after: [apply, apply],
    listed: [0, 1, 2, 3, 4, 5],
    suspect: true,
  },
  {
    name: "a merge by retention",
    after: [retain(1, 0)],
    listed: [0, 2],
    suspect: false,
  },
  {
    name: "a seal, its apply and a merge of the newest listed point",
    after: [seal(3), apply, retain(1, 0)],
    listed: [0, 3],
    suspect: true,
  },
  {
    name: "a drop of everything that is listed",
    after: [seal(3), apply, seal(4), apply, seal(5), apply, retain(2)],
    listed: [4, 5],
    suspect: true,
  },
  {
    name: "the start of a failover",
    after: [function* (_past, store) {
      yield* store.hold(pointId(1), "failover");
      yield* store.setExtra({ failover: pointId(1) });
    }],
    listed: [0, 1, 2],
    suspect: false,
  },
];

for (const [index, age] of AGES.entries()) {
  Deno.test(`a state older by ${age.name}: no listed point reads wrong (R9, R11)`, () => {
    const past = new Past(100 + index);
    const { world, contents } = past;
    let store = world.run(past.begin());
    const before = [seal(1), apply, seal(2), apply, ...age.before ?? []];
    for (const step of before) world.run(step(past, store));
    past.keep();
    for (const step of age.after) world.run(step(past, store));
    past.putBack();

    store = past.open();
    assert.equal(store.suspect, age.suspect);
    world.run(checkPoints(store, contents, "opened"));
    for (const { broken, unverified } of store.points) {
      if (age.suspect) assert.ok(unverified || broken !== undefined);
    }
    if (age.suspect) expectUnread(world, store);
    assert.deepEqual(world.run(store.verify()), []);
    expectListed(store, age.listed);
    world.run(checkPoints(store, contents, "verified"));
    assert.deepEqual(store.troubles.filter(({ code }) => code !== "damaged"), []);
    while (world.run(store.applyNext()) !== undefined);
    world.run(checkPoints(store, contents, "applied"));
    world.run(past.seal(store, 9));
    world.run(store.applyNext());
    world.run(checkPoints(store, contents, "gone on"));
    world.run(store.close());

    store = past.open();
    assert.equal(store.suspect, false, "what was verified stays so");
    expectListed(store, [...age.listed, 9]);
    world.run(checkPoints(store, contents, "opened again"));
    assert.deepEqual(world.run(store.verify()), []);
    world.run(store.close());
  });
}

/** Fails unless the points without damage are these. */
function expectListed(store: ReplicaStore, numbers: readonly number[]): void {
  const sound = store.points.filter(({ broken }) => broken === undefined).map(({ id }) => id);
  assert.deepEqual(sound, numbers.map(pointId));
}

/** Fails unless every point says why it is not to be read, and is not. */
function expectUnread(world: FakeWorld, store: ReplicaStore): void {
  assert.ok(store.troubles.some(({ code }) => code === "disk-suspect"));
  for (const { id, broken } of store.points) {
    assert.notEqual(broken, undefined);
    assert.throws(
      () => world.run(readAll(store, id)),
      (error) => isFailed(error, "disk-suspect", "point-broken"),
    );
  }
}

/** Crashes an apply at its call `at`, puts back a state of before its seal, and goes on; false when it has fewer calls. */
function goesOnFromBefore(at: number, ending: Ending, seed: number): boolean {
  const where = `${ending} at ${at}, ${seed}`;
  const past = new Past(seed);
  const { world, contents } = past;
  const first = world.run(past.begin());
  world.run(past.seal(first, 1));
  world.run(first.applyNext());
  past.keep();
  world.run(past.seal(first, 2));
  world.crashAt = world.calls + at;
  world.ending = ending;
  world.drive(world.loop.start("apply", first.applyNext()) as never);
  if (!world.crashed) return false;
  past.putBack();
  const store = past.open();
  world.run(checkPoints(store, contents, `${where}: opened`));
  assert.deepEqual(world.run(store.verify()), [], where);
  expectListed(store, [0, 1, 2]);
  world.run(checkPoints(store, contents, `${where}: verified`));
  world.run(store.applyNext());
  world.run(checkPoints(store, contents, `${where}: applied`));
  assert.deepEqual(world.run(store.verify()), [], where);
  world.run(store.close());
  return true;
}

Deno.test("a state older than an apply in progress takes that up, and never makes its undo again (R3)", () => {
  for (let at = 1; goesOnFromBefore(at, "kill", 200 + at); at++);
});

Deno.test("nor where a loss of power left some of its writes, and took back the times of the disks (R3, R9)", () => {
  for (let seed = 600; seed < 1000; seed += 100) {
    for (let at = 1; goesOnFromBefore(at, "power-loss", seed + at); at++);
  }
});

Deno.test("a state older than a completed failover is never believed (R8, R9)", () => {
  for (const written of [false, true]) {
    const past = new Past(300);
    const { world, contents } = past;
    let store = world.run(past.begin());
    for (const step of [seal(1), apply, seal(2), apply]) world.run(step(past, store));
    past.keep();
    const merged = [extent(0, 1, 4, 61)];
    world.run(store.startDelta("m", pointId(2), NEXT_GENERATION));
    for (const each of merged) world.run(store.append(each));
    const point = { ...declaration(pointId(3), pointId(2)), generation: NEXT_GENERATION };
    world.run(store.seal(point, 1, chainOf(merged)));
    world.run(store.applyNext());
    world.run(store.setRetention(lastPoints(1)));
    world.run(store.prune());
    world.run(store.release());
    if (written) world.inode("disk-0.raw").write(700, new Uint8Array([9, 9, 9]));
    past.putBack();
    store = past.open();
    assert.ok(store.suspect);
    world.run(checkPoints(store, contents, "opened"));
    expectUnread(world, store);
    assert.notEqual(world.run(store.verify()).length, 0);
    expectUnread(world, store);
    world.run(past.seal(store, 9));
    assert.throws(() => world.run(store.applyNext()), (error) => isFailed(error, "disk-suspect"));
    world.run(store.close());
  }
});

Deno.test("a state of before the first point takes up what was applied since (R11)", () => {
  const past = new Past(400);
  const { world, contents } = past;
  const first = [extent(0, 0, 9, 21), extent(1, 3, 9, 22)];
  contents.set(pointId(0), written(SIZES.map((size) => new Uint8Array(size)), first));
  let store = world.run(ReplicaStore.create(world.ports(), world.folder(), spec(9)));
  world.run(store.beginSeed(SEED));
  past.keep();
  for (const each of first) world.run(store.seedWrite(each, contentOf(each)));
  world.run(store.publishSeed(declaration(pointId(0), undefined)));
  for (const step of [seal(1), apply, seal(2)]) world.run(step(past, store));
  past.putBack();
  store = past.open();
  assert.equal(store.seed, undefined);
  assert.deepEqual(world.run(store.verify()), []);
  expectListed(store, [0, 1, 2]);
  world.run(checkPoints(store, contents, "verified"));
  world.run(store.close());
});

Deno.test("what a crash left of dropped points is no newer state (R7)", () => {
  const past = new Past(500);
  const { world, contents } = past;
  let store = world.run(past.begin());
  for (const step of [seal(1), apply, seal(2), apply, seal(3), apply]) world.run(step(past, store));
  const left = world.inode("undo", `${pointId(2)}.undo`);
  world.run(store.hold(pointId(0), "h"));
  world.run(store.setRetention(lastPoints(1)));
  world.run(store.prune());
  world.run(store.close());
  const undo = world.root.entries.get("undo") as typeof world.root;
  undo.entries.set(`${pointId(2)}.undo`, left);
  store = past.open();
  assert.equal(store.suspect, false);
  assert.deepEqual(store.troubles, []);
  expectListed(store, [0, 3]);
  world.run(checkPoints(store, contents, "opened"));
  assert.ok(!world.names("undo").includes(`${pointId(2)}.undo`), "it is removed");
  world.run(store.close());
});
