/**
 * Power loss on a primary with the real adapters: guests write, cuts are made, deltas are sealed on a
 * recorded disk with its replication log; then power is lost at many moments of the record, and each of
 * what may be left is opened again: whatever differs from the base is known (T1 to T5).
 *
 * @module
 */

import assert from "node:assert/strict";
import type { MachineId, PointId } from "../../engine/core/base/units.ts";
import type { GuestDisk } from "../../engine/core/ports/ports.ts";
import type { Folder } from "../../engine/core/ports/folder.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { cutDisks } from "../../engine/core/tracking/cut.ts";
import { TrackedDisk } from "../../engine/core/tracking/tracked_disk.ts";
import type { TrackingOptions } from "../../engine/core/tracking/tracking_base.ts";
import { realClock } from "../../engine/host/clock.ts";
import { PowerRecorder, savedFile } from "../host/power_recorder.ts";
import { Dice, idle, portsOn, run, scratch, SEED, together } from "./stage.ts";

const BLOCK = 512;
const BLOCKS = 162;
const SIZE = BLOCK * BLOCKS;
/** Points that are sealed. */
const POINTS = 14;
/** States that are made of the record and opened. */
const STATES = 240;
/** Of these, in so many power is lost again while the first loss is being recovered from. */
const AGAIN_EVERY = 4;

/** What the outside knows, each fact with the moment of the record at which it became one. */
interface Facts {
  /** Contents at each cut. */
  readonly contents: Map<PointId, Uint8Array>;
  /** Points that the replica holds. */
  readonly sealed: { readonly id: PointId; readonly since: number }[];
  /** When tracking was promised, and from when the log was being closed in order. */
  created: number;
  closing: number;
}

function* guestDisk(folder: Folder): Task<GuestDisk> {
  return { disk: yield* folder.openDisk("vm.img"), logs: folder, stem: "vm.img" };
}

function* options(folder: Folder): Task<TrackingOptions> {
  return {
    geometry: { blockSize: BLOCK, regionSize: 4 * BLOCK },
    // Far fewer than there are: regions leave the activity log all the time.
    slots: 6,
    cowSizeMax: 60 * BLOCK,
    marks: yield* folder.folder("marks", { create: true }),
    machine: "5".repeat(32) as MachineId,
    disk: 0,
  };
}

/** What a view hands out. */
interface Run {
  readonly at: number;
  readonly length: number;
  readonly kind: "data" | "zero";
}

/** One life of a tracked disk, recorded. */
class Life {
  readonly facts: Facts = { contents: new Map(), sealed: [], created: Infinity, closing: Infinity };
  readonly #recorder: PowerRecorder;
  readonly #dice: Dice;
  /** What the disk shows; right whenever nothing is under way. */
  readonly #shown = new Uint8Array(SIZE);
  /** What the replica holds durably of the open delta, by block. */
  readonly #staged = new Map<number, Uint8Array>();
  #replica = new Uint8Array(SIZE);
  #ends = false;
  givenUp = 0;

  constructor(recorder: PowerRecorder, dice: Dice) {
    this.#recorder = recorder;
    this.#dice = dice;
  }

  *live(): Task<void> {
    const { folder } = this.#recorder;
    yield* (yield* folder.createDisk("vm.img", SIZE)).close();
    const tracking = yield* options(folder);
    yield* folder.flush();
    const guest = yield* guestDisk(folder);
    const disk = yield* TrackedDisk.create(portsOn(folder), guest, tracking);
    this.facts.created = this.#recorder.length;
    const writers = [0, 1, 2].map((number) => this.#write(disk, number));
    yield* together([this.#send(disk), ...writers]);
    this.facts.closing = this.#recorder.length;
    yield* disk.closeClean();
  }

  /** Each writer has blocks of its own, so that what the disk shows is known without asking it. */
  *#write(disk: TrackedDisk, number: number): Task<void> {
    const dice = this.#dice;
    while (!this.#ends) {
      const block = dice.below(BLOCKS / 3) * 3 + number;
      const at = block * BLOCK;
      const part = dice.once(3) ? dice.below(BLOCK - 1) : 0;
      const fill = dice.once(5) ? 0 : 1 + dice.below(255);
      const bytes = new Uint8Array(BLOCK - part).fill(fill);
      if (fill === 0) yield* disk.zero(at + part, bytes.length);
      else yield* disk.write(at + part, bytes);
      this.#shown.set(bytes, at + part);
      if (dice.once(12)) yield* disk.flush();
      if (dice.once(2)) yield* idle(dice);
    }
  }

  *#send(disk: TrackedDisk): Task<void> {
    while (this.facts.sealed.length < POINTS) {
      yield* idle(this.#dice);
      const point = (this.facts.contents.size + 1).toString(16).padStart(32, "0") as PointId;
      yield* disk.issue(point);
      yield* cutDisks(realClock, [disk]);
      // No write is under way between the cut and the first step of a writer behind the gate.
      const frozen = this.#shown.slice();
      this.facts.contents.set(point, frozen);
      if (yield* this.#sendView(disk, frozen)) yield* this.#seal(disk, point, frozen);
      else this.givenUp++;
    }
    this.#ends = true;
  }

  *#sendView(disk: TrackedDisk, frozen: Uint8Array): Task<boolean> {
    const { view } = disk;
    assert.ok(view !== undefined);
    let taken = view.next(8 * BLOCK);
    for (; taken !== undefined; taken = view.next(8 * BLOCK)) {
      const { at, length, kind }: Run = taken;
      const zeros = new Uint8Array(length);
      const content: Uint8Array = kind === "zero" ? zeros : yield* view.read(at, length);
      assert.deepEqual(content, frozen.slice(at, at + length), "as it was at the cut (C2)");
      for (let from = 0; from < length; from += BLOCK) {
        this.#staged.set((at + from) / BLOCK, content.slice(from, from + BLOCK));
      }
      view.release(at, length);
      if (this.#dice.once(3)) yield* idle(this.#dice);
    }
    return view.alive;
  }

  *#seal(disk: TrackedDisk, id: PointId, frozen: Uint8Array): Task<void> {
    const replica = this.#replica.slice();
    for (const [block, content] of this.#staged) replica.set(content, block * BLOCK);
    assert.deepEqual(replica, frozen, "a sealed delta is the disk at its cut");
    this.#replica = replica;
    this.#staged.clear();
    this.facts.sealed.push({ id, since: this.#recorder.length });
    yield* idle(this.#dice);
    yield* disk.staged(id);
  }
}

/** Opens what is left: bits, base and issued points must account for every difference. */
function* recovered(recorder: PowerRecorder, facts: Facts, moment: number): Task<string> {
  const { folder } = recorder;
  const guest = yield* guestDisk(folder);
  const bytes = yield* guest.disk.read(0, SIZE);
  const disk = yield* TrackedDisk.open(portsOn(folder), guest, yield* options(folder));
  const { kind, reason } = disk.recovery;
  if (kind === "whole") assert.match(reason, /was changed while|comparison .* was due/);
  checkKnown(disk, bytes, facts, moment);
  yield* disk.closeClean();
  const again = yield* guestDisk(folder);
  const reopened = yield* TrackedDisk.open(portsOn(folder), again, yield* options(folder));
  assert.equal(reopened.recovery.kind, "clean", "closed in order, opened exactly (T6)");
  checkKnown(reopened, bytes, facts, moment);
  yield* reopened.closeClean();
  return kind;
}

function checkKnown(disk: TrackedDisk, bytes: Uint8Array, facts: Facts, moment: number): void {
  const { base, issued } = disk;
  const newest = facts.sealed.findLast(({ since }) => since <= moment);
  if (newest !== undefined) {
    const named = base.kind === "point" ? [base.point, ...issued] : issued;
    assert.ok(named.includes(newest.id), "the newest sealed point is base or issued (T4)");
  }
  const known = new Uint8Array(BLOCKS);
  disk.swap("live");
  for (let each = disk.view?.next(SIZE); each !== undefined; each = disk.view?.next(SIZE)) {
    known.fill(1, each.at / BLOCK, (each.at + each.length) / BLOCK);
    if (each.kind !== "zero") continue;
    const zeros = bytes.subarray(each.at, each.at + each.length).every((byte) => byte === 0);
    assert.ok(zeros, "what is marked as zero is zero");
  }
  disk.forgetProgress();
  if (base.kind === "none") {
    assert.ok(known.every((bit) => bit === 1), "without a base everything is to be sent");
    return;
  }
  const content = base.kind === "point" ? facts.contents.get(base.point) : undefined;
  assert.ok(content !== undefined, "the base is a point that was made");
  for (let block = 0; block < BLOCKS; block++) {
    const [from, to] = [block * BLOCK, (block + 1) * BLOCK];
    const same = bytes.subarray(from, to).every((byte, at) => byte === content[from + at]);
    assert.ok(same || known[block] === 1, `block ${block} differs and nobody knows (T1 to T4)`);
  }
}

Deno.test("a primary outlives power loss at any moment, on real files (T1 to T6)", async () => {
  const root = scratch();
  try {
    const dice = new Dice(SEED);
    const recorder = new PowerRecorder(`${root}/life`);
    const life = new Life(recorder, dice);
    await run(life.live());
    const { facts } = life;
    const kinds = new Map<string, number>();
    let twice = 0;
    for (let state = 0; state < STATES; state++) {
      const span = recorder.length - facts.created;
      const moment = facts.created + Math.floor(span * (state + 0.5) / STATES);
      const place = `${root}/${state}`;
      try {
        const left = recorder.survivors(moment, SEED + state);
        assert.equal(savedFile(left, "vm.img")?.bytes.length, SIZE);
        const after = new PowerRecorder(place, left);
        const kind = await run(recovered(after, facts, moment));
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        if (state % AGAIN_EVERY === 0) {
          const second = dice.below(after.length + 1);
          const again = new PowerRecorder(
            `${place}-again`,
            after.survivors(second, SEED + STATES + state),
          );
          await run(recovered(again, facts, moment));
          twice++;
        }
      } catch (error) {
        const where = `POWERLOSS_SEED=${SEED}: state ${state}, ${recorder.describe(moment)}`;
        throw new Error(`${where}: ${(error as Error).stack}`);
      }
      Deno.removeSync(place, { recursive: true });
    }
    console.log(
      `${recorder.length} moments recorded, ${STATES} states opened, ${twice} lost power twice, ` +
        `${facts.sealed.length} points, ${life.givenUp} views given up, ${
          JSON.stringify([...kinds])
        }`,
    );
    assert.ok((kinds.get("unclean") ?? 0) > STATES / 2, "power was lost while the log was open");
    // Nobody else writes to the disk: none of them looks as if somebody had (T6, M04).
    assert.equal(kinds.get("whole") ?? 0, 0, JSON.stringify([...kinds]));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
