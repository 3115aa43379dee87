/**
 * Reading the log of a disk that is not tracked any more: what had changed when it was closed.
 *
 * @module
 */

import type { PointId } from "../base/units.ts";
import type { Bitmap } from "../block/bitmap.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import { HrlFile } from "./hrl_file.ts";
import { layoutOf } from "./hrl_layout.ts";
import { logExists, logName, newestHeader } from "./hrl_open.ts";
import { recover } from "./hrl_recovery.ts";
import type { TrackingBase, TrackingOptions } from "./tracking_base.ts";

/** What a log says that was closed in order and that nobody has open. */
export interface ClosedLog {
  readonly base: TrackingBase;
  /** Cuts that were issued since, oldest first; `undefined` where some were forgotten. */
  readonly issued: readonly PointId[] | undefined;
  /** Blocks that changed since the base. */
  readonly changed: Bitmap;
}

/**
 * Reads the log of a disk that is not tracked any more, and changes nothing. `undefined` where it does
 * not tell exactly what changed: it was not closed in order, is damaged, or the disk was written since.
 */
export function* readClosedLog(
  ports: Ports,
  guest: GuestDisk,
  options: Pick<TrackingOptions, "geometry" | "machine" | "disk">,
): Task<ClosedLog | undefined> {
  if (!(yield* logExists(guest))) return undefined;
  const handle = yield* guest.logs.open(logName(guest));
  try {
    const newest = yield* newestHeader(ports, guest, handle);
    if (newest === undefined) return undefined;
    const { header } = newest;
    const { geometry, machine, disk } = options;
    const ours = header.machine === machine && header.disk === disk &&
      header.blockSize === geometry.blockSize && header.diskSize === guest.disk.size;
    if (!ours || header.open) return undefined;
    const file = new HrlFile(
      ports.codec.kernel,
      handle,
      layoutOf(header.diskSize, geometry, header.slots),
    );
    const { kind, blocks } = yield* recover(file, header, yield* guest.disk.identity(), false);
    if (kind !== "clean" || !blocks.suspected.empty) return undefined;
    const issued = header.issuedLost ? undefined : header.issued;
    return { base: header.base, issued, changed: blocks.all };
  } finally {
    yield* handle.close();
  }
}
