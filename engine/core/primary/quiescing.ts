/**
 * When a cut is made with the guest at rest, and what came of it.
 *
 * An application-consistent point is made by the first cycle that begins when the chosen interval has passed, so by
 * the first one after a start of the server, or by one that was asked for. An attempt is an attempt, whatever comes of
 * it: a guest that cannot be frozen is not frozen again by every cycle. Its point is a crash-consistent one then, made
 * at its time all the same.
 *
 * @module
 */

import { type Failure, localFailure } from "../base/failure.ts";
import type { PointKind } from "../wire/point.ts";
import type { Ports } from "../ports/ports.ts";
import type { CommandBook } from "../relationship/command_book.ts";
import { whileFrozen } from "../relationship/freeze.ts";
import type { Task } from "../runtime/task.ts";

/** Application-consistent points of one machine. */
export class Quiescing {
  /** Points that were staged as application-consistent. */
  staged = 0;
  /** Attempts whose point is crash-consistent. */
  failed = 0;
  /** Wall time of the newest such point's cut, µs since 1970. */
  newest: number | undefined;
  /** Why the newest attempt failed; `undefined` when it succeeded. */
  failure: Failure | undefined;
  /** The next cut is to be such a point, whenever it is. */
  asked = false;
  readonly #ports: Ports;
  readonly #machine: string;
  readonly #commands: CommandBook;
  /** When the next one is due, by the monotonic clock. */
  #due = -Infinity;

  constructor(ports: Ports, machine: string, commands: CommandBook) {
    this.#ports = ports;
    this.#machine = machine;
    this.#commands = commands;
  }

  /** Makes a cut by `cut`, with the guest at rest where that is due; `interval` in µs, 0 for never. */
  *around<T>(
    interval: number,
    cut: Task<T>,
  ): Task<{ readonly value: T; readonly kind: PointKind }> {
    const { clock } = this.#ports;
    const due = this.asked || (interval > 0 && clock.now() >= this.#due);
    if (!due || !this.#commands.canFreeze(this.#machine)) {
      return { value: yield* cut, kind: "standard" };
    }
    this.asked = false;
    this.#due = clock.now() + interval;
    const { value, failure } = yield* whileFrozen(this.#commands, this.#machine, cut);
    if (failure !== undefined) {
      this.#fail(failure);
      return { value, kind: "standard" };
    }
    return { value, kind: "application-consistent" };
  }

  /** The point of a cut is staged. */
  noteStaged(kind: PointKind, cutAt: number): void {
    if (kind !== "application-consistent") return;
    this.staged++;
    this.newest = cutAt;
    this.failure = undefined;
  }

  /** What was cut with the guest at rest cannot be sent any more: its place takes a later cut. */
  noteLost(kind: PointKind): void {
    if (kind !== "application-consistent") return;
    const message = "The frozen view of the application-consistent cut was given up";
    this.#fail(localFailure("view-given-up", message, "Give the link more bandwidth").failure);
  }

  #fail(failure: Failure): void {
    this.failed++;
    this.failure = failure;
    this.#ports.observer.emit({ kind: "freeze-failed", machine: this.#machine, failure });
  }
}
