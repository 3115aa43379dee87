/**
 * What kind of failure each code is, and what replication does about it: one table.
 *
 * Recoverable failures go by themselves: they are tried again and again (`retry.ts`). Those of one cycle say nothing of
 * the next one, which begins when it is due. Final ones stand until a person has done something: the relationship goes
 * into state Error, nothing is sent, every change is tracked, and `replication resume` tries again.
 *
 * Rule: final is only what trying again cannot heal, or what it would be wrong to try. Protection does not stop for what
 * storage, network or a peer may do by themselves.
 *
 * @module
 */

import { type Failure, type FailureCode, toldAction } from "../base/failure.ts";
import { asObject, type Json } from "../base/json.ts";

/** Tried again; over at the next cycle; until somebody resumes. */
export type FailureClass = "recoverable" | "this-cycle" | "final";

/** Every code there is. */
export const FAILURE_CLASSES: Readonly<Record<FailureCode, FailureClass>> = {
  // Storage of either side: it comes back, is mounted again, gets space, a sector is written anew.
  "io-error": "recoverable",
  "latent-sector": "recoverable",
  "no-space": "recoverable",
  "not-found": "recoverable",
  "read-only": "recoverable",
  locked: "recoverable",
  "disk-failed": "recoverable",
  "disk-suspect": "recoverable",
  // A replica that cannot be opened may be restored; a delta that did not arrive whole is sent anew.
  damaged: "recoverable",
  // The network, and what a peer says while it starts, stops or is busy.
  "connection-refused": "recoverable",
  "connection-lost": "recoverable",
  "timed-out": "recoverable",
  "not-tls": "recoverable",
  malformed: "recoverable",
  "protocol-violation": "recoverable",
  busy: "recoverable",
  paused: "recoverable",
  // A failover there that may still be cancelled (L5).
  "wrong-state": "recoverable",
  "no-such-machine": "recoverable",
  "no-such-point": "recoverable",
  "no-such-disk": "recoverable",
  "point-broken": "recoverable",
  // One cut, or one delta on one point: the handshake before the next one sorts it out.
  "gate-timeout": "this-cycle",
  "view-given-up": "this-cycle",
  cancelled: "this-cycle",
  hypervisor: "this-cycle",
  stale: "this-cycle",
  "wrong-parent": "this-cycle",
  "not-the-base": "this-cycle",
  // Somebody has to mend a certificate, an entry, an installation.
  unauthenticated: "final",
  unauthorized: "final",
  "wrong-server": "final",
  "wrong-version": "final",
  // Somebody has to say which of two is meant.
  exists: "final",
  "wrong-disk": "final",
  "disk-changed-size": "final",
  "out-of-range": "final",
  "bad-name": "final",
  "bad-argument": "final",
  // Somebody has to say who may write (L1, L5, L7).
  "older-generation": "final",
  "unknown-generation": "final",
  "split-brain": "final",
  "second-writer": "final",
  "generation-dead": "final",
};

/** What becomes of an attempt that failed with `code`. */
export function classOf(code: FailureCode): FailureClass {
  return FAILURE_CLASSES[code];
}

/** Codes that a connection which opens proves to be over. */
const OF_THE_LINK: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "connection-refused",
  "connection-lost",
  "timed-out",
  "malformed",
]);

/** True for a failure that is over when the peer can be reached. */
export function isOfTheLink(code: FailureCode): boolean {
  return OF_THE_LINK.has(code);
}

/** A failure from a record; `undefined` for anything else. A code that this version does not know reads as `damaged`. */
export function failureFromJson(json: Json | undefined): Failure | undefined {
  const { code, side, message, action } = asObject(json) ?? {};
  if (typeof code !== "string" || typeof message !== "string" || typeof action !== "string") {
    return undefined;
  }
  if (side !== "local" && side !== "peer" && side !== "request") return undefined;
  return {
    code: Object.hasOwn(FAILURE_CLASSES, code) ? code as FailureCode : "damaged",
    side,
    message,
    action: toldAction(action),
  };
}
