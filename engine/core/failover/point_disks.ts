/**
 * The disks of a recovery point as a guest may use them: a durable overlay over the view of each (R8).
 *
 * @module
 */

import { KiB, type PointId } from "../base/units.ts";
import { Overlay, type OverlayBase } from "../history/overlay.ts";
import type { PointView } from "../history/point_view.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import type { Folder } from "../ports/folder.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import { done, type Task } from "../runtime/task.ts";

/** A cluster of an overlay, bytes. */
const OVERLAY_CLUSTER = 64 * KiB;

/** A point that somebody writes on, and where. */
export interface PointDisks {
  readonly view: PointView;
  /** By index. */
  readonly disks: readonly Overlay[];
}

/** Opens the disks of `point`, or makes them anew; `folder` holds their overlays. */
export function* openPointDisks(
  machine: ReplicaMachine,
  folder: Folder,
  point: PointId,
  how: "create" | "open",
): Task<PointDisks> {
  const { store, ports } = machine;
  // Whoever started it knew; what runs on it must not lose its disks when they turn out suspect.
  const view = yield* store.view(point, { unverified: true });
  const disks: Overlay[] = [];
  try {
    const sizes = how === "create"
      ? offeredSizes(machine, view)
      : yield* madeSizes(folder, view, store.sizes.length);
    for (const [disk, size] of sizes.entries()) {
      // A gap: its disk was removed before this point.
      if (size === 0) continue;
      const base = (view.sizes[disk] ?? 0) === 0 ? emptyBase(size) : {
        size,
        read: (at: number, length: number) => view.read(disk, at, length),
        allocated: (at: number, length: number) => view.allocated(disk, at, length),
      };
      const spec = { machine: store.machine, disk, point };
      const name = `disk-${disk}`;
      disks.push(
        how === "create"
          ? yield* Overlay.create(ports, folder, name, base, spec, clusterSize(size))
          : yield* Overlay.open(ports, folder, name, base, spec),
      );
    }
    return { view, disks };
  } catch (error) {
    yield* closePointDisks({ view, disks });
    throw error;
  }
}

/**
 * Bytes of every disk that a failover to a point offers, by index. In place of one that the point does not have,
 * for it was excluded then, being added, or added later, it is an empty disk of its size, so that the machine finds what it is
 * made of; 0 is a gap.
 */
function offeredSizes({ store }: ReplicaMachine, { point, sizes }: PointView): readonly number[] {
  const { points } = store;
  const chosen = points.find(({ id }) => id === point);
  const newest = points.at(-1);
  return store.sizes.map((_, disk) =>
    (sizes[disk] ?? 0) || missing(chosen, disk) || (newest?.sizes[disk] ?? 0) ||
    missing(newest, disk)
  );
}

/** Bytes of a disk that the machine had at a point and that the point does not have; 0 for none. */
function missing(point: RecoveryPoint | undefined, disk: number): number {
  return (point?.placeholders?.[disk] ?? 0) || (point?.arriving?.[disk] ?? 0);
}

/** The same of disks that were made before: what the machine has by now may be another set. */
function* madeSizes(folder: Folder, view: PointView, count: number): Task<readonly number[]> {
  const names = yield* folder.list();
  const sizes: number[] = [];
  for (let disk = 0; disk < count; disk++) {
    let size = view.sizes[disk] ?? 0;
    const name = `disk-${disk}.data`;
    if (size === 0 && names.includes(name)) {
      const file = yield* folder.open(name);
      size = file.size;
      yield* file.close();
    }
    sizes.push(size);
  }
  return sizes;
}

/** Zeros. */
function emptyBase(size: number): OverlayBase {
  return {
    size,
    read: (_, length) => done(new Uint8Array(length)),
    allocated: () => done([]),
  };
}

/** Gives overlays and view back, in order. */
export function* closePointDisks({ view, disks }: PointDisks): Task<void> {
  for (const disk of disks) yield* disk.close();
  yield* view.close();
}

/** Small disks have small clusters: a copy of 64 KiB for each first write would be most of them. */
function clusterSize(size: number): number {
  return size >= 256 * OVERLAY_CLUSTER ? OVERLAY_CLUSTER : 4 * KiB;
}
