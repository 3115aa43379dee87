/**
 * The heartbeat of an open log: how late the disk may have changed by our own writes (T6).
 *
 * Rules: while the disk is written to, the header says, once in `PERIOD`, a time of change that none of our
 * own writes goes beyond until it is said anew; soon after the last of them it says the exact one. A
 * disk that is found later than its log allows was changed by somebody else. Times are those of the
 * disk's file system alone: they are compared with each other and with no clock of ours. Nothing waits
 * for it: a write that comes before the header is durable may cost a comparison after a crash, and is
 * never missed. There is no timer while nobody writes, and none at all for block devices.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import { Scope } from "../runtime/scope.ts";
import type { Loop } from "../runtime/loop.ts";
import type { Task } from "../runtime/task.ts";

/** Time between two beats, µs. */
const PERIOD = SECOND;
/**
 * How far beyond the last time of change that was seen our own writes may go, ns: what was seen is up to
 * one period old, the next beat comes a period later, and its header takes its time to be durable.
 */
const LEASE = 3_000_000_000n;
/** A time of change that can be counted with. */
const NUMBER = /^[0-9]{1,30}$/;

/** What a heartbeat needs of its disk and log. */
export interface HeartbeatPorts {
  readonly loop: Loop;
  readonly clock: Pick<Clock, "sleep">;
  /** Who the disk is now. */
  identity(): Task<DiskIdentity>;
  /** Writes handed to the disk that it has not answered. */
  inFlight(): number;
  /** What the header says. */
  said(): DiskIdentity;
  /** Makes the header say it, durably; does not fail. */
  say(stamp: DiskIdentity): Task<void>;
}

/** One disk's heartbeat. Begins with a write and ends when there were none for a while. */
export class Heartbeat {
  readonly #ports: HeartbeatPorts;
  readonly #scope: Scope;
  #beating = false;
  #written = false;

  constructor(ports: HeartbeatPorts, name: string) {
    this.#ports = ports;
    this.#scope = new Scope(ports.loop, `heartbeat ${name}`);
  }

  /** The disk has answered a write. On the path of every one. */
  written(): void {
    this.#written = true;
    if (!this.#beating) this.#begin();
  }

  /** Ends it; whoever closes the log says the exact time. */
  stop(): Task<void> {
    return this.#scope.cancel();
  }

  #begin(): void {
    // Once: what cannot be stamped will never be.
    this.#beating = true;
    if (this.#ports.said().stamped && !this.#scope.closed) this.#scope.spawn("beat", this.#beat());
  }

  /** A crash at any time leaves the header before or the one behind; each is true of what was written. */
  *#beat(): Task<void> {
    try {
      do {
        this.#written = false;
        yield* this.#say(LEASE);
        yield* this.#ports.clock.sleep(PERIOD);
        if (!this.#written && this.#ports.inFlight() === 0) yield* this.#say(0n);
      } while (this.#written || this.#ports.inFlight() > 0);
    } catch (error) {
      // Its identity cannot be read: flushes fail as well, or the next beat succeeds.
      if (!isFailed(error) || error.code === "cancelled") throw error;
    } finally {
      this.#beating = false;
    }
  }

  *#say(lease: bigint): Task<void> {
    const now = yield* this.#ports.identity();
    const changed = NUMBER.test(now.changed) ? String(BigInt(now.changed) + lease) : now.changed;
    if (changed !== this.#ports.said().changed) yield* this.#ports.say({ ...now, changed });
  }
}

/** True when a disk that is found with time of change `found` cannot have it by writes up to `said`. */
export function isLater(found: string, said: string): boolean {
  if (!NUMBER.test(found) || !NUMBER.test(said)) return found !== said;
  return BigInt(found) > BigInt(said);
}
