/**
 * A planned failover on the side that gives the machine away (L4).
 *
 * The machine is off and locked. The right to start it, a random token, is durable here first, then at the
 * replica; only behind that does the last delta go, sealed as a *planned* point. The token comes back when
 * the replica says durably that it has given it up, and in no other way; who cannot wait for that takes
 * the machine by force and begins a generation.
 *
 * @module
 */

import { brokenProtocol, requestFailure } from "../base/failure.ts";
import type { Json } from "../base/json.ts";
import { asObject } from "../base/json.ts";
import { isIdentity, type PointId, type Token } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import { runCycle } from "./cycle.ts";
import type { PrimaryMachine } from "./machine.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Replication } from "./replication.ts";

/** A planned failover that was prepared. */
export interface Planned {
  readonly token: Token;
  /** The point that loses nothing, once the replica holds it. */
  readonly point: PointId | undefined;
  /** Wall time of its cut, µs since 1970; 0 before. */
  readonly cutAt: number;
}

/** True when the replica holds all that the machine ever wrote, and may start it. */
export function isHandedOver({ planned, tracked }: PrimaryMachine): boolean {
  const point = planned?.point;
  return point !== undefined &&
    tracked.every(({ base, unchanged }) =>
      unchanged && base.kind === "point" && base.point === point
    );
}

/**
 * Hands the token over and sends what is left; when it returns the machine is handed over, or was taken back
 * meanwhile: then nothing more is the last of it.
 */
export function* handOver(work: Replication, peer: ReplicaPeer): Task<void> {
  const { machine } = work;
  const planned = machine.planned;
  if (planned === undefined || isHandedOver(machine)) return;
  yield* askToken(peer, "planned-offer", planned.token);
  work.offered = planned.token;
  // A delta that was cut before the machine was off is a point like any other; the next one is the last.
  while (machine.planned?.token === planned.token) {
    const sealed = yield* runCycle(work, peer);
    if (sealed.kind !== "planned") continue;
    return yield* machine.noteHandedOver(planned.token, sealed.point, sealed.cutAt);
  }
}

/** What may be asked about the token, and how it is answered. */
const ANSWERS = {
  "planned-offer": "planned-held",
  "planned-return": "planned-returned",
  "planned-take": "planned-taken",
} as const;

/** Asks the replica about the token and waits until the answer is durable there. */
export function* askToken(
  peer: ReplicaPeer,
  type: keyof typeof ANSWERS,
  token: Token,
): Task<void> {
  const answer = yield* peer.ask({ type, token }, ANSWERS[type]);
  if (answer.token === token) return;
  throw brokenProtocol("The replica answered for another planned failover");
}

/** As a record holds it. */
export function plannedToJson(planned: Planned | undefined): Json {
  if (planned === undefined) return null;
  return { token: planned.token, point: planned.point ?? null, cutAt: planned.cutAt };
}

/** From a record, none where it has none; `null` when it makes no sense. */
export function plannedFromJson(json: Json | undefined): Planned | undefined | null {
  if (json === undefined || json === null) return undefined;
  const { token, point, cutAt } = asObject(json) ?? {};
  if (!isIdentity(token) || !(point === null || isIdentity(point))) return null;
  if (typeof cutAt !== "number" || !Number.isSafeInteger(cutAt) || cutAt < 0) return null;
  return { token: token as Token, point: (point ?? undefined) as PointId | undefined, cutAt };
}

/** The replica has been told what holds, and goes on by that wherever it takes the machine up (L4, L6). */
export function refuseWhileLocked({ name, state }: Pick<PrimaryMachine, "name" | "state">): void {
  if (state !== "PreparedForFailover") return;
  throw requestFailure(
    "wrong-state",
    `Cannot change settings of "${name}" in state PreparedForFailover: the replica would not hear of it before it ` +
      "takes the machine up",
    `Cancel the planned failover first: "warmsite failover cancel ${name}"; or change them where the machine runs ` +
      "once the failover is done",
  );
}
