/**
 * Who may reach the server (N4), and what is in the way of listening.
 *
 * @module
 */

import assert from "node:assert/strict";

import { isFailed } from "../../../engine/core/base/failure.ts";
import { NbdClient } from "../../../engine/host/nbd/client.ts";
import { isLoopback, listenTcp, listenUnix } from "../../../engine/host/nbd/listen.ts";
import { SOCKET_PATH_MAX } from "../../../engine/host/nbd/limits.ts";
import { nbdUri } from "../../../engine/host/nbd/uri.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { exportOf, Serving } from "./serving.ts";

function temporaryFolder(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "warmsite-nbd-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

function hasAction(code: Parameters<typeof isFailed>[1], text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(isFailed(error, code as never), String(error));
    assert.match(error.failure.message, text);
    assert.notEqual(error.failure.action, "", "it says what to do");
    return true;
  };
}

Deno.test("only the owner may connect to the Unix socket (N4)", async () => {
  await using serving = await Serving.start({ "VM/0": exportOf(new MemoryDisk(4096)) });
  assert.equal((Deno.lstatSync(serving.socket).mode ?? 0) & 0o777, 0o600);
});

Deno.test("listening leaves the umask as it was", async () => {
  using folder = temporaryFolder();
  const before = Deno.umask();
  (await listenUnix(`${folder.path}/s`)).close();
  await assert.rejects(listenUnix(`${folder.path}/none/s`));
  assert.equal(Deno.umask(), before);
});

Deno.test("a socket's path over 107 bytes is refused before anything is tried (N4)", async () => {
  using folder = temporaryFolder();
  const name = (bytes: number) => "é".repeat(2) + "x".repeat(bytes - folder.path.length - 5);
  const longest = `${folder.path}/${name(SOCKET_PATH_MAX)}`;
  assert.equal(new TextEncoder().encode(longest).length, SOCKET_PATH_MAX);
  (await listenUnix(longest)).close();
  const tooLong = `${folder.path}/${name(SOCKET_PATH_MAX + 1)}`;
  await assert.rejects(listenUnix(tooLong), hasAction("bad-argument", /at most 107 bytes/));
});

Deno.test("a socket that a killed server left is replaced", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/s`;
  const script = `Deno.listen({transport: "unix", path: ${JSON.stringify(path)}}); ` +
    `Deno.kill(Deno.pid, "SIGKILL")`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "null" }).output();
  assert.equal(Deno.lstatSync(path).isSocket, true);
  (await listenUnix(path)).close();
});

Deno.test("a socket that somebody listens at is left alone", async () => {
  await using serving = await Serving.start({ "VM/0": exportOf(new MemoryDisk(4096)) });
  await assert.rejects(listenUnix(serving.socket), hasAction("locked", /another server/));
  await (await serving.connect()).read(0, 1);
});

Deno.test("a file that is no socket is left alone", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/precious`;
  Deno.writeTextFileSync(path, "x");
  await assert.rejects(listenUnix(path), hasAction("exists", /no socket/));
  assert.equal(Deno.readTextFileSync(path), "x");
});

Deno.test("a folder that is not there is named with what to do", async () => {
  await assert.rejects(listenUnix("/nonexistent/s"), hasAction("bad-argument", /nonexistent/));
});

Deno.test("TCP listens off loopback only when that is insisted on (N4)", () => {
  for (const hostname of ["0.0.0.0", "::", "192.0.2.1", "example.org", "127.example.org"]) {
    assert.equal(isLoopback(hostname), false, hostname);
    assert.throws(() => listenTcp({ hostname, port: 0 }), hasAction("bad-argument", /everybody/));
  }
  for (const hostname of ["localhost", "127.0.0.1", "127.1.2.3", "::1"]) {
    assert.equal(isLoopback(hostname), true, hostname);
  }
  listenTcp({ hostname: "127.0.0.1", port: 0 }).close();
  listenTcp({ hostname: "0.0.0.0", port: 0, anywhere: true }).close();
});

Deno.test("a port in use is named with what to do", () => {
  using taken = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const port = (taken.addr as Deno.NetAddr).port;
  assert.throws(
    () => listenTcp({ hostname: "127.0.0.1", port }),
    hasAction("locked", new RegExp(`127.0.0.1:${port}`)),
  );
});

Deno.test("nothing listens on TCP unless asked (N4)", async () => {
  await using serving = await Serving.start({ "VM/0": exportOf(new MemoryDisk(4096)) });
  assert.deepEqual(serving.server.addresses, [{ transport: "unix", path: serving.socket }]);
});

Deno.test("TCP serves the same exports", async () => {
  const disk = new MemoryDisk(4096);
  await using serving = await Serving.start(
    { "VM/0": exportOf(disk) },
    { tcp: { hostname: "127.0.0.1", port: 0 } },
  );
  const client = await serving.connectTo(nbdUri(serving.tcp, "VM/0"));
  await client.write(1, new Uint8Array([42]));
  assert.equal(disk.bytes[1], 42);
});

Deno.test("connections over the limit are closed at once, and room comes back (E6)", async () => {
  const opened = exportOf(new MemoryDisk(4096), { multiConn: true });
  await using serving = await Serving.start({ "VM/0": opened }, { connectionsMax: 2 });
  const first = await serving.connect();
  await serving.connect();
  await assert.rejects(serving.connect(), (error) => isFailed(error, "connection-lost"));
  await first.disconnect();
  while (serving.server.clients("VM/0") > 1) await new Promise((resolve) => setTimeout(resolve, 1));
  await (await serving.connect()).read(0, 1);
});

Deno.test("a client of a server that is not there is told so", async () => {
  const uri = nbdUri({ transport: "unix", path: "/nonexistent/s" }, "VM/0");
  await assert.rejects(NbdClient.connect(uri), hasAction("connection-refused", /Cannot connect/));
});
