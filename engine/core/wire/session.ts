/**
 * A session: one connection, both directions, many channels.
 *
 * @module
 */

import type { Failure } from "../base/failure.ts";
import type { Connection, PeerIdentity } from "../ports/network.ts";
import type { Ports } from "../ports/ports.ts";
import type { Scope } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import type { Channel } from "./channel.ts";
import type { Hello } from "./message.ts";

/** Limits the bandwidth of data frames: returns when `bytes` more may be sent. */
export interface Throttle {
  take(bytes: number): Task<void>;
}

/** Who connected opens channels and replicates; who was connected to accepts them. */
export type SessionRole = "initiator" | "responder";

/** One connection, both directions, many channels. */
export declare class Session {
  /** Exchanges hello within `HELLO_TIMEOUT`; its tasks live in `scope`. Throws and closes on failure. */
  static start(
    ports: Pick<Ports, "loop" | "clock" | "codec">,
    scope: Scope,
    connection: Connection,
    role: SessionRole,
    hello: Omit<Hello, "type" | "protocol">,
    options?: { readonly throttle?: Throttle },
  ): Task<Session>;
  readonly peer: PeerIdentity;
  readonly remote: Hello;
  readonly closed: boolean;
  /** Why it ended; `undefined` while open and after an orderly `close()` of ours. */
  readonly closeReason: Failure | undefined;
  whenClosed(): Task<void>;
  /** Initiator: a channel; it gets its number with its first message, which must be open-machine. */
  openChannel(options?: { readonly throttle?: Throttle }): Channel;
  /** Responder: the next channel whose open-machine has arrived; `undefined` once closed. */
  accept(): Task<Channel | undefined>;
  /** Ends the session: bye with the failure's message, then the connection. Returns at once. */
  close(failure?: Failure): void;
}
