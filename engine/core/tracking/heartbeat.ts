/**
 * The heartbeat of an open log: how late the disk may have changed by our own writes (T6).
 *
 * Rules: while the disk is written to, the header says, once in `PERIOD`, a time of change that none of our
 * own writes goes beyond until it is said anew; soon after the last of them it says the exact one. A
 * disk that is found later than its log allows was changed by somebody else. Times are those of the
 * disk's file system alone: they are compared with each other and with no clock of ours. The first write
 * behind an idle `PERIOD` waits until the header allows it, durably, so that a crash behind it costs no
 * comparison; the others wait for nothing. There is no timer while nobody writes, and nothing at all for
 * block devices. Where the log lies on another file system than the disk, nobody knows that clock ahead
 * of a write: then none waits, and a crash before the header behind it may cost a comparison.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import type { FileChange } from "../ports/folder.ts";
import { Scope } from "../runtime/scope.ts";
import type { Loop } from "../runtime/loop.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";

/** Time between two beats, µs. */
const PERIOD = SECOND;
/**
 * How far beyond now our own writes may go, ns: the next beat comes a period later, and its header takes
 * its time to be durable.
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
  /**
   * The time by the clock of the log's file system, when the log was last written, which `fresh` does at once;
   * `undefined` where it cannot be told.
   */
  now(fresh: boolean): Task<FileChange | undefined>;
  /** What the header says. */
  said(): DiskIdentity;
  /** Makes the header say it, durably; does not fail. */
  say(stamp: DiskIdentity): Task<void>;
}

/** One disk's heartbeat. Begins ahead of a write and ends when there were none for a while. */
export class Heartbeat {
  readonly #ports: HeartbeatPorts;
  readonly #scope: Scope;
  readonly #changed = new Signal();
  #allowed: boolean;
  /** False once the log proved to lie where the disk's clock cannot be read. */
  #ahead = true;
  #beating = false;
  #written = false;
  #asked = false;

  constructor(ports: HeartbeatPorts, name: string) {
    this.#ports = ports;
    this.#scope = new Scope(ports.loop, `heartbeat ${name}`);
    this.#allowed = !ports.said().stamped;
  }

  /** Whether the header allows for a write made now, or never will. On the path of every one. */
  get allowed(): boolean {
    return this.#allowed;
  }

  /** Waits until it does; look again, for it may be over by then. */
  *allow(): Task<void> {
    this.#asked = true;
    if (!this.#beating) this.#begin();
    yield* this.#changed.until(() => this.#allowed || !this.#beating);
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
    if (this.#scope.closed) {
      this.#allowed = true;
      return;
    }
    // Once: what cannot be stamped will never be.
    this.#beating = true;
    if (this.#ports.said().stamped) this.#scope.spawn("beat", this.#beat());
  }

  /** A crash at any time leaves the header before or the one behind; each is true of what was written. */
  *#beat(): Task<void> {
    let orderly = false;
    try {
      do {
        const behind = this.#busy;
        this.#written = false;
        const said = yield* this.#extend(behind);
        this.#allowed = true;
        this.#changed.notify();
        if (!said && !this.#busy) break;
        yield* this.#ports.clock.sleep(PERIOD);
        if (!this.#busy) yield* this.#rest();
      } while (this.#busy || (this.#asked && !this.#allowed));
      orderly = true;
    } catch (error) {
      // Its identity cannot be read: flushes fail as well, or the next beat succeeds.
      if (!isFailed(error) || error.code === "cancelled") throw error;
    } finally {
      // Who waits is not held up by what cannot be said: it may cost a comparison, as the log says.
      if (!orderly) this.#allowed = true;
      this.#beating = false;
      this.#changed.notify();
    }
  }

  get #busy(): boolean {
    return this.#written || this.#ports.inFlight() > 0;
  }

  /**
   * The header allows our writes to go so far beyond now. Where nobody knows how late that is it can be said
   * `behind` a write alone: ahead of it the disk's old time would be over before the next beat. False then.
   */
  *#extend(behind: boolean): Task<boolean> {
    // Behind a write the beat before has written the log, a period ago: that is late enough, and no write more.
    const now = yield* this.#ports.now(!behind);
    const disk = yield* this.#ports.identity();
    this.#ahead = now !== undefined && now.device === disk.device && NUMBER.test(now.changed);
    if (!this.#ahead && !behind) return false;
    const known = this.#ahead && now !== undefined && isLater(now.changed, disk.changed);
    const latest = known ? now.changed : disk.changed;
    const changed = NUMBER.test(latest) ? String(BigInt(latest) + LEASE) : latest;
    // Also where it says so already: the next beat goes by the time of this writing.
    yield* this.#ports.say({ ...disk, changed });
    return true;
  }

  /**
   * The header says the exact time: nothing is in flight, and from this step on who writes waits until it is
   * allowed again.
   */
  *#rest(): Task<void> {
    this.#asked = false;
    this.#allowed = !this.#ahead;
    const disk = yield* this.#ports.identity();
    if (disk.changed !== this.#ports.said().changed) yield* this.#ports.say(disk);
  }
}

/** True when a disk that is found with time of change `found` cannot have it by writes up to `said`. */
export function isLater(found: string, said: string): boolean {
  if (!NUMBER.test(found) || !NUMBER.test(said)) return found !== said;
  return BigInt(found) > BigInt(said);
}
