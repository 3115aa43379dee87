/**
 * What all machines share of a server that sends: bandwidth, to everybody and to one replica server, and how many
 * initial replications go on at once.
 *
 * Rule: the limits hold across reconnects, for buckets are made once; another limit holds at once.
 *
 * @module
 */

import { TRANSFERS_BOUND } from "../base/limits.ts";
import type { Clock } from "../ports/clock.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { inTurn, SharedThrottle } from "../wire/shared_throttle.ts";
import type { Throttle } from "../wire/throttle.ts";

/** Limits of one server; 0 for none. */
export interface OutgoingLimits {
  /** Bytes per second to all replica servers. */
  readonly bandwidth: number;
  /** Bytes per second by address. */
  readonly bandwidthTo: Readonly<Record<string, number>>;
  /** Transfers at once. */
  readonly transfersMax: number;
}

/** What the machines of one server share. */
export class Outgoing {
  readonly #clock: Pick<Clock, "now" | "sleep">;
  readonly #all: SharedThrottle;
  /** By address: those that have a limit, or had one. */
  readonly #to = new Map<string, SharedThrottle>();
  readonly #changed = new Signal();
  #transfersMax = TRANSFERS_BOUND;
  #transfers = 0;
  /** Those that wait, in the order of asking. */
  readonly #line: object[] = [];

  constructor(clock: Pick<Clock, "now" | "sleep">) {
    this.#clock = clock;
    this.#all = new SharedThrottle(clock, 0);
  }

  /** Other limits from now on, also for what is under way. */
  limit({ bandwidth, bandwidthTo, transfersMax }: OutgoingLimits): void {
    this.#all.limit(bandwidth);
    for (const [address, throttle] of this.#to) throttle.limit(bandwidthTo[address] ?? 0);
    for (const [address, rate] of Object.entries(bandwidthTo)) this.#shared(address).limit(rate);
    this.#transfersMax = transfersMax === 0 ? TRANSFERS_BOUND : transfersMax;
    this.#changed.notify();
  }

  /** The share of one machine in what goes to `address`. */
  flow(address: string): Throttle {
    return inTurn([this.#shared(address).flow(), this.#all.flow()]);
  }

  #shared(address: string): SharedThrottle {
    let shared = this.#to.get(address);
    if (shared === undefined) {
      shared = new SharedThrottle(this.#clock, 0);
      this.#to.set(address, shared);
    }
    return shared;
  }

  /** Runs `task`, which moves a whole disk or much of it, when there is a place for it. */
  *transfer<T>(task: Task<T>): Task<T> {
    const ticket = {};
    this.#line.push(ticket);
    try {
      yield* this.#changed.until(() =>
        this.#line[0] === ticket && this.#transfers < this.#transfersMax
      );
      this.#transfers++;
    } finally {
      this.#line.splice(this.#line.indexOf(ticket), 1);
      this.#changed.notify();
    }
    try {
      return yield* task;
    } finally {
      this.#transfers--;
      this.#changed.notify();
    }
  }
}
