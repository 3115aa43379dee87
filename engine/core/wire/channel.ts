/**
 * A channel: one machine's conversation on a session.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";
import type { Compare, Compared } from "./compare.ts";
import type { StagedExtent } from "./extent.ts";
import type { ControlMessage } from "./message.ts";
import type { Session } from "./session.ts";
import type { ChannelWindow } from "./send_window.ts";

/** What arrives on a channel, in the order in which it was sent. Payloads are owned by the receiver. */
export type Incoming =
  | { readonly kind: "control"; readonly message: ControlMessage }
  | { readonly kind: "extent"; readonly extent: StagedExtent }
  | { readonly kind: "compare"; readonly compare: Compare }
  | { readonly kind: "compared"; readonly compared: Compared };

/** One machine's conversation, from open-machine until either end says bye or a refusal. */
export interface Channel {
  readonly session: Session;
  /** True once the channel or its session has ended. */
  readonly closed: boolean;
  /** What is in flight of this channel's share of the session's window: only to be credited. */
  readonly window: ChannelWindow;
  /** Sends a control message of our role; waits for room towards the connection. */
  send(message: ControlMessage): Task<void>;
  /**
   * Sends an extent: waits for the window (which it takes from itself), the throttle and room. Returns
   * what it took of the window, to be given to `window.credit` once durable progress covers the extent.
   */
  sendExtent(extent: StagedExtent): Task<number>;
  /** Sends a comparison; its part of the window comes back by itself with the answer. */
  sendCompare(compare: Compare): Task<void>;
  /** Answers the oldest comparison that is not answered yet. */
  sendCompared(compared: Compared): Task<void>;
  /** The next thing in order; throws the reason once the channel or its session has ended. */
  receive(): Task<Incoming>;
  /** Ends the channel in order: what was sent before goes out, what was not received is dropped. */
  close(reason?: string): void;
}
