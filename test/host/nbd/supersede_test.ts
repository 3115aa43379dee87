/**
 * How a client loses its export: to a newer client, to a demotion, to the end of the server.
 *
 * @module
 */

import assert from "node:assert/strict";

import { isFailed } from "../../../engine/core/base/failure.ts";
import { KiB, MiB } from "../../../engine/core/base/units.ts";
import { CMD, EXPORT_FLAG } from "../../../engine/host/nbd/protocol.ts";
import { NbdClient } from "../../../engine/host/nbd/client.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { openRaw, rawRequest, sendAll } from "./raw.ts";
import { exportOf, Serving } from "./serving.ts";

const ones = new Uint8Array(4096).fill(1);
const twos = new Uint8Array(4096).fill(2);

function isLost(error: unknown): boolean {
  return isFailed(error, "connection-lost");
}

Deno.test("a newer client is served only when the older one's writes have ended (N2)", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const older = await serving.connect();
  disk.holds = (kind) => kind === "write";
  const orphan = older.write(0, ones);
  await disk.untilHeld();
  disk.holds = () => false;

  let served = false;
  const connecting = serving.connect().then((client) => {
    served = true;
    return client;
  });
  await assert.rejects(orphan, isLost);
  await older.closed;
  for (let round = 0; round < 20; round++) await NbdClient.list(serving.uri());
  assert.equal(served, false, "the newer client waits for the write in progress");
  assert.equal(disk.bytes[0], 0);

  disk.releaseAll();
  const newer = await connecting;
  assert.deepEqual(await newer.read(0, 4096), ones, "the write landed before the first read");
  await newer.write(0, twos);
  assert.deepEqual(disk.log, ["write 0+4096", "read 0+4096", "write 0+4096"]);
  assert.equal(serving.server.clients("VM/0"), 1);
});

Deno.test("what the older client sent and was not begun never lands (N2)", async () => {
  const disk = new MemoryDisk(64 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  using older = await Deno.connect({ transport: "unix", path: serving.socket });
  await openRaw(older, "VM/0");
  disk.holds = (kind) => kind === "write";
  // The last of them lies in the server's memory only in part, or still in the socket.
  const payload = new Uint8Array(100 * KiB).fill(1);
  const sending = (async () => {
    for (let index = 0; index < 600; index++) {
      const at = BigInt(index * payload.length);
      await sendAll(
        older,
        rawRequest({ type: CMD.WRITE, cookie: index, at, length: payload.length }),
      );
      await sendAll(older, payload);
    }
  })();
  sending.catch(() => {});
  await disk.untilHeld(100);
  const connecting = serving.connect();
  while (serving.server.clients("VM/0") < 2) await NbdClient.list(serving.uri());
  const begun = disk.held.length;
  disk.holds = () => false;
  disk.releaseAll();
  const newer = await connecting;
  await newer.read(0, 1);
  await newer.flush();
  await assert.rejects(sending);
  assert.ok(begun < 600);
  assert.equal(disk.log.filter((call) => call.startsWith("write")).length, begun);
  assert.deepEqual(disk.log.slice(-2), ["read 0+1", "flush"]);
});

Deno.test("of several clients that wait the newest wins (N2)", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const first = await serving.connect();
  disk.holds = (kind) => kind === "write";
  const orphan = first.write(0, ones);
  orphan.catch(() => {});
  await disk.untilHeld();
  disk.holds = () => false;
  const second = serving.connect();
  second.catch(() => {});
  while (serving.server.clients("VM/0") < 2) await NbdClient.list(serving.uri());
  const third = serving.connect();
  await assert.rejects(second, isLost);
  disk.releaseAll();
  const client = await third;
  assert.deepEqual(await client.read(0, 4096), ones);
  await assert.rejects(orphan, isLost);
});

Deno.test("clients of different exports leave each other alone", async () => {
  const exports = {
    "VM/0": exportOf(new MemoryDisk(4096)),
    "VM/1": exportOf(new MemoryDisk(4096)),
  };
  await using serving = await Serving.start(exports);
  const zero = await serving.connect("VM/0");
  const one = await serving.connect("VM/1");
  await zero.write(0, ones);
  await one.write(0, twos);
  assert.deepEqual(await zero.read(0, 4096), ones);
});

Deno.test("with multi-conn several clients are served, and one flush covers all (N2)", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk, { multiConn: true }) });
  const one = await serving.connect();
  const two = await serving.connect();
  assert.ok((one.flags & EXPORT_FLAG.CAN_MULTI_CONN) !== 0);
  await one.write(0, ones);
  await two.flush();
  await two.write(4096, twos);
  assert.deepEqual(await one.read(4096, 4096), twos);
  assert.equal(serving.server.clients("VM/0"), 2);
  assert.deepEqual(disk.log.slice(0, 2), ["write 0+4096", "flush"]);
});

Deno.test("without it multi-conn is not announced (N2)", async () => {
  await using serving = await Serving.start({ "VM/0": exportOf(new MemoryDisk(4096)) });
  const client = await serving.connect();
  assert.equal(client.flags & EXPORT_FLAG.CAN_MULTI_CONN, 0);
});

Deno.test("looking at an export (INFO, LIST) supersedes nobody", async () => {
  await using serving = await Serving.start({ "VM/0": exportOf(new MemoryDisk(4096)) });
  const client = await serving.connect();
  assert.deepEqual(await NbdClient.list(serving.uri()), [
    { name: "VM/0", description: "disk of VM/0" },
  ]);
  await client.read(0, 1);
});

Deno.test("dropClients waits for what was begun, and a denied export stays empty (L6)", async () => {
  const disk = new MemoryDisk(1 * MiB);
  const opened = exportOf(disk, { multiConn: true });
  await using serving = await Serving.start({ "VM/0": opened });
  const clients = [await serving.connect(), await serving.connect()];
  disk.holds = (kind) => kind === "write";
  const writes = clients.map((client, index) => client.write(index * 4096, ones));
  for (const write of writes) write.catch(() => {});
  await disk.untilHeld(2);
  serving.exports.delete("VM/0");
  let dropped = false;
  const dropping = serving.server.dropClients("VM/0").then(() => dropped = true);
  await Promise.all(writes.map((write) => assert.rejects(write, isLost)));
  assert.equal(dropped, false);
  disk.releaseAll();
  await dropping;
  assert.equal(disk.log.length, 2);
  await assert.rejects(serving.connect(), (error) => isFailed(error, "not-found"));
  serving.exports.set("VM/0", opened);
  await (await serving.connect()).read(0, 1);
});

Deno.test("a client that waits finds the export as it is after the wait", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const older = await serving.connect();
  disk.holds = (kind) => kind === "write";
  older.write(0, ones).catch(() => {});
  await disk.untilHeld();
  const connecting = serving.connect();
  while (serving.server.clients("VM/0") < 2) await NbdClient.list(serving.uri());
  serving.exports.delete("VM/0");
  disk.releaseAll();
  await assert.rejects(connecting, (error) => isFailed(error, "not-found"));
  assert.equal(serving.server.clients("VM/0"), 0);
});

Deno.test("close waits for writes, and a client that reconnects carries on", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  disk.holds = (kind) => kind === "write";
  const write = client.write(0, ones);
  await disk.untilHeld();
  let closed = false;
  const closing = serving.server.close().then(() => closed = true);
  await assert.rejects(write, isLost);
  assert.equal(closed, false);
  disk.releaseAll();
  await closing;
  await assert.rejects(client.read(0, 1), isLost);
  assert.throws(() => Deno.lstatSync(serving.socket), Deno.errors.NotFound);

  await using next = await Serving.start({ "VM/0": exportOf(disk) });
  assert.deepEqual(await (await next.connect()).read(0, 4096), ones);
});

Deno.test("DISC lets the requests before it end", async () => {
  const disk = new MemoryDisk(1 * MiB);
  await using serving = await Serving.start({ "VM/0": exportOf(disk) });
  const client = await serving.connect();
  disk.holds = (kind) => kind === "write";
  const write = client.write(0, ones);
  await disk.untilHeld();
  const leaving = client.disconnect();
  disk.releaseAll();
  await write;
  await leaving;
  assert.deepEqual(disk.log, ["write 0+4096"]);
});
