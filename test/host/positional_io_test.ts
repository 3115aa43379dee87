/**
 * Positional I/O here and on other threads.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import type { Task } from "../../engine/core/runtime/task.ts";
import { all } from "../../engine/core/runtime/together.ts";
import { errorName } from "../../engine/host/os_failure.ts";
import { PositionalIo } from "../../engine/host/positional_io.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";
import { linux, testWithNeeds } from "../needs.ts";

const MiB = 1024 * 1024;
/** Every call counts as slow. */
const SLOW = -1000;

async function withFile(work: (descriptor: number) => Task<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  const descriptor = fs.openSync(path, "r+");
  try {
    await runTask(realLoop(), work(descriptor));
  } finally {
    fs.closeSync(descriptor);
    await Deno.remove(path);
  }
}

for (const [where, quickCall] of [["here", 1000], ["on another thread", SLOW]] as const) {
  Deno.test(`calls ${where} read and write whole ranges, however large`, () =>
    withFile(function* (descriptor) {
      const io = new PositionalIo(descriptor, quickCall);
      const bytes = new Uint8Array(3 * MiB + 777);
      for (let at = 0; at < bytes.length; at += 65_536) {
        crypto.getRandomValues(bytes.subarray(at, at + 65_536));
      }
      yield* io.write(bytes, 513);
      const back = new Uint8Array(bytes.length);
      assert.equal(yield* io.read(back, 513), bytes.length);
      assert.deepEqual(back, bytes);
      assert.equal(yield* io.read(back, 3 * MiB), 777 + 513, "short at the end alone");
      assert.equal(yield* io.read(back, 5 * MiB), 0);
    }));

  Deno.test(`many calls ${where} at once do not mix`, () =>
    withFile(function* (descriptor) {
      const io = new PositionalIo(descriptor, quickCall);
      const blocks = Array.from({ length: 64 }, (_, at) => new Uint8Array(4096).fill(at + 1));
      yield* all("write", blocks.map((block, at) => io.write(block, at * 4096)));
      yield* all(
        "read",
        blocks.map(function* (block, at): Task<void> {
          const back = new Uint8Array(4096);
          assert.equal(yield* io.read(back, at * 4096), 4096);
          assert.deepEqual(back, block);
        }),
      );
    }));
}

testWithNeeds(
  { name: "a write that fails on another thread still says why", needs: [linux] },
  () =>
    runTask(
      realLoop(),
      (function* (): Task<void> {
        const descriptor = fs.openSync("/dev/full", "r+");
        try {
          const io = new PositionalIo(descriptor, SLOW);
          const name = yield* errorOf(io.write(new Uint8Array(4096), 0));
          assert.equal(name, "ENOSPC");
          assert.equal(yield* errorOf(io.write(new Uint8Array(4096), 0)), "ENOSPC");
        } finally {
          fs.closeSync(descriptor);
        }
      })(),
    ),
);

Deno.test("a task that reads without end lets timers in", () =>
  withFile(function* (descriptor) {
    const io = new PositionalIo(descriptor, 1000);
    const block = new Uint8Array(4096);
    yield* io.write(block, 0);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const end = performance.now() + 100;
    while (performance.now() < end) yield* io.read(block, 0);
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks in 100 ms`);
  }));

function* errorOf(task: Task<unknown>): Task<string> {
  try {
    yield* task;
  } catch (error) {
    return errorName(error);
  }
  return "nothing";
}
