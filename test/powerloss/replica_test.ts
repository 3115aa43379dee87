/**
 * Power loss on a replica with the real adapters and room for next to nothing in memory: staging,
 * applying, pruning and reading go on at the same time on recorded files; then power is lost at many
 * moments of the record, and each of what may be left is opened again (R1 to R5, R7, R11).
 *
 * @module
 */

import assert from "node:assert/strict";
import type { PointId } from "../../engine/core/base/units.ts";
import { ReplicaStore } from "../../engine/core/history/replica_store.ts";
import type { StagedExtent } from "../../engine/core/wire/extent.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { PowerRecorder } from "../host/power_recorder.ts";
import {
  BLOCKS,
  chainOf,
  checkPoints,
  contentOf,
  declaration,
  extent,
  GENERATION,
  memoryOf,
  pointId,
  SEED as SEED_ID,
  SIZES,
  spec,
  stage,
  written,
} from "../unit/core/history/store_model.ts";
import { Dice, idle, portsOn, run, scratch, SEED, together } from "./stage.ts";

/** Points that retention keeps. */
const KEPT = 3;
/** Points that are staged after the first. */
const POINTS = 12;
/** States that are made of the record and opened. */
const STATES = 240;
/** Of these, in so many power is lost again while the first loss is being recovered from. */
const AGAIN_EVERY = 4;

/** What the outside knows, each fact with the moment of the record at which it became one. */
interface Facts {
  readonly contents: Map<PointId, readonly Uint8Array[]>;
  readonly acknowledged: { readonly id: PointId; readonly since: number }[];
  /** Points that prunes dropped. */
  readonly dropped: PointId[];
  /** Open deltas: `records` of `id` on `parent` durable from one moment to another. */
  readonly flushed: {
    readonly id: string;
    readonly records: number;
    readonly since: number;
    until: number;
  }[];
}

function someExtents(dice: Dice): StagedExtent[] {
  return Array.from({ length: 1 + dice.below(6) }, () => {
    const block = dice.below(BLOCKS);
    const blocks = 1 + dice.below(Math.min(6, BLOCKS - block));
    const fill = dice.once(4) ? 0 : 1 + dice.below(255);
    return extent(dice.below(2), block, blocks, fill);
  });
}

/** One life of a replica, recorded. */
class Life {
  readonly facts: Facts = {
    contents: new Map(),
    acknowledged: [],
    dropped: [],
    flushed: [],
  };
  readonly #recorder: PowerRecorder;
  readonly #dice: Dice;
  #staging = true;

  constructor(recorder: PowerRecorder, dice: Dice) {
    this.#recorder = recorder;
    this.#dice = dice;
  }

  *live(): Task<void> {
    const { folder } = this.#recorder;
    const store = yield* ReplicaStore.create(portsOn(folder), folder, spec(KEPT), memoryOf(true));
    const first = someExtents(this.#dice);
    const blank = SIZES.map((size) => new Uint8Array(size));
    this.facts.contents.set(pointId(0), written(blank, first));
    yield* store.beginSeed(SEED_ID);
    for (const each of first) yield* store.seedWrite(each, contentOf(each));
    yield* store.publishSeed(declaration(pointId(0), undefined));
    this.#acknowledge(pointId(0));
    yield* together([this.#stage(store), this.#apply(store), this.#read(store)]);
    yield* store.close();
  }

  #acknowledge(id: PointId): void {
    this.facts.acknowledged.push({ id, since: this.#recorder.length });
  }

  *#stage(store: ReplicaStore): Task<void> {
    for (let number = 1; number <= POINTS; number++) {
      const parent = store.newest?.id as PointId;
      const id = pointId(number);
      const extents = someExtents(this.#dice);
      const before = this.facts.contents.get(parent) as readonly Uint8Array[];
      this.facts.contents.set(id, written(before, extents));
      if (number % 2 === 0) yield* this.#stageSlowly(store, id, parent, extents);
      else yield* stage(store, id, parent, extents);
      this.#acknowledge(id);
      yield* idle(this.#dice);
    }
    this.#staging = false;
  }

  *#stageSlowly(
    store: ReplicaStore,
    id: PointId,
    parent: PointId,
    extents: readonly StagedExtent[],
  ): Task<void> {
    const name = `d-${id}`;
    yield* store.startDelta(name, parent, GENERATION);
    for (const each of extents) {
      yield* store.append(each);
      const records = yield* store.flushDelta();
      const since = this.#recorder.length;
      this.#endFlushed();
      this.facts.flushed.push({ id: name, records, since, until: Infinity });
    }
    this.#endFlushed();
    yield* store.seal(declaration(id, parent), extents.length, chainOf(extents));
  }

  #endFlushed(): void {
    const newest = this.facts.flushed.at(-1);
    if (newest?.until === Infinity) newest.until = this.#recorder.length;
  }

  *#apply(store: ReplicaStore): Task<void> {
    while (this.#staging || store.points.some(({ applied }) => !applied)) {
      yield* store.applyNext();
      yield* idle(this.#dice);
      if (!this.#dice.once(2)) continue;
      this.facts.dropped.push(...yield* store.prune());
    }
  }

  *#read(store: ReplicaStore): Task<void> {
    while (this.#staging) {
      const point = store.points[this.#dice.below(store.points.length)]?.id as PointId;
      const view = yield* store.view(point);
      const disk = this.#dice.below(SIZES.length);
      const bytes = yield* view.read(disk, 0, SIZES[disk] as number);
      assert.deepEqual(bytes, this.facts.contents.get(point)?.[disk], "a view while all goes on");
      yield* view.close();
      yield* idle(this.#dice);
    }
  }
}

/** Opens what is left, with everything that must hold, and lets it go on to its newest point. */
function* recovered(recorder: PowerRecorder, facts: Facts, moment: number): Task<void> {
  const { folder } = recorder;
  const store = yield* opened(folder, facts, moment);
  if (store === undefined) return;
  try {
    const when = `after ${moment}`;
    assert.deepEqual(store.troubles, [], when);
    // What is gone follows from the points that there are, also before anybody has pruned.
    const listed = store.points.map(({ id }) => id);
    const oldest = listed.at(-KEPT) ?? pointId(0);
    for (const { id, since } of facts.acknowledged) {
      if (since > moment || id < oldest) continue;
      assert.ok(listed.includes(id), `${when}: acknowledged point ${id} is gone`);
    }
    yield* checkPoints(store, facts.contents, when);
    expectOpenDelta(store, facts, moment);
    while ((yield* store.applyNext()) !== undefined);
    yield* checkPoints(store, facts.contents, `${when}, applied`);
    if (store.newest !== undefined) assert.deepEqual(yield* store.verify(), [], when);
  } finally {
    yield* store.close();
  }
}

/** Before its first point was acknowledged a replica may be unreadable: nobody was told of it. */
function* opened(
  folder: PowerRecorder["folder"],
  facts: Facts,
  moment: number,
): Task<ReplicaStore | undefined> {
  try {
    return yield* ReplicaStore.open(portsOn(folder), folder, memoryOf(true));
  } catch (error) {
    if ((facts.acknowledged[0]?.since ?? Infinity) <= moment) throw error;
    return undefined;
  }
}

function expectOpenDelta(store: ReplicaStore, facts: Facts, moment: number): void {
  const flushed = facts.flushed.find(({ since, until }) => since <= moment && moment < until);
  if (flushed === undefined) return;
  assert.equal(store.openDelta?.id, flushed.id, "the open delta is there");
  assert.ok((store.openDelta?.records ?? 0) >= flushed.records, "with all that was acknowledged");
}

Deno.test("a replica outlives power loss at any moment, on real files (R1 to R5, R7)", async () => {
  const root = scratch();
  try {
    const dice = new Dice(SEED);
    const recorder = new PowerRecorder(`${root}/life`);
    const life = new Life(recorder, dice);
    await run(life.live());
    let twice = 0;
    for (let state = 0; state < STATES; state++) {
      const moment = 1 + Math.floor((recorder.length - 1) * (state + 0.5) / STATES);
      const seed = SEED + state;
      const place = `${root}/${state}`;
      try {
        const after = new PowerRecorder(place, recorder.survivors(moment, seed));
        await run(recovered(after, life.facts, moment));
        if (state % AGAIN_EVERY === 0) {
          const second = dice.below(after.length + 1);
          const again = new PowerRecorder(`${place}-again`, after.survivors(second, seed + 1));
          await run(recovered(again, life.facts, moment));
          twice++;
        }
      } catch (error) {
        const where = `POWERLOSS_SEED=${SEED}: state ${state}, ${recorder.describe(moment)}`;
        throw new Error(`${where}: ${(error as Error).stack}`);
      }
      Deno.removeSync(place, { recursive: true });
    }
    const { acknowledged, dropped, flushed } = life.facts;
    console.log(
      `${recorder.length} moments recorded, ${STATES} states opened, ${twice} lost power twice, ` +
        `${acknowledged.length} points, ${dropped.length} dropped, ${flushed.length} prefixes`,
    );
    assert.ok(dropped.length > 3 && flushed.length > 1, "everything was exercised");
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
