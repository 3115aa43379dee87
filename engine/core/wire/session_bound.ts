/**
 * How many connections a server has, and has of one peer (E6).
 *
 * A primary needs one; a few more are there while old ones fall silent. Rule: who comes too many is told
 * so, as many again are; whoever comes beyond that is not listened to.
 *
 * @module
 */

import { type Failure, peerFailure } from "../base/failure.ts";
import { SESSIONS_MAX, SESSIONS_PER_PEER_MAX } from "../base/limits.ts";

/** What becomes of a connection. */
export type Admission = "admitted" | "refused" | "dropped";

/** Counts connections by peer. */
export class SessionBound {
  readonly #peers = new Map<string, number>();
  #all = 0;

  /** Counts one more connection of `peer`, unless it is to be dropped. */
  enter(peer: string): Admission {
    const own = this.#peers.get(peer) ?? 0;
    if (own >= 2 * SESSIONS_PER_PEER_MAX || this.#all >= 2 * SESSIONS_MAX) return "dropped";
    this.#peers.set(peer, own + 1);
    this.#all++;
    const fits = own < SESSIONS_PER_PEER_MAX && this.#all <= SESSIONS_MAX;
    return fits ? "admitted" : "refused";
  }

  /** A connection of `peer` that was counted has ended. */
  leave(peer: string): void {
    const left = (this.#peers.get(peer) ?? 1) - 1;
    if (left > 0) this.#peers.set(peer, left);
    else this.#peers.delete(peer);
    this.#all--;
  }
}

/** What a peer with too many connections is told. */
export function tooManySessions(peer: string): Failure {
  return peerFailure(
    "busy",
    `"${peer}" has ${SESSIONS_PER_PEER_MAX} connections to this server already, or it has too many`,
    "Look for a second server with this name's certificate; silent connections end by themselves",
  ).failure;
}
