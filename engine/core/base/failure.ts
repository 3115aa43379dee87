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
  /** What the reader should do next, never empty; "Nothing", and why, where it is over by itself. */
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

/** Every text but the empty one: a failure that says nothing to do is none that a person can use (M76). */
type Words<Text extends string> = Text extends "" ? never : Text;

/** A failure of this server: its disks, folders, memory, clock. */
export function localFailure<Text extends string>(
  code: FailureCode,
  message: string,
  action: Words<Text>,
): Failed {
  return new Failed({ code, side: "local", message, action });
}

/** A failure that the peer or the network between caused. */
export function peerFailure<Text extends string>(
  code: FailureCode,
  message: string,
  action: Words<Text>,
): Failed {
  return new Failed({ code, side: "peer", message, action });
}

/** A request that cannot be done, through no fault of ours. */
export function requestFailure<Text extends string>(
  code: FailureCode,
  message: string,
  action: Words<Text>,
): Failed {
  return new Failed({ code, side: "request", message, action });
}

/** What is left to do behind codes of internal control, for who waited for what they ended. */
const INTERNAL = {
  cancelled: "Ask for it again, if it is still wanted",
  "view-given-up": "Nothing: the next cycle sends what is left",
} as const;

/** What the engine says to itself to end something. */
export function internalFailure(code: keyof typeof INTERNAL, message: string): Failed {
  return localFailure(code, message, INTERNAL[code]);
}

const OTHER_VERSION =
  "Nothing, if it does not come again: it is tried again by itself. Otherwise run the same version of Warmsite on both servers";

/** A peer said what none of this version says. */
export function brokenProtocol(
  message: string,
  code: "protocol-violation" | "malformed" = "protocol-violation",
): Failed {
  return peerFailure(code, message, OTHER_VERSION);
}

/** What to do about a connection that ended: connections are made again whenever there is something to say. */
export const LINK_ENDED =
  'Nothing, if it comes back: it is connected again by itself. Otherwise "warmsite connection test HOST:PORT" tells what is ' +
  "in the way";

/** `action` as a peer or a record of another version told it, which may have had nothing to say. */
export function toldAction(action: string): string {
  return /\S/.test(action)
    ? action
    : 'Look at the log of the server that says so, and at "warmsite replication status" on both';
}

/** True when `error` is a `Failed` with one of `codes` (any failure when none is named). */
export function isFailed(error: unknown, ...codes: readonly FailureCode[]): error is Failed {
  return error instanceof Failed && (codes.length === 0 || codes.includes(error.code));
}
