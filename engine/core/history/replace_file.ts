/**
 * Replacing a small file whole and durably.
 *
 * The new file is written beside the old one as `<name>.new`, flushed, renamed over it, and the folder flushed. A
 * crash before the rename leaves the old file, or none, and a stray `.new`, which the next replacement cuts to
 * nothing; a crash after it leaves the old or the new file, whole, until the folder's flush makes it the new one for
 * good.
 *
 * @module
 */

import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/** Puts `bytes` in the place of the file `name`; durable when it returns. */
export function* replaceFile(folder: Folder, name: string, bytes: Uint8Array): Task<void> {
  const file = yield* folder.open(`${name}.new`, { create: true, truncate: true });
  try {
    yield* file.write(0, bytes);
    yield* file.flush();
  } finally {
    yield* file.close();
  }
  yield* folder.rename(`${name}.new`, name);
  yield* folder.flush();
}
