/**
 * The merge at the end of a failover: what the machine is now becomes one undo-logged delta of the new
 * generation on top of the newest point, so that the raw disks hold it (R8).
 *
 * A crash before the delta is sealed leaves an unsealed one, which the next attempt drops and makes
 * again; a crash after it leaves a staged delta of the new generation, which the next attempt finds as
 * the newest point and only applies.
 *
 * @module
 */

import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import type { PointId } from "../base/units.ts";
import { Bitmap } from "../block/bitmap.ts";
import type { Extent } from "../block/extent.ts";
import type { Overlay } from "../history/overlay.ts";
import type { PointView } from "../history/point_view.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import { type Ancestry, beginGeneration } from "../lineage/generation.ts";
import { packContent, zeroRecord } from "../primary/pack.ts";
import { recordBranch } from "./branch_logs.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import type { FailoverRecord } from "../replica/replica_record.ts";
import type { Task } from "../runtime/task.ts";
import { chainDigest, emptyChain } from "../wire/chain.ts";
import { NEWEST } from "../wire/retention.ts";

/** Merges the failover of `machine` and puts its new generation in force. */
export function* mergeFailover(
  machine: ReplicaMachine,
  view: PointView,
  overlays: readonly Overlay[],
): Task<void> {
  const { store } = machine;
  const failover = machine.record.failover as FailoverRecord;
  if (store.newest?.generation !== failover.generation) {
    yield* stageMerged(machine, view, overlays, failover);
  }
  yield* machine.applyAll();
  yield* store.fitDisks();
  const branch = yield* recordBranch(machine, view);
  // Hyper-V's complete removes all other points; only the one that is now the machine stays.
  yield* store.setRetention(NEWEST);
  const state = machine.stateAfter("complete-failover");
  const ancestry = beginGeneration(
    ancestryAt(machine, failover),
    failover.generation,
    failover.point,
    machine.server,
    "failover",
  );
  const { reverse } = machine.record;
  const ended = {
    failover: undefined,
    planned: undefined,
    tail: undefined,
    losing: undefined,
  };
  yield* machine.setRecord({ ...machine.record, ...ended, state, ancestry, branch, reverse });
}

/**
 * The history that the chosen point belongs to: it may be one of an older generation, the losing tail of
 * this server for instance, and what came after that is no ancestor of what was written on it (L1).
 */
function ancestryAt({ record, store }: ReplicaMachine, { point }: FailoverRecord): Ancestry {
  const chosen = store.points.find(({ id }) => id === point);
  if (record.losing?.[0]?.generation === chosen?.generation) {
    return record.losing ?? record.ancestry;
  }
  const from = record.ancestry.findIndex(({ generation }) => generation === chosen?.generation);
  return from <= 0 ? record.ancestry : record.ancestry.slice(from);
}

/** Stages, as one delta of the new generation, all that the machine has otherwise than the newest point. */
function* stageMerged(
  machine: ReplicaMachine,
  view: PointView,
  overlays: readonly Overlay[],
  failover: FailoverRecord,
): Task<void> {
  const { store, ports } = machine;
  const { kernel } = ports.codec;
  const parent = (store.newest as { readonly id: PointId }).id;
  const id = newIdentity<string>(ports.entropy);
  const { blockSize } = store.geometry;
  const options = { codec: ports.codec, blockSize, compression: true, chained: true };
  yield* store.dropDelta();
  // Takes back damaged deltas above the parent, which nothing could ever apply; what is left is applied, for the
  // view tells what it has otherwise than the newest applied point.
  yield* store.startDelta(id, parent, failover.generation);
  yield* machine.applyAll();
  let chain = emptyChain();
  let records = 0;
  const before = store.sizes;
  const merged = before.map((_, disk) => overlays.find(({ index }) => index === disk)?.size ?? 0);
  // A stand-in for a disk that was left out is a disk from here on. Crash behind this: a size that no point has.
  yield* store.announce(merged);
  // Of a disk that the point does not have nothing counts that the file may hold.
  const kept = merged.map((size, disk) => (view.sizes[disk] ?? 0) === 0 ? 0 : size);
  for (const { disk, at, length } of beyond(kept, before)) {
    const { extent, digest } = zeroRecord(ports.codec, disk, at, length);
    yield* store.append(extent);
    chain = chainDigest(kernel, chain, extent, digest);
    records++;
  }
  for (const overlay of overlays) {
    const disk = overlay.index;
    const changed = yield* changedBlocks(machine, view, overlay, disk);
    for (const { start, end } of changed.runs()) {
      const last = end * options.blockSize;
      for (let at = start * options.blockSize; at < last; at += EXTENT_SIZE_MAX) {
        const content = yield* overlay.read(at, Math.min(EXTENT_SIZE_MAX, last - at));
        for (const { extent, digest } of yield* packContent(options, disk, at, content)) {
          yield* store.append(extent);
          chain = chainDigest(kernel, chain, extent, digest);
          records++;
        }
      }
    }
  }
  const point = {
    id: newIdentity<PointId>(ports.entropy),
    parent,
    generation: failover.generation,
    cutAt: Math.max(0, ports.clock.wall()),
    kind: "standard" as const,
    sizes: merged,
    ...leftOut(store.points, failover.point, kept, merged),
  };
  yield* store.seal(point, records, chain);
  machine.noteStaged(point.id);
}

/**
 * The disks of the machine that stand in for ones that were left out of replication: they stay left out. `kept`: what
 * the chosen point has of each disk.
 */
function leftOut(
  points: readonly RecoveryPoint[],
  point: PointId,
  kept: readonly number[],
  merged: readonly number[],
): Pick<RecoveryPoint, "placeholders"> {
  const chosen = points.find(({ id }) => id === point);
  const newest = points.at(-1);
  const excluded = (each: RecoveryPoint | undefined, disk: number) =>
    (each?.placeholders?.[disk] ?? 0) > 0;
  const placeholders = merged.map((size, disk) => {
    const copied = (chosen?.arriving?.[disk] ?? 0) > 0;
    const out = kept[disk] === 0 && !copied && (excluded(chosen, disk) || excluded(newest, disk));
    return out ? size : 0;
  });
  return placeholders.some((size) => size > 0) ? { placeholders } : {};
}

/**
 * Blocks that the machine has otherwise than the newest point. A cluster of an overlay holds more than what was
 * written to it: blocks in it that are still the chosen point's would travel back as if they had changed.
 */
function* changedBlocks(
  machine: ReplicaMachine,
  view: PointView,
  overlay: Overlay,
  disk: number,
): Task<Bitmap> {
  const { blockSize } = machine.store.geometry;
  const blocks = new Bitmap(Math.ceil(overlay.size / blockSize));
  const mark = ({ at, length }: Extent) => {
    const end = Math.min(blocks.size, Math.ceil((at + length) / blockSize));
    const start = Math.floor(at / blockSize);
    if (start < end) blocks.set(start, end);
  };
  for (const run of overlay.changedRuns()) {
    // A stand-in for a disk that the point does not have is new as a whole.
    if ((view.sizes[disk] ?? 0) === 0) mark(run);
    else yield* markWritten(machine, view, overlay, disk, run, mark);
  }
  yield* view.changedRuns(disk, mark);
  return blocks;
}

/** Marks the blocks of `run` that the overlay has otherwise than the chosen point. */
function* markWritten(
  { ports: { codec: { kernel } }, store: { geometry: { blockSize } } }: ReplicaMachine,
  view: PointView,
  overlay: Overlay,
  disk: number,
  run: Extent,
  mark: (blocks: Extent) => void,
): Task<void> {
  const first = Math.floor(run.at / blockSize) * blockSize;
  const last = Math.min(overlay.size, Math.ceil((run.at + run.length) / blockSize) * blockSize);
  for (let at = first; at < last; at += EXTENT_SIZE_MAX) {
    const length = Math.min(EXTENT_SIZE_MAX, last - at);
    const now = yield* overlay.read(at, length);
    const then = yield* view.read(disk, at, length);
    const differing = kernel.differingBlocks(now, then, blockSize);
    for (const [index, differs] of differing.entries()) {
      if (differs !== 0) mark({ at: at + index * blockSize, length: blockSize });
    }
  }
}

/**
 * What the newest point has behind the end of a disk that is smaller in the point that was chosen: it grew
 * since. It becomes zeros, undo-logged like everything else; the files are cut when they are let go.
 */
function* beyond(
  sizes: readonly number[],
  newest: readonly number[],
): Generator<{ readonly disk: number; readonly at: number; readonly length: number }, void> {
  for (const [disk, size] of newest.entries()) {
    for (let at = sizes[disk] ?? 0; at < size; at += EXTENT_SIZE_MAX) {
      yield { disk, at, length: Math.min(EXTENT_SIZE_MAX, size - at) };
    }
  }
}
