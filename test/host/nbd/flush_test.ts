/**
 * Flushes: when they happen, and whom they hold up.
 *
 * @module
 */

import assert from "node:assert/strict";

import { localFailure } from "../../../engine/core/base/failure.ts";
import { MiB } from "../../../engine/core/base/units.ts";
import { nbdUri } from "../../../engine/host/nbd/uri.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { exportOf, Serving } from "./serving.ts";

const data = new Uint8Array(4096).fill(7);
const loopback = { tcp: { hostname: "127.0.0.1", port: 0 } };

Deno.test("a flush does not stall the reads and writes behind it (N3)", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  disk.holds = (kind) => kind === "flush";
  let flushed = false;
  const flush = client.flush().then(() => flushed = true);
  await disk.untilHeld();
  for (let index = 0; index < 50; index++) {
    await client.write(index * 4096, data);
    assert.deepEqual(await client.read(index * 4096, 4096), data);
  }
  assert.equal(flushed, false);
  disk.releaseAll();
  await flush;
});

Deno.test("a flush begins after the writes that were acknowledged before it", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  await client.write(0, data);
  await client.flush();
  assert.deepEqual(disk.log, ["write 0+4096", "flush"]);
});

Deno.test("FUA flushes after the change and before its reply", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  disk.holds = (kind) => kind === "flush";
  let done = false;
  const write = client.write(0, data, { fua: true }).then(() => done = true);
  await disk.untilHeld();
  await client.read(0, 1);
  assert.equal(done, false);
  disk.releaseAll();
  await write;
  disk.holds = () => false;
  await client.trim(0, 4096, { fua: true });
  await client.zero(0, 4096, { fua: true });
  assert.deepEqual(disk.log.filter((call) => !call.startsWith("read")), [
    "write 0+4096",
    "flush",
    "zero 0+4096",
    "flush",
    "zero 0+4096",
    "flush",
  ]);
});

Deno.test("a FUA write whose flush fails is not acknowledged", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  disk.failing.set("flush", localFailure("disk-failed", "no", "Try again"));
  await assert.rejects(client.write(0, data, { fua: true }), /EIO/);
});

Deno.test("what comes over TCP is written through, a Unix socket is not (N1)", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start(
    { "VM/0": exportOf(disk, { multiConn: true }) },
    loopback,
  );
  const remote = await serving.connectTo(nbdUri(serving.tcp, "VM/0"));
  await remote.write(0, data);
  await remote.trim(0, 4096);
  const local = await serving.connect();
  await local.write(0, data);
  assert.deepEqual(disk.log, ["write 0+4096", "flush", "zero 0+4096", "flush", "write 0+4096"]);
});

Deno.test("writing through can be chosen for each listener", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start(
    { "VM/0": exportOf(disk, { multiConn: true }) },
    { ...loopback, writeThrough: { unix: true, tcp: false } },
  );
  const remote = await serving.connectTo(nbdUri(serving.tcp, "VM/0"));
  await remote.write(0, data);
  const local = await serving.connect();
  await local.write(0, data);
  assert.deepEqual(disk.log, ["write 0+4096", "write 0+4096", "flush"]);
});
