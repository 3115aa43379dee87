/**
 * Failures: what goes wrong outside this program, as a closed union that says whose fault it was,
 * a stable code, the cause in words, and what to do about it.
 *
 * Rule: bad input and failing devices end in a `Failed`, never in an assertion.
 *
 * @module
 */

/** Whose side a failure is on: this server, the peer, or the person who asked. */
export type Side = "local" | "peer" | "request";

/** Every failure there is, by a code that scripts may rely on. A code is never used again. */
export type FailureCode =
  // Disks and folders.
  | "io-error"
  | "latent-sector"
  | "no-space"
  | "not-found"
  | "exists"
  | "read-only"
  | "locked"
  | "out-of-range"
  | "disk-changed-size"
  | "disk-failed"
  | "disk-suspect"
  // Contents.
  | "damaged"
  | "wrong-disk"
  | "wrong-version"
  | "stale"
  // Network and peers.
  | "connection-refused"
  | "connection-lost"
  | "timed-out"
  | "not-tls"
  | "wrong-server"
  | "unauthenticated"
  | "unauthorized"
  | "malformed"
  | "protocol-violation"
  | "busy"
  | "paused"
  // Lineage.
  | "older-generation"
  | "unknown-generation"
  | "split-brain"
  | "second-writer"
  | "wrong-parent"
  | "not-the-base"
  | "generation-dead"
  // Verbs.
  | "bad-name"
  | "bad-argument"
  | "no-such-machine"
  | "no-such-point"
  | "no-such-disk"
  | "wrong-state"
  | "point-broken"
  | "hypervisor"
  // Internal control.
  | "view-given-up"
  | "gate-timeout"
  | "cancelled";

/** What went wrong, for scripts and for people. */
export interface Failure {
  /** Stable; scripts may rely on it. */
  readonly code: FailureCode;
  /** Whose fault it was. */
  readonly side: Side;
  /** The cause: sentence case, no full stop, values quoted, e.g. `Cannot open "x": no such file`. */
  readonly message: string;
  /** What the reader should do; empty when nothing can be done but wait. */
  readonly action: string;
}

/** A failure on its way up the stack. Expected; every caller handles it or lets it pass whole. */
export class Failed extends Error {
  override name = "Failed";
  /** What went wrong. */
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.code}: ${failure.message}`);
    this.failure = failure;
  }

  /** The stable code, for `switch`. */
  get code(): FailureCode {
    return this.failure.code;
  }
}

/** A failure of this server: its disks, folders, memory, clock. */
export function localFailure(code: FailureCode, message: string, action = ""): Failed {
  return new Failed({ code, side: "local", message, action });
}

/** A failure that the peer or the network between caused. */
export function peerFailure(code: FailureCode, message: string, action = ""): Failed {
  return new Failed({ code, side: "peer", message, action });
}

/** A request that cannot be done, through no fault of ours. */
export function requestFailure(code: FailureCode, message: string, action = ""): Failed {
  return new Failed({ code, side: "request", message, action });
}

/** True when `error` is a `Failed` with one of `codes` (any failure when none is named). */
export function isFailed(error: unknown, ...codes: readonly FailureCode[]): error is Failed {
  return error instanceof Failed && (codes.length === 0 || codes.includes(error.code));
}
