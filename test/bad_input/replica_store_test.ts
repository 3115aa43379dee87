/**
 * State, undo and staging files of a replica that were cut, flipped, lost, replaced by an older one or by
 * another machine's, on real files: what cannot be believed is named and what it carried is marked
 * broken; every point that is listed as whole holds what it held.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import type { PointId } from "../../engine/core/base/units.ts";
import { ReplicaStore } from "../../engine/core/history/replica_store.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { openFolder } from "../../engine/host/folder.ts";
import { portsOn, run } from "../powerloss/stage.ts";
import {
  checkPoints,
  contentOf,
  declaration,
  extent,
  pointId,
  SEED,
  SIZES,
  spec,
  stage,
  written,
} from "../unit/core/history/store_model.ts";
import { expectClear, flip } from "./house.ts";
import { lastPoints } from "../../engine/core/wire/retention.ts";

/** A closed replica with points 0 to 4: 0 to 2 applied, 3 and 4 staged. */
interface Shelf {
  readonly folder: string;
  readonly contents: Map<PointId, readonly Uint8Array[]>;
}

const APPLIED = 2;
const STAGED = 4;

function* make(path: string, from = 0): Task<Shelf> {
  const folder = openFolder(path, { create: true });
  const store = yield* ReplicaStore.create(portsOn(folder), folder, spec(9));
  const contents = new Map<PointId, readonly Uint8Array[]>();
  let disks: readonly Uint8Array[] = SIZES.map((size) => new Uint8Array(size));
  const first = [extent(0, 0, 6, 11 + from), extent(1, 2, 5, 12 + from)];
  yield* store.beginSeed(SEED);
  for (const each of first) yield* store.seedWrite(each, contentOf(each));
  yield* store.publishSeed(declaration(pointId(from), undefined));
  disks = written(disks, first);
  contents.set(pointId(from), disks);
  for (let number = 1; number <= STAGED; number++) {
    const extents = [
      extent(0, number, 4, 20 + number + from),
      extent(1, 2 * number, 3, 40 + number),
    ];
    const id = pointId(from + number);
    yield* stage(store, id, pointId(from + number - 1), extents);
    disks = written(disks, extents);
    contents.set(id, disks);
    if (number <= APPLIED) yield* store.applyNext();
  }
  yield* store.close();
  return { folder: path, contents };
}

/** What opening a spoiled replica gave. */
interface Outcome {
  readonly listed: readonly PointId[];
  readonly broken: ReadonlyMap<PointId, string>;
  /** What health shows, or why it could not be opened. */
  readonly said: readonly { readonly code: string; readonly message: string }[];
}

/** Opens it, checks what is listed as whole, lets it go on as far as it does, and checks again. */
function* look({ folder, contents }: Shelf): Task<Outcome> {
  const real = openFolder(folder);
  let store: ReplicaStore;
  try {
    store = yield* ReplicaStore.open(portsOn(real), real);
  } catch (error) {
    if (!isFailed(error)) throw error;
    expectClear(error.failure);
    return { listed: [], broken: new Map(), said: [error.failure] };
  }
  try {
    const said = [...store.troubles];
    for (const failure of said) expectClear(failure);
    yield* checkPoints(store, contents, "opened");
    yield* compareSuspect(store);
    const broken = new Map(store.points.flatMap(({ id, broken }) => {
      return broken === undefined ? [] : [[id, broken] as const];
    }));
    const listed = store.points.map(({ id }) => id);
    yield* applyAll(store);
    yield* checkPoints(store, contents, "gone on");
    return { listed, broken, said };
  } finally {
    yield* store.close();
  }
}

/** Of suspect disks no point is believed before they were compared (R9). */
function* compareSuspect(store: ReplicaStore): Task<void> {
  if (!store.suspect) return;
  assert.ok(store.points.every(({ broken }) => broken !== undefined));
  assert.deepEqual(yield* store.verify(), []);
}

function* applyAll(store: ReplicaStore): Task<void> {
  try {
    while ((yield* store.applyNext()) !== undefined);
  } catch (error) {
    if (!isFailed(error)) throw error;
    expectClear(error.failure);
  }
}

/** Makes a replica, spoils it, and looks. */
async function spoiled(spoil: (folder: string) => void): Promise<Outcome> {
  const root = Deno.makeTempDirSync({ prefix: "bad-input-" });
  try {
    const shelf = await run(make(`${root}/vm`));
    spoil(shelf.folder);
    return await run(look(shelf));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const ids = (...numbers: number[]) => numbers.map(pointId);
const stateFiles = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith("state"))
    .map((name) => `${folder}/${name}`);

/** Ways to spoil one file. */
const WAYS: readonly (readonly [string, (file: string) => void])[] = [
  ["cut to half", (file) => Deno.truncateSync(file, Math.floor(Deno.statSync(file).size / 2))],
  ["cut to nothing", (file) => Deno.truncateSync(file, 0)],
  ["with a flipped bit in front", (file) => flip(file, 20)],
  ["with a flipped bit at the end", (file) => flip(file, -9)],
];

Deno.test("one spoiled copy of the state changes nothing", async () => {
  for (const [what, way] of WAYS) {
    for (const index of [0, 1]) {
      const outcome = await spoiled((folder) => way(stateFiles(folder)[index] as string));
      if (outcome.listed.length === 0) assert.fail(`${what}: ${outcome.said[0]?.message}`);
      assert.deepEqual(outcome.listed.slice(0, 3), ids(0, 1, 2), what);
      assert.equal(outcome.broken.size, 0, what);
    }
  }
});

Deno.test("with both copies of the state spoiled it is rebuilt or nothing is accepted (R11)", async () => {
  for (const [what, way] of WAYS) {
    const outcome = await spoiled((folder) => stateFiles(folder).forEach(way));
    assert.ok(outcome.said.length > 0, `${what}: health says it`);
    if (outcome.listed.length === 0) continue;
    assert.deepEqual(outcome.listed.slice(0, 3), ids(0, 1, 2), what);
  }
});

Deno.test("a spoiled undo file breaks only older points, and says which file (R5)", async () => {
  for (
    const [what, way] of [
      ...WAYS,
      ["removed", (file: string) => Deno.removeSync(file)] as const,
    ]
  ) {
    const outcome = await spoiled((folder) => way(`${folder}/undo/${pointId(2)}.undo`));
    assert.deepEqual(outcome.listed, ids(0, 1, 2, 3, 4), what);
    // A flipped bit of its header, which only a rebuild reads, breaks nothing.
    if (what !== WAYS[2]?.[0]) assert.deepEqual([...outcome.broken.keys()], ids(0, 1), what);
    for (const words of outcome.broken.values()) assert.match(words, /undo/, what);
  }
});

Deno.test("a spoiled sealed delta is reported, and later points are broken (R1)", async () => {
  for (
    const [what, way] of [
      ...WAYS,
      ["removed", (file: string) => Deno.removeSync(file)] as const,
    ]
  ) {
    const outcome = await spoiled((folder) => way(`${folder}/staging/${pointId(3)}.delta`));
    assert.deepEqual(outcome.listed, ids(0, 1, 2, 3, 4), what);
    assert.equal([...outcome.broken.keys()].some((id) => ids(0, 1, 2).includes(id)), false, what);
    if (outcome.broken.size > 0) assert.deepEqual([...outcome.broken.keys()], ids(3, 4), what);
    for (const words of outcome.broken.values()) assert.match(words, /staging/, what);
  }
});

Deno.test("files of another machine's replica are refused by name, not used", async () => {
  const root = Deno.makeTempDirSync({ prefix: "bad-input-" });
  try {
    for (const file of [`undo/${pointId(2)}.undo`, `staging/${pointId(3)}.delta`]) {
      const own = await run(make(`${root}/own`));
      const other = await run(make(`${root}/other`, 64));
      const stranger = file.replace(/[0-9a-f]{32}/, (id) => pointId(64 + Number(`0x${id}`)));
      Deno.copyFileSync(`${other.folder}/${stranger}`, `${own.folder}/${file}`);
      const { broken } = await run(look(own));
      assert.ok(broken.size > 0, `${file}: something is broken and says so`);
      for (const folder of [own.folder, other.folder]) Deno.removeSync(folder, { recursive: true });
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

/** Stages point `number`, and applies what is staged unless told otherwise. */
function* goOn(shelf: Shelf, number: number, applied = true): Task<void> {
  const folder = openFolder(shelf.folder);
  const store = yield* ReplicaStore.open(portsOn(folder), folder);
  const extents = [extent(0, number, 2, 70 + number), extent(1, number, 5, 0)];
  const parent = store.newest?.id as PointId;
  yield* stage(store, pointId(number), parent, extents);
  const before = shelf.contents.get(parent) as readonly Uint8Array[];
  shelf.contents.set(pointId(number), written(before, extents));
  if (applied) { while ((yield* store.applyNext()) !== undefined); }
  yield* store.close();
}

/** What was done since the backup from which the state came back, and what is listed then. */
const YESTERDAYS: readonly (readonly [string, (shelf: Shelf) => Task<void>, PointId[]])[] = [
  ["two applies", (shelf) => thrownAway(look(shelf)), ids(0, 1, 2, 3, 4)],
  ["a seal", (shelf) => goOn(shelf, 5, false), ids(0, 1, 2, 3, 4, 5)],
  ["a seal and three applies", (shelf) => goOn(shelf, 5), ids(0, 1, 2, 3, 4, 5)],
  ["two seals, and applies of all but one", function* (shelf) {
    yield* goOn(shelf, 5);
    yield* goOn(shelf, 6, false);
  }, ids(0, 1, 2, 3, 4, 5, 6)],
  ["applies and drops", function* (shelf) {
    for (const number of [5, 6, 7]) yield* goOn(shelf, number);
    const folder = openFolder(shelf.folder);
    const store = yield* ReplicaStore.open(portsOn(folder), folder);
    yield* store.setRetention(lastPoints(2));
    assert.equal((yield* store.prune()).length, 6);
    yield* store.close();
  }, ids(6, 7)],
];

function* thrownAway(task: Task<unknown>): Task<void> {
  yield* task;
}

for (const [what, since, wanted] of YESTERDAYS) {
  Deno.test(`a state from before ${what} takes up what happened since (R3, R9)`, async () => {
    const root = Deno.makeTempDirSync({ prefix: "bad-input-" });
    try {
      const shelf = await run(make(`${root}/vm`));
      const older = stateFiles(shelf.folder).map((file) =>
        [file, Deno.readFileSync(file)] as const
      );
      await run(since(shelf));
      for (const [file, bytes] of older) Deno.writeFileSync(file, bytes);
      const { listed, broken } = await run(look(shelf));
      assert.deepEqual(listed.filter((id) => !broken.has(id)), wanted);
      for (const words of broken.values()) assert.match(words, /undo.* is missing/);
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  });
}
