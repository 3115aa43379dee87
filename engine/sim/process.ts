/**
 * One process on a host: an incarnation with its own loop, and the operations it has in the kernel.
 *
 * Rule (E3): a dead process runs nothing and starts nothing; only what was in the kernel lands.
 *
 * @module
 */

import { AssertionError } from "../core/base/assert.ts";
import { Line, type Member } from "../core/runtime/line.ts";
import { Loop, type Token } from "../core/runtime/loop.ts";
import { Scope } from "../core/runtime/scope.ts";
import { suspend, type Task, type Wait } from "../core/runtime/task.ts";
import type { SimEvent } from "./event_queue.ts";
import type { SimHost } from "./host.ts";
import type { EventKind } from "./trace.ts";
import { EVENT } from "./trace.ts";

/** What a call does in the kernel. */
export interface Job<T> {
  /** For the trace. */
  readonly kind: EventKind;
  /** For the trace. */
  readonly payload?: number;
  /** How long it takes, µs. */
  readonly delay: number;
  /** Until when the device stands still, µs of world time; looked at when the delay is over. */
  stalledUntil?(): number;
  /** Does it; a thrown `Failed` is the call's failure. */
  perform(): T;
  /** It is in the kernel. */
  enter?(): void;
  /** It is not any more: about to be done, taken back, or about to be abandoned. */
  leave?(): void;
  /** Cannot be taken back: a cancelled task waits for it (E2). */
  readonly binding?: boolean;
  /** Gives back a result that nobody will see. */
  undo?(result: T): void;
  /** The process died while this was in the kernel: does all, nothing, or with `torn` a part. */
  abandon?(torn: boolean): void;
}

/** A process. */
export class SimProcess {
  /** Where it runs. */
  readonly host: SimHost;
  /** Its loop. */
  readonly loop: Loop;
  /** The scope of its main task. */
  readonly scope: Scope;
  /** Counts the processes of its host, from 1. */
  readonly incarnation: number;
  /** World time at its start, µs. */
  readonly started: number;
  /** What `now()` said at its start, µs. */
  readonly origin: number;
  /** Why its main task ended, if it failed. */
  failure: Error | undefined;
  /** What is to be given back when it dies: locks, connections, listeners. */
  readonly holdings = new Set<() => void>();
  readonly #inKernel = new Line<InKernel>();
  #alive = true;
  #drainDue: SimEvent | undefined;

  /** Made by `SimHost.start` alone. */
  constructor(host: SimHost, incarnation: number, origin: number) {
    this.host = host;
    this.incarnation = incarnation;
    this.started = host.world.now;
    this.origin = origin;
    this.loop = new Loop(() => this.#woken(), (error, task) => this.#panic(error, task));
    this.scope = new Scope(this.loop, host.name, (error) => this.#exit(error));
  }

  /** False once it was killed, panicked or ended. */
  get alive(): boolean {
    return this.#alive;
  }

  #woken(): void {
    const { host } = this;
    if (host.lag === 0) host.world.wake(this);
    else {
      this.#drainDue = host.world.schedule(
        host.lag,
        () => this.drain(),
        host.actor,
        EVENT.process,
      );
    }
  }

  /** For the world: runs what is runnable, unless the host stands still. */
  drain(): void {
    if (!this.#alive) return;
    if (this.host.paused) this.host.drainOnResume(this);
    else this.loop.drain();
  }

  #panic(error: Error, task: string): void {
    if (!this.#alive) return;
    const { host } = this;
    const where = error instanceof AssertionError ? "assertion" : error.name;
    host.world.violate(
      "engine-panic",
      `${host.name}: ${task}: ${where}: ${error.message}\n${error.stack ?? ""}`,
    );
    host.kill();
  }

  #exit(error: Error): void {
    this.failure ??= error;
    this.host.kill();
  }

  /** Ends the process where it stands. `torn`: of what is in the kernel any part may be done. */
  die(torn: boolean): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.loop.kill();
    const { world } = this.host;
    if (this.#drainDue !== undefined) world.cancel(this.#drainDue);
    for (const call of this.#inKernel.all()) call.abandon(torn);
    this.#inKernel.clear();
    for (const giveBack of [...this.holdings]) giveBack();
    this.holdings.clear();
  }

  /** A port call that does `job`. */
  call<T>(job: Job<T>): Task<T> {
    return suspend<T>(new Call(this, job));
  }

  /** For `Call`: it is in the kernel. */
  enter(call: InKernel): void {
    this.#inKernel.add(call);
  }

  /** For `Call`: it is not in the kernel any more. */
  leave(call: InKernel): void {
    this.#inKernel.delete(call);
  }
}

/** Something the kernel is about to do for a process. */
interface InKernel extends Member {
  abandon(torn: boolean): void;
}

/** A call on its way through the kernel. */
class Call<T> implements Wait, InKernel {
  /** See `Member`: its place among what is in the kernel for its process. */
  place = -1;
  readonly #process: SimProcess;
  readonly #job: Job<T>;
  #event: SimEvent | undefined;
  #token: Token | undefined;
  #number = 0;
  #result: T | undefined;
  #finished = false;

  constructor(process: SimProcess, job: Job<T>) {
    this.#process = process;
    this.#job = job;
  }

  begin(token: Token): (() => void) | undefined {
    const process = this.#process;
    const { host } = process;
    if (!process.alive) return undefined;
    this.#token = token;
    this.#number = ++host.calls;
    this.#countAmong();
    const plan = host.crashPlan;
    if (plan !== undefined && plan.call === this.#number && plan.when !== "after") {
      if (plan.when === "torn") this.#job.abandon?.(true);
      host.crash(plan.how);
      return undefined;
    }
    process.enter(this);
    this.#job.enter?.();
    this.#event = this.#schedule(this.#job.delay);
    return this.#job.binding === true ? undefined : () => this.#takeBack();
  }

  /** Counts it among the calls of a kind at one of which the host is to crash. */
  #countAmong(): void {
    const { host } = this.#process;
    const among = host.crashAmong;
    if (among === undefined || among.kind !== this.#job.kind) return;
    const { left, when, how } = among;
    host.crashAmong = left > 1 ? { ...among, left: left - 1 } : undefined;
    if (left === 1) host.crashPlan = { call: this.#number, when, how };
  }

  #schedule(delay: number): SimEvent {
    const { host } = this.#process;
    return host.world.schedule(
      delay,
      () => this.#finish(),
      host.actor,
      this.#job.kind,
      this.#job.payload ?? 0,
    );
  }

  #takeBack(): void {
    const process = this.#process;
    if (this.#finished) {
      if (this.#result !== undefined) this.#job.undo?.(this.#result);
      return;
    }
    if (this.#event !== undefined) process.host.world.cancel(this.#event);
    process.leave(this);
    this.#job.leave?.();
  }

  #finish(): void {
    const process = this.#process;
    const { host } = process;
    const stalled = this.#job.stalledUntil?.() ?? 0;
    if (stalled > host.world.now) {
      this.#event = this.#schedule(stalled - host.world.now);
      return;
    }
    process.leave(this);
    this.#job.leave?.();
    this.#finished = true;
    const token = this.#token as Token;
    try {
      this.#result = this.#job.perform();
    } catch (error) {
      this.#after();
      token.fail(error as Error);
      return;
    }
    this.#after();
    token.resume(this.#result);
  }

  #after(): void {
    const { host } = this.#process;
    const plan = host.crashPlan;
    if (plan !== undefined && plan.call === this.#number) host.crash(plan.how);
  }

  abandon(torn: boolean): void {
    if (this.#event !== undefined) this.#process.host.world.cancel(this.#event);
    this.#job.leave?.();
    this.#job.abandon?.(torn);
  }
}
