/**
 * A flush whose asker was cancelled says nothing about the disk.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import type { Run } from "../../engine/core/runtime/loop.ts";
import { ended } from "../../engine/core/runtime/scope.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { openDisk } from "../../engine/host/disk.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";

Deno.test("a disk whose flush was cancelled goes on (E2, T10)", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "bad-input-" });
  const loop = realLoop();
  function* story(): Task<void> {
    const disk = openDisk(`${folder}/disk.img`, { create: 1 << 20 });
    yield* disk.write(0, new Uint8Array(4096).fill(1));
    const flush = loop.start("flush", disk.flush());
    const other = loop.start("other", disk.flush());
    // Both begin in their turn behind this; the first is cancelled before the device can have answered.
    const cancel = loop.start("cancel", interrupt(flush));
    for (const run of [cancel, flush, other]) yield* ended(run);
    assert.ok(flush.outcome?.ok === false && isFailed(flush.outcome.error, "cancelled"));
    assert.equal(other.outcome?.ok, true);
    yield* disk.flush();
    yield* disk.close();
  }
  await runTask(loop, story());
  Deno.removeSync(folder, { recursive: true });
});

// deno-lint-ignore require-yield
function* interrupt(run: Run<void>): Task<void> {
  run.interrupt();
}
