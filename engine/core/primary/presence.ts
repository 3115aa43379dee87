/**
 * How a primary presents itself to its replica: a new incarnation for each conversation, durable before
 * it is told (L1).
 *
 * @module
 */

import { nextIncarnation, type Writer } from "../lineage/writer.ts";
import type { Entropy } from "../ports/clock.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { Incarnation } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";

/** One machine's primary as its replica knows it. */
export class Presence {
  #writer: Writer;
  /** The newest was presented and not answered yet: it is presented again. */
  #unanswered = false;
  /** The replica is bound to the newest. */
  #bound = false;
  #takingOver = false;
  /** Under which a point was staged last, in this process. */
  #proved: Incarnation | undefined;

  /** `writer` is what the machine's record has. */
  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** The incarnations as they are durable, newest first. */
  get writer(): Writer {
    return this.#writer;
  }

  /** True from the administrator's word that this copy is the one until the replica has answered it. */
  get takingOver(): boolean {
    return this.#takingOver;
  }

  /** This copy of the primary is the one: the replica is told so at the next opening. */
  takeOver(): void {
    this.#takingOver = true;
  }

  /** The incarnations to present; `save` makes them durable. */
  *present(entropy: Entropy, save: (writer: Writer) => Task<void>): Task<Writer> {
    if (this.#unanswered) return this.#writer;
    const writer = nextIncarnation(
      this.#writer,
      newIdentity<Incarnation>(entropy),
      this.#bound,
      this.#proved,
    );
    // Crash before: the replica knows nothing of it. After: it is one that was never presented.
    yield* save(writer);
    this.#writer = writer;
    this.#unanswered = true;
    this.#bound = false;
    return writer;
  }

  /** A point was staged: whoever did that holds the newest incarnation durably. */
  noteStaged(): void {
    this.#proved = this.#writer[0];
  }

  /** The replica has answered, and is bound to the newest incarnation. */
  noteBound(): void {
    this.#unanswered = false;
    this.#bound = true;
    this.#takingOver = false;
  }
}
