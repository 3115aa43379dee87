/**
 * One cycle: cut, send what changed, seal, and clear the bits once the replica holds the point.
 *
 * A delta under way goes on where the replica's durable prefix ends. When its frozen view was given up,
 * a new cut is made for the same delta (C4); after `CUTS_PER_CYCLE` of those the attempt ends as a
 * failure, with everything kept, and the next one goes on. Of a disk that is being added the delta carries a part
 * of the first copy as well (`joining.ts`).
 *
 * @module
 */

import { brokenProtocol, isFailed, localFailure } from "../base/failure.ts";
import { toHex } from "../base/units.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { Task } from "../runtime/task.ts";
import type { MessageOf } from "../wire/message.ts";
import type { PointDeclaration } from "../wire/point.ts";
import { disksOfCut, makeCut, needsCut, reportGivenUp } from "./cutting.ts";
import { copyAndCut, sendCopies } from "./joining.ts";
import { beginLive } from "./live_delta.ts";
import { noBase, type OpenDelta } from "./open_delta.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Replication } from "./replication.ts";
import { sendPending } from "./sending.ts";
import { noteSent } from "./sent.ts";
import { Shipment } from "./shipment.ts";

/** Cuts that one attempt makes for one delta, at most. */
const CUTS_PER_CYCLE = 4;

/** Runs one cycle to *staged*; returns the delta that was sealed. */
export function* runCycle(work: Replication, peer: ReplicaPeer): Task<OpenDelta> {
  const joining = work.machine.joining.length > 0;
  const delta = yield* openDelta(work, peer, joining ? beginLive : beginDelta);
  if (delta.live === true) yield* copyAndCut(work, peer, delta);
  yield* sendDelta(work, peer, delta);
  yield* sealDelta(work, peer, delta);
  return delta;
}

/** Sends of the first copies until `over` says that the next cycle is due, or they have come to their ends. */
export function* copyBetween(
  work: Replication,
  peer: ReplicaPeer,
  over: () => boolean,
): Task<void> {
  const delta = yield* openDelta(work, peer, beginLive);
  // One that was cut is sent first, by the cycle.
  if (delta.live === true) yield* sendCopies(work, peer, delta, over);
}

/** Seals the delta, every record of which was sent, and clears its bits once the replica has staged it. */
export function* sealDelta(work: Replication, peer: ReplicaPeer, delta: OpenDelta): Task<void> {
  const { machine, ports } = work;
  // Taken back since: its guest wrote behind that cut, which is not the last of it for any other right either.
  if (delta.kind === "planned" && machine.planned?.token !== delta.token) delta.kind = "standard";
  const staged = yield* seal(work, peer, delta);
  if (staged.point !== delta.point || staged.digest !== toHex(delta.shipment.chain)) {
    throw brokenProtocol("The replica staged another point than was sealed");
  }
  peer.settle();
  yield* finish(work, delta);
  ports.observer.emit({ kind: "staged", machine: machine.name, point: delta.point });
}

/**
 * Asks for the seal. A replica that has other records than were sent would refuse them for ever: the
 * delta is given up, and the next attempt sends its blocks anew.
 */
function* seal(
  work: Replication,
  peer: ReplicaPeer,
  delta: OpenDelta,
): Task<MessageOf<"staged">> {
  const { sent, chain } = delta.shipment;
  const point = declare(work, delta);
  delta.sealing = delta.point;
  try {
    return yield* peer.ask(
      { type: "delta-seal", delta: delta.id, point, records: sent, digest: toHex(chain) },
      "staged",
    );
  } catch (error) {
    if (isFailed(error, "damaged", "protocol-violation")) abandon(work);
    throw error;
  }
}

/** Nothing of the open delta counts any more; all of its blocks are to be sent (C4). */
export function abandon(work: Replication): void {
  if (work.delta !== undefined) work.quiescing.noteLost(work.delta.kind);
  work.delta = undefined;
  work.swept.clear();
  for (const disk of work.machine.tracked) disk.forgetProgress();
}

/** The replica holds the point durably: the bits of its delta are cleared, in the order of T3 and T4. */
function* finish(work: Replication, delta: OpenDelta): Task<void> {
  for (const { index, view } of work.machine.joining) {
    if (view?.mode === "live") work.swept.set(index, view.sweptTo);
  }
  for (const disk of work.machine.tracked) yield* disk.staged(delta.point);
  work.delta = undefined;
  work.quiescing.noteStaged(delta.kind, delta.cutAt);
  work.base = delta.point;
  work.machine.presence.noteStaged();
  work.statistics.cycles++;
  yield* work.machine.settleJoins(delta.point);
  work.staged.note(delta);
}

/** The delta to go on with, opened at the replica; begun anew by `begin` where there is none to go on with. */
export function* openDelta(
  work: Replication,
  peer: ReplicaPeer,
  begin: (work: Replication) => Task<OpenDelta>,
): Task<OpenDelta> {
  for (;;) {
    const delta = work.delta ?? (yield* begin(work));
    work.delta = delta;
    // Opened on this channel already: what is on its way stays that.
    if (peer.shipment === delta.shipment) return delta;
    delta.shipment.unweigh();
    peer.shipment = delta.shipment;
    const { parent, point: cut } = delta;
    const generation = work.machine.generation;
    const ready = yield* peer.ask(
      { type: "delta-open", delta: delta.id, parent, generation, cut },
      "delta-ready",
    );
    if (ready.delta !== delta.id) {
      throw brokenProtocol("The replica opened another delta than was asked for");
    }
    if (delta.shipment.resumeAt(ready.records)) return delta;
    // The replica lost what it had of this delta: nothing of it counts any more.
    work.ports.observer.emit({ kind: "probe", name: "replica-lost-open-delta" });
    const fresh = delta.shipment.sent === 0;
    abandon(work);
    if (fresh && ready.records > 0) {
      throw brokenProtocol("The replica has records of a delta that is new");
    }
    yield* peer.tell({ type: "delta-drop", delta: delta.id });
  }
}

function* beginDelta(work: Replication): Task<OpenDelta> {
  const { ports, machine } = work;
  const cut = yield* makeCut(work, true);
  const parent = work.base;
  if (parent === undefined) throw noBase();
  const shipment = new Shipment(ports.codec.kernel, machine.tracked);
  return { id: newIdentity(ports.entropy), parent, shipment, sealing: undefined, ...cut };
}

/** Sends everything pending, with new cuts where views were given up. */
export function* sendDelta(
  work: Replication,
  peer: ReplicaPeer,
  delta: OpenDelta,
  onCompared?: (equal: number, differing: number) => void,
): Task<void> {
  for (let cuts = 0; cuts < CUTS_PER_CYCLE; cuts++) {
    if (needsCut(work, delta.joins)) {
      reportGivenUp(work);
      // What is in flight must be settled first: its acknowledgement speaks of the contents before.
      yield* peer.drained();
      work.quiescing.noteLost(delta.kind);
      Object.assign(delta, yield* makeCut(work, true, delta.joins));
    }
    yield* peer.tellSizes(delta.sizes);
    try {
      yield* sendPending({
        codec: work.ports.codec,
        disks: disksOfCut(work, delta.joins),
        peer,
        shipment: delta.shipment,
        compression: work.settings.compression,
        chained: true,
        onSent: (bytes, wire) => noteSent(work, bytes, wire),
        ...(onCompared === undefined ? {} : { onCompared }),
      });
      if (!needsCut(work, delta.joins)) return;
    } catch (error) {
      if (!isFailed(error, "view-given-up")) throw error;
    }
  }
  throw localFailure(
    "view-given-up",
    `The frozen view was given up ${CUTS_PER_CYCLE} times in one cycle`,
    "Choose a shorter frequency, so that less changes while it is sent, or give the link more bandwidth; nothing is lost meanwhile",
  );
}

/** The point that a delta or a seed becomes. */
export function declare(
  work: Replication,
  cut: Pick<OpenDelta, "point" | "cutAt" | "kind" | "sizes" | "placeholders" | "arriving"> & {
    readonly parent?: OpenDelta["parent"];
  },
): PointDeclaration {
  return {
    id: cut.point,
    parent: cut.parent,
    generation: work.machine.generation,
    cutAt: cut.cutAt,
    kind: cut.kind,
    sizes: cut.sizes,
    ...(cut.placeholders.some((size) => size > 0) ? { placeholders: cut.placeholders } : {}),
    ...(cut.arriving.some((size) => size > 0) ? { arriving: cut.arriving } : {}),
  };
}
