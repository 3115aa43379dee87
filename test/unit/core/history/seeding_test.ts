/**
 * What a seed asks of its disks and of the codec: no digest twice, and no memory for what is durable.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ReplicaFiles } from "../../../../engine/core/history/replica_files.ts";
import { Seeding } from "../../../../engine/core/history/seeding.ts";
import { done, runNow } from "../../../../engine/core/runtime/task.ts";
import { TestLoop } from "../runtime/test_loop.ts";
import { loadKernel, simpleCodec } from "../../../../wasm/codec.ts";

const BLOCK = 4096;

function stage() {
  const calls: string[] = [];
  const note = (call: string) => {
    calls.push(call);
    return done(undefined);
  };
  const disk = {
    write: () => note("write"),
    flush: () => note("flush"),
    dropCached: () => note("drop"),
  };
  const codec = simpleCodec(loadKernel());
  const counted = {
    ...codec,
    setDigest: (at: number, bytes: Uint8Array, blockSize: number) => {
      calls.push("digest");
      return codec.setDigest(at, bytes, blockSize);
    },
  };
  const files = {
    state: { seed: "5", points: [] },
    disks: [disk],
    context: { sizes: [4 * BLOCK], blockSize: BLOCK, codec: counted },
  };
  return { calls, seeding: new Seeding(files as unknown as ReplicaFiles, true) };
}

Deno.test("what is durable leaves the host's memory, and not before", () => {
  const { calls, seeding } = stage();
  runNow(seeding.flush());
  assert.deepEqual(calls, ["flush", "drop"]);
});

Deno.test("content whose digest is known is not digested again", () => {
  for (const known of [true, false]) {
    const { calls, seeding } = stage();
    const content = new Uint8Array(BLOCK).fill(3);
    const checksum = loadKernel().checksum(content);
    const extent = {
      disk: 0,
      at: 0,
      length: BLOCK,
      kind: "raw",
      payload: content,
      checksum,
    } as const;
    const digest = known ? loadKernel().setDigest(0, content, BLOCK) : undefined;
    const loop = new TestLoop();
    loop.value(seeding.write(extent, content, digest));
    assert.deepEqual(calls.toSorted(), known ? ["write"] : ["digest", "write"]);
  }
});
