/**
 * The watch over requests to disks and files: one that is not answered for longer than any honest device
 * takes is given up, and with it everything that was asked of the same handle (E2).
 *
 * Whoever waits is told so; the request itself stays with the kernel, which may still do it. So a handle is
 * failed whole and never used again, and the memory of a request that was given up belongs to the kernel.
 *
 * Time is counted in ticks of this process, so that a pause of all of it is not taken for the disk's. No
 * clock runs while nothing waits.
 *
 * @module
 */

import { Failed, localFailure } from "../base/failure.ts";
import { DISK_REQUEST_MAX, DISK_REQUEST_TICK } from "../base/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Token } from "../runtime/loop.ts";
import type { Scope } from "../runtime/scope.ts";
import { Line, type Member } from "../runtime/line.ts";
import type { Cancel, Task, Wait } from "../runtime/task.ts";

/** Watches the requests of one server. */
export class RequestWatch {
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #waiting = new Line<Request<unknown>>();
  #tick = 0;
  #running = false;

  /** Its clock runs in `scope`; once that ends, nothing is given up any more. */
  constructor(clock: Clock, scope: Scope) {
    this.#clock = clock;
    this.#scope = scope;
  }

  /** For `Request` alone: it waits from now on. */
  enter(request: Request<unknown>): number {
    this.#waiting.add(request);
    if (!this.#running && !this.#scope.closed) {
      this.#running = true;
      this.#scope.spawn("requests", this.#run());
    }
    return this.#tick;
  }

  /** For `Request` alone: it waits no more. */
  leave(request: Request<unknown>): void {
    this.#waiting.delete(request);
  }

  *#run(): Task<void> {
    try {
      while (this.#waiting.size > 0) {
        yield* this.#clock.sleep(DISK_REQUEST_TICK);
        this.#tick++;
        this.#look();
      }
    } finally {
      this.#running = false;
    }
  }

  #look(): void {
    for (const request of this.#waiting.all()) {
      // The tick in which it came was not a whole one.
      if ((this.#tick - request.since - 1) * DISK_REQUEST_TICK < request.most) continue;
      const { handle } = request;
      handle.fail(request);
      for (const other of this.#waiting.all()) {
        if (other.handle === handle && (handle.whole || other === request)) other.giveUp();
      }
    }
  }
}

/** One handle: a disk, a file or a folder as this process has it open. */
export class WatchedHandle {
  /** Why nothing more is asked of it; `undefined` while it answers. */
  failure: Failed | undefined;
  /** For messages. */
  readonly name: string;
  /** Whether one request that is given up fails the handle. */
  readonly whole: boolean;
  readonly #watch: RequestWatch;

  constructor(watch: RequestWatch, name: string, whole: boolean) {
    this.#watch = watch;
    this.name = name;
    this.whole = whole;
  }

  /** Runs `work`, which does `what` at byte `at` where there is one, for at most `most` µs. */
  ask<T>(what: string, at: number, work: Task<T>, most = DISK_REQUEST_MAX): Task<T> {
    // All of a generator but its iterator helpers, which no task uses.
    return new Request<T>(this.#watch, this, what, at, work, most) as unknown as Task<T>;
  }

  /** For the watch alone: `request` was not answered. */
  fail({ what, at, most }: Request<unknown>): void {
    if (!this.whole) return;
    const place = at < 0 ? "" : ` at offset ${at}`;
    this.failure ??= localFailure(
      "disk-failed",
      `"${this.name}" did not ${what}${place} within ${
        most / 1_000_000
      } s: it is not used any more`,
      "Repair its storage, then restart the service",
    );
  }
}

/**
 * One request on its way: what a generator around its work would be, and the wait that its task waits
 * for. A request that is answered at once is never watched.
 */
class Request<T> implements Wait, Member {
  readonly handle: WatchedHandle;
  readonly what: string;
  readonly at: number;
  /** How long it may wait, µs. */
  readonly most: number;
  /** The tick in which it began to wait; -1 before. */
  since = -1;
  /** See `Member`: its place among those that wait. */
  place = -1;
  readonly #watch: RequestWatch;
  readonly #work: Task<T>;
  #wait: Wait | undefined;
  #token: Token | undefined;
  #lost: Failed | undefined;

  constructor(
    watch: RequestWatch,
    handle: WatchedHandle,
    what: string,
    at: number,
    work: Task<T>,
    most: number,
  ) {
    this.#watch = watch;
    this.handle = handle;
    this.what = what;
    this.at = at;
    this.#work = work;
    this.most = most;
  }

  /** As of a generator. */
  next(value?: unknown): IteratorResult<Wait, T> {
    if (this.since < 0 && this.handle.failure !== undefined) throw this.handle.failure;
    try {
      return this.#go(this.#work.next(value));
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** As of a generator; work that was given up is left where it stands, for the kernel still has it. */
  throw(error: unknown): IteratorResult<Wait, T> {
    if (this.#lost !== undefined) throw error;
    try {
      return this.#go(this.#work.throw(error));
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
  }

  /** As of a generator: it is left where it stands. */
  return(value: T): IteratorResult<Wait, T> {
    this.#end();
    return this.#work.return(value);
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** For the loop alone. */
  begin(token: Token): Cancel | undefined {
    this.#token = token;
    return (this.#wait as Wait).begin(token);
  }

  /** For the watch alone: whoever waits is told that no answer comes; a late one is ignored (E1). */
  giveUp(): void {
    const { failure, name } = this.handle;
    const message = failure?.failure.message ?? `"${name}" did not ${this.what} in time`;
    const { action } = (failure ?? localFailure("timed-out", "", "Look at its storage")).failure;
    this.#lost = localFailure("timed-out", message, action);
    this.#end();
    this.#token?.fail(this.#lost);
  }

  #go(step: IteratorResult<Wait, T>): IteratorResult<Wait, T> {
    if (step.done === true) {
      this.#end();
      return step;
    }
    this.#wait = step.value;
    if (this.since < 0) this.since = this.#watch.enter(this as Request<unknown>);
    return { done: false, value: this };
  }

  #end(): void {
    if (this.since >= 0) this.#watch.leave(this as Request<unknown>);
  }
}
