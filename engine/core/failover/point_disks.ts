/**
 * The disks of a recovery point as a guest may use them: a durable overlay over the view of each (R8).
 *
 * @module
 */

import { KiB, type PointId } from "../base/units.ts";
import { Overlay } from "../history/overlay.ts";
import type { PointView } from "../history/point_view.ts";
import type { Folder } from "../ports/folder.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import type { Task } from "../runtime/task.ts";

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
    for (const [disk, size] of view.sizes.entries()) {
      const base = {
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

/** Gives overlays and view back, in order. */
export function* closePointDisks({ view, disks }: PointDisks): Task<void> {
  for (const disk of disks) yield* disk.close();
  yield* view.close();
}

/** Small disks have small clusters: a copy of 64 KiB for each first write would be most of them. */
function clusterSize(size: number): number {
  return size >= 256 * OVERLAY_CLUSTER ? OVERLAY_CLUSTER : 4 * KiB;
}
