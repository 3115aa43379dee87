/**
 * The first copy of a disk that was added to a protected machine: it travels between the cycles, and holds up none (M65).
 *
 * It is sent as it is on the disk, in one sweep from its beginning to its end, into the delta that the next cycle seals:
 * opened as soon as the one before is staged, filled until that cycle is due. So what has arrived belongs to points, one
 * after the other, whose base the bits of the disk have like those of every other disk (T4): a crash of either side, a
 * broken link, a failover that is cancelled or a replica put back to yesterday cost what no point has, and are found
 * as they always are. But no point has the disk, which would not be as it was at any cut: points tell of it as
 * *arriving*, so that the replica keeps what it has. When the sweep is over, what was written behind it is cut with all
 * other disks, and the disk is in that point and in all that follow.
 *
 * What it does not know: why a disk joins, and what its machine's state makes of it (`machine.ts`).
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";
import { makeCut } from "./cutting.ts";
import type { OpenDelta } from "./open_delta.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Replication } from "./replication.ts";
import { sendPending } from "./sending.ts";
import { noteSent } from "./sent.ts";

/** True when there is something of a first copy to send that no cut is needed for. */
export function hasCopying({ machine, delta }: Replication): boolean {
  if (delta !== undefined && delta.live !== true) return false;
  return machine.joining.some(({ view }) => view?.alive !== true || !view.swept);
}

/** Sends a little of the first copies, that they go on however late the cycles are, and makes the cut of the delta. */
export function* copyAndCut(work: Replication, peer: ReplicaPeer, delta: OpenDelta): Task<void> {
  yield* sendCopies(work, peer, delta, () => true);
  const joins = work.machine.joining.filter(({ view }) => view?.swept === true);
  // What is in flight of them must be settled before the cut: its acknowledgement speaks of the contents before.
  if (joins.length > 0) yield* peer.drained();
  const cut = yield* makeCut(work, true, joins.map(({ index }) => index));
  Object.assign(delta, cut, { live: false });
}

/** Sends what the live views of the first copies hand out; at least one record, if there is one. */
export function* sendCopies(
  work: Replication,
  peer: ReplicaPeer,
  delta: OpenDelta,
  over: () => boolean,
): Task<void> {
  const { machine, ports, settings } = work;
  for (const disk of machine.joining) {
    if (disk.view?.alive !== true) disk.swap("live", work.swept.get(disk.index) ?? 0);
  }
  yield* peer.tellSizes(machine.announced);
  let some = false;
  yield* sendPending({
    codec: ports.codec,
    disks: machine.joining,
    peer,
    shipment: delta.shipment,
    compression: settings.compression,
    chained: true,
    runMax: machine.copyRun,
    stopped: () => some && over(),
    onSent(bytes, wire) {
      some = true;
      noteSent(work, bytes, wire);
    },
    onCompared() {
      some = true;
    },
  });
}
