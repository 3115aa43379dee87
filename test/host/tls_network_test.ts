import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as net from "node:net";
import * as tls from "node:tls";
import { type Failed, type FailureCode, isFailed } from "../../engine/core/base/failure.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { Connection, Listener } from "../../engine/core/ports/network.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { all } from "../../engine/core/runtime/together.ts";
import type { Credentials } from "../../engine/host/pki.ts";
import { parseAddress } from "../../engine/host/address.ts";
import { promiseTask, realLoop, runTask } from "../../engine/host/real_loop.ts";
import { TlsNetwork } from "../../engine/host/tls_network.ts";
import { program, testWithNeeds } from "../needs.ts";
import { authority, credentials, EXPIRED, FUTURE, stranger } from "./certificates.ts";

const MiB = 1024 * 1024;
/** The bootstrap of this repository needs it anyway. */
const node = program("node", "nodejs");

const east = await credentials("east");
const west = await credentials("west");

interface Pair {
  readonly near: Connection;
  readonly far: Connection;
}

/** Runs `work` with a listener of `server` and a network of `client`, and closes what is open. */
async function withNetworks(
  server: Credentials,
  client: Credentials,
  work: (listener: Listener, network: TlsNetwork, rejected: Failed[]) => Task<void>,
  handshakeMax = 10_000,
): Promise<void> {
  const rejected: Failed[] = [];
  const host = new TlsNetwork({
    credentials: () => server,
    onRejected: (failure) => rejected.push(failure),
    handshakeMax,
  });
  const network = new TlsNetwork({ credentials: () => client });
  await runTask(
    realLoop(),
    (function* (): Task<void> {
      const listener = yield* host.listen("127.0.0.1:0");
      try {
        yield* work(listener, network, rejected);
      } finally {
        listener.close();
      }
      yield* all("closed", [host.allClosed(), network.allClosed()]);
    })(),
  );
}

function* connected(listener: Listener, network: TlsNetwork): Task<Pair> {
  const [near, far] = yield* all<Connection | undefined>("connect", [
    network.connect(listener.address, 5 * SECOND),
    listener.accept(),
  ]);
  return { near: near!, far: far! };
}

function* refused(task: Task<unknown>, code: FailureCode, words: RegExp): Task<void> {
  try {
    yield* task;
  } catch (error) {
    assert.ok(isFailed(error, code), String(error));
    assert.match(error.failure.message, words);
    assert.notEqual(error.failure.action, "");
    return;
  }
  assert.fail(`nothing failed with ${code}`);
}

Deno.test("both ends know each other by name and fingerprint, and bytes go both ways", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    assert.equal(near.peer.name, "east");
    assert.equal(near.peer.fingerprint, east.fingerprint);
    assert.equal(near.peer.address, listener.address);
    assert.equal(far.peer.name, "west");
    assert.equal(far.peer.fingerprint, west.fingerprint);
    const sent = crypto.getRandomValues(new Uint8Array(60_000));
    yield* near.write(sent);
    yield* far.write(Uint8Array.of(1, 2, 3));
    assert.deepEqual(yield* received(far, sent.length), sent);
    assert.deepEqual(yield* received(near, 3), Uint8Array.of(1, 2, 3));
    near.close();
    far.close();
  }));

Deno.test("a buffer may be used again as soon as its write has returned", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    const buffer = new Uint8Array(1000);
    for (let round = 0; round < 50; round++) yield* near.write(buffer.fill(round));
    const got = yield* received(far, 50_000);
    for (let round = 0; round < 50; round++) assert.equal(got[round * 1000 + 999], round);
    near.close();
    far.close();
  }));

Deno.test("a peer that ends is read to its end, and one that is torn away fails", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    far.close();
    try {
      assert.equal(yield* near.read(), undefined);
    } catch (error) {
      assert.ok(isFailed(error, "connection-lost"), String(error));
    }
    far.close();
    yield* refusedAny(far.read());
    yield* refusedAny(far.write(new Uint8Array(1)));
    near.close();
  }));

for (
  const [what, bad, words, told] of [
    ["expired", await credentials("west", EXPIRED), /expired at/, /it has expired/],
    ["future", await credentials("west", FUTURE), /valid only from/, /not valid yet/],
    ["foreign", await credentials("west", {}, stranger), /does not trust/, /does not trust/],
    [
      "server-only",
      await credentials("west", { purposes: ["server"] }),
      /may not be used/,
      /by a client/,
    ],
  ] as const
) {
  Deno.test(`a client with a certificate that is ${what} is refused, and both ends say why`, () =>
    withNetworks(east, bad, function* (listener, network, rejected) {
      yield* refused(network.connect(listener.address, 5 * SECOND), "unauthenticated", told);
      assert.equal(rejected.length, 1);
      assert.equal(rejected[0]!.code, "unauthenticated");
      assert.match(rejected[0]!.failure.message, words);
    }));
}

for (
  const [what, bad, words] of [
    ["expired", await credentials("east", EXPIRED), /expired at/],
    ["future", await credentials("east", FUTURE), /valid only from/],
    ["foreign", await credentials("east", {}, stranger), /does not trust/],
    ["client-only", await credentials("east", { purposes: ["client"] }), /may not be used/],
  ] as const
) {
  Deno.test(`a server with a certificate that is ${what} is refused by the client`, () =>
    withNetworks(bad, west, function* (listener, network) {
      yield* refused(network.connect(listener.address, 5 * SECOND), "unauthenticated", words);
    }));
}

Deno.test("a client without a certificate is refused and told", () =>
  withNetworks(east, west, function* (listener, _network, rejected) {
    const { host, port } = parseAddress(listener.address);
    const greeting = yield* promiseTask(() =>
      new Promise<number>((resolve, reject) => {
        const socket = tls.connect({
          host,
          port,
          ca: authority.certificate,
          ALPNProtocols: ["warmsite/1"],
          checkServerIdentity: () => undefined,
        });
        socket.on("data", (bytes: Uint8Array) => resolve(bytes[0]!));
        socket.on("error", reject);
        socket.on("end", () => socket.destroy());
      })
    );
    assert.equal(greeting, 1);
    assert.match(rejected[0]!.failure.message, /shows no certificate/);
  }));

testWithNeeds(
  { name: "who shows a good certificate without having its key is refused", needs: [node] },
  () =>
    withNetworks(east, west, function* (listener, _network, rejected) {
      const { port } = parseAddress(listener.address);
      const script = `
        const { key, cert, ca } = JSON.parse(require("fs").readFileSync(0, "utf8"));
        const socket = require("tls").connect({ host: "127.0.0.1", port: ${port}, key, cert, ca,
          ALPNProtocols: ["warmsite/1"], checkServerIdentity: () => undefined });
        socket.on("data", ([byte]) => socket.destroy(void console.log("greeted with", byte)));
        socket.on("error", () => {});
        socket.on("close", () => process.exit());`;
      for (const key of [west.key, forgedKey(west.key)]) {
        const input = JSON.stringify({ key, cert: west.certificate, ca: authority.certificate });
        const output = yield* promiseTask(() => runNode(script, input));
        if (key === west.key) {
          assert.equal(output, "greeted with 0");
          (yield* listener.accept())!.close();
        } else assert.equal(output, "");
      }
      assert.equal(rejected.length, 1);
      assert.match(rejected[0]!.failure.message, /handshake .* failed/);
    }),
);

/** Another secret beside the same public key: OpenSSL believes that it belongs to it. */
function forgedKey(pem: string): string {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const secret = der.indexOf(Buffer.of(4, 32)) + 2;
  der.fill(0x11, secret, secret + 32);
  const lines = der.toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

async function runNode(script: string, input: string): Promise<string> {
  const command = new Deno.Command("node", {
    args: ["-e", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trim();
}

for (const protocols of [["http/1.1"], undefined]) {
  Deno.test(`a client that speaks ${protocols ?? "no named protocol"} is refused`, () =>
    withNetworks(east, west, function* (listener, _network, rejected) {
      const { host, port } = parseAddress(listener.address);
      yield* promiseTask(() =>
        new Promise<void>((resolve) => {
          const socket = tls.connect({
            host,
            port,
            key: west.key,
            cert: west.certificate,
            ca: authority.certificate,
            ...(protocols === undefined ? {} : { ALPNProtocols: protocols }),
            checkServerIdentity: () => undefined,
          });
          socket.on("error", () => {});
          socket.on("close", () => resolve());
          socket.on("end", () => socket.destroy());
          socket.resume();
        })
      );
      assert.match(rejected[0]!.failure.message, /does not speak "warmsite\/1"/);
    }));
}

Deno.test("nobody at the port, a port that only stays silent, and no TLS there are told apart", () =>
  withNetworks(east, west, function* (listener, network) {
    const gone = listener.address;
    listener.close();
    yield* refused(network.connect(gone, SECOND), "connection-refused", /Nobody listens/);

    for (const answer of [undefined, "SSH-2.0-dropbear\r\n"]) {
      const sockets: net.Socket[] = [];
      const server = net.createServer((socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        if (answer !== undefined) socket.write(answer);
      });
      yield* promiseTask(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)));
      const { port } = server.address() as { port: number };
      const [code, words] = answer === undefined
        ? ["timed-out", /did not answer/] as const
        : ["unauthenticated", /handshake .* failed/] as const;
      yield* refused(network.connect(`127.0.0.1:${port}`, SECOND / 5), code, words);
      for (const socket of sockets) socket.destroy();
      yield* promiseTask(() => new Promise<void>((done) => server.close(() => done())));
    }
  }));

Deno.test("a client that does not finish its handshake is closed in time", () =>
  withNetworks(east, west, function* (listener, _network, rejected) {
    const { host, port } = parseAddress(listener.address);
    yield* promiseTask(() =>
      new Promise<void>((resolve) => {
        const socket = net.connect(port, host);
        socket.on("error", () => {});
        socket.on("close", () => resolve());
        socket.resume();
      })
    );
    assert.equal(rejected[0]!.code, "timed-out");
  }, 100));

Deno.test("credentials that are read again are used by the next connection", async () => {
  let own = await credentials("east", EXPIRED);
  const host = new TlsNetwork({ credentials: () => own });
  const network = new TlsNetwork({ credentials: () => west });
  await runTask(
    realLoop(),
    (function* (): Task<void> {
      const listener = yield* host.listen("127.0.0.1:0");
      yield* refused(network.connect(listener.address, SECOND), "unauthenticated", /expired/);
      own = east;
      host.reload();
      const { near, far } = yield* connected(listener, network);
      near.close();
      far.close();
      listener.close();
      yield* all("closed", [host.allClosed(), network.allClosed()]);
    })(),
  );
});

Deno.test("an address in use, or none of this host, says so", () =>
  withNetworks(east, west, function* (listener, network) {
    yield* refused(network.listen(listener.address), "busy", /in use/);
    yield* refused(network.listen("203.0.113.7:0"), "bad-argument", /no such address/);
    yield* refused(network.listen("nonsense"), "bad-argument", /Not an address/);
  }));

Deno.test("a reader that does not read stops the sender: memory stays bounded", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    const chunk = new Uint8Array(MiB).fill(7);
    const before = Deno.memoryUsage().rss;
    let sent = 0;
    const sending = (function* (): Task<void> {
      for (; sent < 256; sent++) yield* near.write(chunk);
    })();
    const stalled = (function* (): Task<void> {
      let last = -1;
      // The sender has stopped when it gets no further in a fifth of a second.
      while (last !== sent) {
        last = sent;
        yield* promiseTask(() => new Promise<void>((done) => setTimeout(done, 200)));
      }
      assert.ok(sent < 32, `${sent} MiB were taken from a sender that nobody reads`);
      const grown = (Deno.memoryUsage().rss - before) / MiB;
      assert.ok(grown < 64, `memory grew by ${grown} MiB`);
      // And it goes on when the reader does, to the last byte.
      let got = 0;
      while (got < 256 * MiB) got += (yield* far.read())!.length;
      assert.equal(got, 256 * MiB);
    })();
    yield* all("stall", [sending, stalled]);
    near.close();
    far.close();
  }));

function* received(connection: Connection, length: number): Task<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const chunk = yield* connection.read();
    assert.ok(chunk !== undefined, "the peer ended early");
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function* refusedAny(task: Task<unknown>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    assert.ok(isFailed(error, "connection-lost"), String(error));
    return;
  }
  assert.fail("nothing failed");
}
