/**
 * What each command does, through a real socket.
 *
 * @module
 */

import assert from "node:assert/strict";

import { localFailure } from "../../../engine/core/base/failure.ts";
import { KiB, MiB } from "../../../engine/core/base/units.ts";
import { CMD, CMD_FLAG, PAYLOAD_MAX, STATE } from "../../../engine/host/nbd/protocol.ts";
import { IntoDisk, MemoryDisk } from "./memory_disk.ts";
import { openRaw, rawRequest } from "./raw.ts";
import { exportOf, Serving } from "./serving.ts";

const HOLE = STATE.HOLE | STATE.ZERO;

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + seed * 7 + (at >> 8)) & 255;
  return bytes;
}

for (const Disk of [MemoryDisk, IntoDisk]) {
  Deno.test(`what is written is read, at any length and many at once (${Disk.name})`, async () => {
    const disk = new Disk(64 * MiB);
    await using serving = await Serving.start({ "VM/0": exportOf(disk) });
    const client = await serving.connect();
    const lengths = [1, 511, 4096, 65_536, 65_537, 300_000, 2 * MiB, 5 * MiB];
    let at = 3;
    const work = lengths.map((length, seed) => {
      const place = at;
      at += length + 13;
      return { at: place, data: pattern(length, seed) };
    });
    await Promise.all(work.map(({ at, data }) => client.write(at, data)));
    for (const { at, data } of work) {
      assert.deepEqual(disk.bytes.subarray(at, at + data.length), data);
    }
    const read = await Promise.all(work.map(({ at, data }) => client.read(at, data.length)));
    for (const [index, data] of read.entries()) assert.deepEqual(data, work[index]!.data);
    await client.disconnect();
  });

  Deno.test(`requests that wait end in any order with their own data (${Disk.name})`, async () => {
    const disk = new Disk(8 * MiB);
    disk.bytes.set(pattern(8 * MiB, 1));
    await using serving = await Serving.start({ "VM/0": exportOf(disk) });
    const client = await serving.connect();
    disk.holds = (_, at) => at % 8192 === 0;
    const places = Array.from({ length: 100 }, (_, index) => index * 4096);
    const reads = places.map((at) => client.read(at, 4096));
    await disk.untilHeld(50);
    const writes = places.map((at) => client.write(4 * MiB + at, pattern(4096, at)));
    await disk.untilHeld(100);
    for (const call of disk.held.splice(0).reverse()) call.release();
    for (const [index, data] of (await Promise.all(reads)).entries()) {
      assert.deepEqual(data, disk.bytes.slice(places[index]!, places[index]! + 4096));
    }
    await Promise.all(writes);
    for (const at of places) {
      assert.deepEqual(disk.bytes.slice(4 * MiB + at, 4 * MiB + at + 4096), pattern(4096, at));
    }
  });

  Deno.test(`a failed read is told by its error and text (${Disk.name})`, async () => {
    const disk = new Disk(1 * MiB);
    await using serving = await Serving.start({ "VM/0": exportOf(disk) });
    const client = await serving.connect();
    disk.failing.set("read", localFailure("latent-sector", "Cannot read block 7", "Try again"));
    await assert.rejects(client.read(0, 4096), /EIO.*Cannot read block 7/);
    disk.failing.clear();
    disk.holds = () => true;
    const read = client.read(0, 4096);
    await disk.untilHeld();
    disk.releaseAll(localFailure("io-error", "gone", "Try again"));
    await assert.rejects(read, /EIO/);
    disk.holds = () => false;
    assert.equal((await client.read(0, 4096)).length, 4096);
  });
}

Deno.test("each failure has NBD's number for it", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  const cases = [["no-space", /ENOSPC/], ["read-only", /EPERM/], ["disk-failed", /EIO/], [
    "wrong-state",
    /ESHUTDOWN/,
  ]] as const;
  for (const [code, expected] of cases) {
    disk.failing.set("write", localFailure(code, "x", "Try again"));
    disk.failing.set("flush", localFailure(code, "x", "Try again"));
    await assert.rejects(client.write(0, new Uint8Array(8)), expected);
    await assert.rejects(client.flush(), expected);
  }
});

Deno.test("requests outside of the export are refused and change nothing", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  await assert.rejects(client.read(1 * MiB - 1, 2), /EINVAL/);
  await assert.rejects(client.read(2 ** 63, 1), /EINVAL/);
  await assert.rejects(client.write(1 * MiB, new Uint8Array(1)), /ENOSPC/);
  await assert.rejects(client.zero(512 * KiB, 1 * MiB), /ENOSPC/);
  await assert.rejects(client.trim(2 ** 53, 1 * MiB), /EINVAL/);
  await assert.rejects(client.blockStatus(0, 0), /EINVAL/);
  await assert.rejects(client.command(99, 0, 0, 1), /EINVAL/);
  await assert.rejects(client.command(CMD.FLUSH, 0x4000, 0, 0), /EINVAL/);
  assert.deepEqual(disk.log, []);
  await client.flush();
});

Deno.test("a read or write over 32 MiB is refused and the connection goes on", async () => {
  const disk = new MemoryDisk(48 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  const tooLong = PAYLOAD_MAX + 1;
  await assert.rejects(client.command(CMD.READ, 0, 0, tooLong), /EINVAL/);
  await assert.rejects(client.command(CMD.READ, CMD_FLAG.DF, 0, tooLong), /EOVERFLOW/);
  await assert.rejects(client.write(0, new Uint8Array(tooLong)), /EINVAL/);
  assert.deepEqual(disk.log, []);
  await client.write(0, pattern(PAYLOAD_MAX, 3));
  assert.deepEqual(await client.read(0, PAYLOAD_MAX), pattern(PAYLOAD_MAX, 3));
});

Deno.test("requests of no length are done", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  assert.equal((await client.read(5, 0)).length, 0);
  await client.write(5, new Uint8Array(0));
  await client.trim(5, 0);
  await client.zero(5, 0, { noHole: true });
});

Deno.test("a read-only export refuses changes with EPERM", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk, { readOnly: true }) });
  const client = await serving.connect();
  assert.equal(client.readOnly, true);
  await assert.rejects(client.write(0, new Uint8Array(1)), /EPERM/);
  await assert.rejects(client.trim(0, 4096), /EPERM/);
  await assert.rejects(client.zero(0, 4096), /EPERM/);
  assert.deepEqual(disk.log, []);
  await client.read(0, 4096);
  await client.flush();
});

Deno.test("TRIM and WRITE_ZEROES reach as far as the export", async () => {
  const size = 3 * 1024 * MiB;
  const disk = new MemoryDisk(1 * MiB);
  Object.defineProperty(disk, "size", { value: size });
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  await client.trim(0, size);
  await client.zero(4096, size - 4096);
  assert.deepEqual(disk.log, [`zero 0+${size}`, `zero 4096+${size - 4096}`]);
});

Deno.test("NO_HOLE writes zeros where the disk cannot keep space", async () => {
  const disk = new MemoryDisk(20 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  await client.write(0, pattern(20 * MiB, 1));
  await client.zero(1 * MiB, 17 * MiB + 5, { noHole: true });
  assert.equal(disk.log.filter((call) => call.startsWith("zero")).length, 0);
  assert.deepEqual(disk.bytes.slice(1 * MiB, 18 * MiB + 5), new Uint8Array(17 * MiB + 5));
  assert.deepEqual(await client.blockStatus(0, 20 * MiB), [{ length: 20 * MiB, state: 0 }]);
  await assert.rejects(client.zero(0, 4096, { noHole: true, fast: true }), /ENOTSUP/);
  await client.zero(0, 4096, { fast: true });
});

Deno.test("a disk that is slow at zeroing says so", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk, { fastZero: false }) });
  const client = await serving.connect();
  await assert.rejects(client.zero(0, 4096, { fast: true }), /ENOTSUP/);
  await client.zero(0, 4096);
});

Deno.test("BLOCK_STATUS tells data from holes, bounded by what was asked", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  assert.deepEqual(await client.blockStatus(0, 1 * MiB), [{ length: 1 * MiB, state: HOLE }]);
  await client.write(8192, pattern(4096, 1));
  assert.deepEqual(await client.blockStatus(0, 64 * KiB), [
    { length: 8192, state: HOLE },
    { length: 4096, state: 0 },
    { length: 64 * KiB - 12_288, state: HOLE },
  ]);
  assert.deepEqual(await client.blockStatus(100, 64 * KiB, true), [{ length: 8092, state: HOLE }]);
  assert.deepEqual(await client.blockStatus(8200, 16, true), [{ length: 16, state: 0 }]);
});

Deno.test("CACHE is done without touching the disk", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  await client.cache(0, 1 * MiB);
  await assert.rejects(client.cache(1, 1 * MiB), /EINVAL/);
  assert.deepEqual(disk.log, []);
});

Deno.test("a client that takes no replies is not read from beyond its bound (E6)", async () => {
  const disk = new IntoDisk(32 * MiB);
  const exports = { "VM/0": exportOf(disk), "VM/1": exportOf(new MemoryDisk(1 * MiB)) };
  await using serving = await Serving.start(exports);
  using stalled = await Deno.connect({ transport: "unix", path: serving.socket });
  await openRaw(stalled, "VM/0");
  for (let cookie = 0; cookie < 200; cookie++) {
    await stalled.write(rawRequest({ type: CMD.READ, cookie, length: 8 * MiB }));
  }
  const other = await serving.connect("VM/1");
  while (disk.log.length < 8) await other.read(0, 1);
  // Nothing holds the server up now but the bound.
  for (let round = 0; round < 100; round++) await other.read(0, 1);
  assert.ok(disk.log.length <= 9, `${disk.log.length} reads of 8 MiB were begun`);
});

Deno.test("writes that wait are not received beyond their bound (E6)", async () => {
  const disk = new MemoryDisk(32 * MiB);
  const exports = { "VM/0": exportOf(disk), "VM/1": exportOf(new MemoryDisk(1 * MiB)) };
  await using serving = await Serving.start(exports);
  const client = await serving.connect("VM/0");
  const other = await serving.connect("VM/1");
  disk.holds = (kind) => kind === "write";
  const writes = Array.from({ length: 40 }, (_, seed) => client.write(0, pattern(8 * MiB, seed)));
  await disk.untilHeld(4);
  for (let round = 0; round < 100; round++) await other.read(0, 1);
  assert.ok(disk.held.length <= 9, `${disk.held.length} writes of 8 MiB were begun`);
  disk.holds = () => false;
  disk.releaseAll();
  await Promise.all(writes);
});
