/**
 * Requests that were given up while the kernel has them (E2): their memory is never used again.
 *
 * @module
 */

import assert from "node:assert/strict";

import { localFailure } from "../../../engine/core/base/failure.ts";
import { MiB } from "../../../engine/core/base/units.ts";
import type { Task } from "../../../engine/core/runtime/task.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { exportOf, Serving } from "./serving.ts";

/** Keeps the memory that it was given, as a kernel does. */
class KeepingDisk extends MemoryDisk {
  readonly given: Uint8Array[] = [];

  *readInto(at: number, into: Uint8Array): Task<void> {
    this.given.push(into);
    into.set(yield* this.read(at, into.length));
  }

  override *write(at: number, data: Uint8Array): Task<void> {
    this.given.push(data);
    yield* super.write(at, data);
  }
}

for (const kind of ["read", "write"] as const) {
  Deno.test(`a ${kind} that was given up keeps its memory, and its client goes (E2)`, async () => {
    const disk = new KeepingDisk(1 * MiB);
    await using serving = await Serving.start({ "VM/0": exportOf(disk) });
    const client = await serving.connect();
    disk.holds = (called, at) => called === kind && at === 0;
    const lost = kind === "read"
      ? client.read(0, 8192)
      : client.write(0, new Uint8Array(8192).fill(1));
    await disk.untilHeld();
    disk.releaseAll(localFailure("timed-out", "The disk did not answer", "Try again"));
    await assert.rejects(lost);
    await assert.rejects(client.read(65_536, 4096), "the client was dropped");
    const memory = disk.given[0]!;
    const other = await serving.connect();
    for (let index = 1; index <= 64; index++) {
      await other.write(index * 8192, new Uint8Array(8192).fill(2));
      assert.equal((await other.read(index * 8192, 8192))[0], 2);
    }
    for (const used of disk.given.slice(1)) assert.notEqual(used.buffer, memory.buffer);
  });
}
