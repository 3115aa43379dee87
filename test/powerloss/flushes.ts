/**
 * Asks the real adapters for flushes, one after the other, below the folder of its argument. A program of
 * its own, so that its calls of the kernel can be counted.
 *
 * @module
 */

import type { Task } from "../../engine/core/runtime/task.ts";
import { openFolder } from "../../engine/host/folder.ts";
import { run } from "./stage.ts";

function* flushes(path: string): Task<void> {
  const folder = openFolder(path);
  const disk = yield* folder.createDisk("disk", 65_536);
  const file = yield* folder.open("file", { create: true });
  for (let round = 0; round < 2; round++) {
    yield* disk.write(round * 4096, new Uint8Array(4096).fill(1));
    yield* disk.flush();
    yield* file.write(round * 100, new Uint8Array(100).fill(1));
    yield* file.flush();
    yield* folder.rename(round === 0 ? "file" : "other", round === 0 ? "other" : "file");
    yield* folder.flush();
  }
  yield* disk.identity({ lasting: true });
  yield* disk.close();
  yield* file.close();
}

await run(flushes(Deno.args[0] as string));
