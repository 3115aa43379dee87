/**
 * Initial replication over the network: passes over the live disk while the guest writes, then one cut
 * (C5).
 *
 * Each pass takes the blocks that are marked, reads them as they are, and clears their bits once the
 * replica holds them durably and this disk was flushed; what the guest writes meanwhile is marked again
 * and belongs to the next pass. A restart resumes where the bits stand.
 *
 * @module
 */

import { brokenProtocol } from "../base/failure.ts";
import { MiB, type SeedId } from "../base/units.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { Task } from "../runtime/task.ts";
import { abandon, declare } from "./cycle.ts";
import type { Cut } from "./cutting.ts";
import { finalPass, livePasses } from "./passes.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Replication } from "./replication.ts";
import { sendPending } from "./sending.ts";
import { noteSent } from "./sent.ts";
import { Shipment } from "./shipment.ts";

/** Bytes sent between two times that the bits of durable blocks are cleared on disk. */
const SETTLE_BYTES = 64 * MiB;

/** Runs initial replication until its point is staged, or until it is told to stop: false then. */
export function* seed(
  work: Replication,
  peer: ReplicaPeer,
  resume: boolean,
  stopped: () => boolean = () => false,
): Task<boolean> {
  const id = yield* begin(work, resume);
  // Records of an earlier connection may or may not have arrived: their blocks are sent again, which
  // costs the window and nothing else.
  peer.shipment?.takeBack();
  const shipment = new Shipment(work.ports.codec.kernel, work.machine.tracked);
  // Everything that an earlier connection left in flight is pending again, and a delta that was under way goes on from
  // a point that nobody has any more.
  abandon(work);
  peer.shipment = shipment;
  const ready = yield* peer.ask({ type: "seed-begin", seed: id }, "seed-ready");
  if (ready.seed !== id) {
    throw brokenProtocol("The replica began another initial replication");
  }
  yield* livePasses(work, function* () {
    yield* peer.tellSizes(work.machine.announced);
    yield* runPass(work, peer, shipment, stopped);
    return !stopped();
  });
  if (stopped()) return false;
  const cut = yield* sendCut(work, peer, shipment);
  const point = declare(work, cut);
  const staged = yield* peer.ask(
    { type: "seed-publish", point, records: shipment.sent },
    "staged",
  );
  if (staged.point !== cut.point) {
    throw brokenProtocol("The replica staged another point than was published");
  }
  peer.settle();
  // The point of a seed is in the replica's disks already.
  peer.noteApplied(cut.point);
  for (const disk of work.machine.tracked) yield* disk.staged(cut.point);
  work.base = cut.point;
  work.machine.presence.noteStaged();
  work.statistics.cycles++;
  yield* work.machine.settleJoins(cut.point);
  work.staged.note(cut);
  work.ports.observer.emit({ kind: "staged", machine: work.machine.name, point: cut.point });
  return true;
}

/** The seed to go on with, or a new one: then every block is to be sent. */
function* begin(work: Replication, resume: boolean): Task<SeedId> {
  const disks = work.machine.tracked;
  const base = disks[0]?.base;
  if (resume && base?.kind === "seed") return base.seed;
  const id = newIdentity<SeedId>(work.ports.entropy);
  // A crash between the two leaves blocks marked for a seed that nobody began: it begins anew.
  for (const disk of disks) {
    if (work.machine.plan?.method === "existing-copy") yield* disk.markAllSuspected();
    else yield* disk.markAllChanged();
    yield* disk.setBase({ kind: "seed", seed: id });
  }
  return id;
}

function* runPass(
  work: Replication,
  peer: ReplicaPeer,
  shipment: Shipment,
  stopped: () => boolean,
): Task<void> {
  let unsettled = 0;
  let settle = false;
  const onSent = (bytes: number, wire: number) => {
    noteSent(work, bytes, wire);
    unsettled += bytes;
    if (unsettled >= SETTLE_BYTES) {
      unsettled = 0;
      settle = true;
    }
  };
  yield* sendPending({
    ...seedSending(work, peer, shipment),
    onSent,
    stopped,
    *between() {
      if (!settle) return;
      settle = false;
      for (const disk of work.machine.tracked) yield* disk.settle();
    },
  });
  yield* peer.drained();
  for (const disk of work.machine.tracked) yield* disk.settle();
}

/** What every pass sends with: a seed has no chain digest. */
function seedSending(work: Replication, peer: ReplicaPeer, shipment: Shipment) {
  const { machine, ports, settings } = work;
  return {
    codec: ports.codec,
    disks: machine.tracked,
    peer,
    shipment,
    compression: settings.compression,
    chained: false,
  };
}

function sendCut(work: Replication, peer: ReplicaPeer, shipment: Shipment): Task<Cut> {
  return finalPass(work, function* (cut) {
    yield* peer.tellSizes(cut.sizes);
    yield* sendPending({
      ...seedSending(work, peer, shipment),
      onSent: (bytes, wire) => noteSent(work, bytes, wire),
    });
  }, () => peer.drained());
}
