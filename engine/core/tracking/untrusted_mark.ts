/**
 * The mark that says: the `.hrl` of this disk missed writes; compare the whole disk (T7).
 *
 * Rule: a small file in a folder other than the `.hrl`'s, durable before anything goes on untracked,
 * removed only after a `.hrl` that holds the truth again is durable.
 *
 * @module
 */

import { encodeUtf8 } from "../base/utf8.ts";
import type { Task } from "../runtime/task.ts";
import type { TrackingOptions } from "./tracking_base.ts";

function nameOf(options: TrackingOptions): string {
  return `untrusted-${options.machine}-${options.disk}`;
}

/** Whether the mark is there. */
export function* isMarked(options: TrackingOptions): Task<boolean> {
  return (yield* options.marks.list()).includes(nameOf(options));
}

/** Makes the mark, durably: contents first, then the name. A crash before leaves the `.hrl` true. */
export function* mark(options: TrackingOptions, reason: string): Task<void> {
  const file = yield* options.marks.open(nameOf(options), { create: true });
  try {
    yield* file.write(0, encodeUtf8(`${reason}\n`));
    yield* file.flush();
  } finally {
    yield* file.close();
  }
  yield* options.marks.flush();
}

/** Removes the mark, durably. A crash before it is durable costs one more comparison. */
export function* unmark(options: TrackingOptions): Task<void> {
  yield* options.marks.remove(nameOf(options));
  yield* options.marks.flush();
}
