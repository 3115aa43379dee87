/**
 * Doing something while a guest is frozen, and proving that it was.
 *
 * Order: the mark `frozen` is durable, the guest is frozen, the work is done, the guest is thawed, the mark
 * goes. Only a thaw behind the work that says *held* proves that the guest was at rest all the time; nothing
 * else does. Whatever fails, once a freeze was asked for a thaw is: a freeze that failed, hung or was ended may
 * have frozen the guest all the same.
 *
 * What a crash leaves: before the mark nothing; behind it a guest that may be frozen, which the next start of
 * the server thaws (`CommandBook.thawLeft`); behind the thaw a mark, and so one thaw too many. A loss of power
 * takes the guest with it, if it ran on this host.
 *
 * A guest is frozen for at most the time that its command to freeze may take, the work, and the thaw. One whose
 * thaw fails is thawed again and again behind the work, which does not wait for that; health says so meanwhile.
 * So is one whose cycle was ended, by a change of role or a relationship's end, and whose thaw then failed.
 *
 * @module
 */

import { type Failed, type Failure, isFailed, localFailure } from "../base/failure.ts";
import { attempt, interrupted } from "../runtime/together.ts";
import type { Task } from "../runtime/task.ts";
import type { CommandBook } from "./command_book.ts";

/** What came of work on a guest that was to be frozen. */
export interface Rested<T> {
  readonly value: T;
  /** Why the guest was perhaps not at rest; `undefined` when it surely was. */
  readonly failure: Failure | undefined;
}

/**
 * Does `work` with the guest of `machine` frozen, and all the same when it cannot be. Throws what `work`
 * throws, the guest thawed.
 */
export function whileFrozen<T>(
  book: CommandBook,
  machine: string,
  work: Task<T>,
): Task<Rested<T>> {
  return book.freezing(machine).during(frozen(book, machine, work));
}

function* frozen<T>(
  book: CommandBook,
  machine: string,
  work: Task<T>,
): Task<Rested<T>> {
  const refused = yield* attempt(prepare(book, machine));
  if (refused !== undefined) return { value: yield* work, failure: refused };
  let failure: Failure | undefined;
  let done: { readonly value: T } | undefined;
  try {
    failure = yield* attempt(book.freeze(machine));
    // A guest that may be half frozen is not kept waiting for the cut.
    if (failure === undefined) done = { value: yield* work };
  } finally {
    const unproved = yield* thaw(book, machine);
    failure ??= unproved;
  }
  return { value: done === undefined ? yield* work : done.value, failure };
}

/** A guest that an earlier freeze may have left is thawed first: its thaw must not prove this one. */
function* prepare(book: CommandBook, machine: string): Task<void> {
  if (book.mayBeFrozen(machine)) {
    const failure = yield* thaw(book, machine);
    if (book.mayBeFrozen(machine) && failure !== undefined) throw asFailed(failure);
  }
  yield* book.markFrozen(machine);
}

function asFailed({ code, message, action }: Failure): Failed {
  return localFailure(code, message, action);
}

/**
 * Thaws; why the freeze proves nothing, `undefined` when it held. Throws only `cancelled`, where the stop came amid it:
 * on the way out of a stop a thaw that fails ends nothing.
 */
function* thaw(book: CommandBook, machine: string): Task<Failure | undefined> {
  try {
    if ((yield* book.thaw(machine)) === "held") return undefined;
    return localFailure(
      "hypervisor",
      `The guest of "${machine}" was not frozen any more when it was to be thawed`,
      "Look at its agent's log: something else thawed it, or it was frozen for too long",
    ).failure;
  } catch (error) {
    if (!isFailed(error)) throw error;
    // Also behind who was asked to stop: the server may go on without him, and no cycle come any more. What he has
    // waited for, and nobody was told of, costs one thaw too many.
    book.keepThawing(machine);
    if (error.code === "cancelled" && (yield* interrupted())) throw error;
    return error.failure;
  }
}
