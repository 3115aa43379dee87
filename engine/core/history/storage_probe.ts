/**
 * A look whether storage that has refused takes data again, at the cost of one small file.
 *
 * @module
 */

import { KiB } from "../base/units.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/** The file that is written for nothing. */
const PROBE = "probe";

/**
 * Writes a small file in `folder`, flushes it and removes it; throws what fails. A crash leaves the file, which means
 * nothing and is written over by the next look.
 */
export function* tryStorage(folder: Folder): Task<void> {
  const file = yield* folder.open(PROBE, { create: true, truncate: true });
  try {
    yield* file.write(0, new Uint8Array(4 * KiB));
    yield* file.flush();
  } finally {
    yield* file.close();
    yield* folder.remove(PROBE);
  }
}
