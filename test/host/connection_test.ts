/**
 * `connection test` over real TLS on loopback: each thing that can be wrong has an answer of its own, with what to do.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as net from "node:net";
import * as tls from "node:tls";
import { type Failed, type FailureCode, isFailed } from "../../engine/core/base/failure.ts";
import type { JsonObject } from "../../engine/core/base/json.ts";
import type { Incarnation } from "../../engine/core/base/units.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { Connection, Listener } from "../../engine/core/ports/network.ts";
import type { Ports } from "../../engine/core/ports/ports.ts";
import { probeConnection } from "../../engine/core/server/connection_probe.ts";
import { Scope } from "../../engine/core/runtime/scope.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { encodeFrame } from "../../engine/core/wire/frame.ts";
import { type ControlMessage, encodeControl } from "../../engine/core/wire/message.ts";
import { type Authorize, Session } from "../../engine/core/wire/session.ts";
import { realClock } from "../../engine/host/clock.ts";
import type { Credentials } from "../../engine/host/pki.ts";
import { promiseTask, realLoop, runTask } from "../../engine/host/real_loop.ts";
import { TlsNetwork } from "../../engine/host/tls_network.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { credentials, EXPIRED, stranger } from "./certificates.ts";

const east = await credentials("east");
const west = await credentials("west");
const INCARNATION = "1".repeat(32) as Incarnation;
const KERNEL = loadKernel();
const ACCEPTS: Authorize = () => ({ ok: true, trustGroup: "gold" });

interface Asked {
  readonly network: TlsNetwork;
  probe(to: string, name?: string): Task<JsonObject>;
  /** Fails with `code`, says `words`, and says what to do. */
  refused(to: string, code: FailureCode, words: RegExp, name?: string): Task<void>;
}

/** A server `client` that tests connections. */
async function asking(client: Credentials, work: (asked: Asked) => Task<void>): Promise<void> {
  const loop = realLoop();
  const network = new TlsNetwork({ credentials: () => client });
  const ports = { loop, clock: realClock, network, codec: { kernel: KERNEL } } as unknown as Ports;
  const hello = { server: client.name, incarnation: INCARNATION };
  const asked: Asked = {
    network,
    probe: (to, name) => probeConnection(ports, hello, { to, name }, SECOND),
    *refused(to, code, words, name) {
      let found: Failed | undefined;
      try {
        yield* asked.probe(to, name);
      } catch (error) {
        assert.ok(isFailed(error), String(error));
        found = error;
      }
      assert.equal(found?.code, code, String(found));
      assert.match(found?.failure.message ?? "", words);
      assert.notEqual(found?.failure.action, "");
    },
  };
  await runTask(loop, work(asked));
  await runTask(loop, network.allClosed());
}

/** How the other end behaves; as a server that accepts us where nothing is said. */
interface Manner {
  readonly authorize?: Authorize;
  /** The name in its hello. */
  readonly hello?: string;
  /** What it says instead of all that. */
  readonly speak?: (connection: Connection) => Task<void>;
}

/** A server that answers as `server` while `work` goes on. */
function* answering(
  server: Credentials,
  work: (address: string) => Task<void>,
  { authorize = ACCEPTS, hello = server.name, speak }: Manner = {},
): Task<void> {
  const loop = realLoop();
  const network = new TlsNetwork({ credentials: () => server });
  const scope = new Scope(loop, "answering");
  const ports = { clock: realClock, codec: { kernel: KERNEL } } as unknown as Ports;
  const listener: Listener = yield* network.listen("127.0.0.1:0");
  scope.spawn(
    "listen",
    (function* (): Task<void> {
      for (;;) {
        const connection = yield* listener.accept();
        if (connection === undefined) return;
        const words = { server: hello, incarnation: INCARNATION };
        const talk = speak?.(connection) ??
          Session.start(ports, scope, connection, "responder", words, { authorize });
        scope.spawn("session", greet(talk));
      }
    })(),
  );
  try {
    yield* work(listener.address);
  } finally {
    listener.close();
    yield* promiseTask(() => runTask(loop, scope.cancel()));
  }
}

function* greet(session: Task<unknown>): Task<void> {
  try {
    yield* session;
  } catch (error) {
    if (!isFailed(error)) throw error;
  }
}

/** Something else that listens at a port. */
function* elsewhere(make: () => net.Server, work: (address: string) => Task<void>): Task<void> {
  const server = make();
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  yield* promiseTask(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)));
  try {
    yield* work(`127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    yield* promiseTask(() => new Promise<void>((done) => server.close(() => done())));
  }
}

Deno.test("a server that accepts us is told of with its name, its group and the round trip", () =>
  asking(west, function* ({ probe }) {
    yield* answering(east, function* (address) {
      const found = yield* probe(address, "east");
      assert.equal(found["server"], "east");
      assert.equal(found["trustGroup"], "gold");
      assert.equal(found["fingerprint"], east.fingerprint);
      assert.ok(Number(found["roundTripMicros"]) > 0 && Number(found["connectMicros"]) > 0);
    });
  }));

Deno.test("nobody there, no such host, and no way are told apart", () =>
  asking(west, function* ({ refused }) {
    let gone = "";
    yield* elsewhere(() => net.createServer(), function* (address) {
      gone = address;
    });
    yield* refused(gone, "connection-refused", /Nobody listens/);
    yield* refused("no-such-host.invalid:7100", "not-found", /No address is known/);
    yield* refused("255.255.255.255:7100", "connection-refused", /no way/);
    yield* refused("nonsense", "bad-argument", /Not an address/);
  }));

Deno.test("a port that drops everything is told from one at which somebody is silent", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      'import * as net from "node:net"; const s = net.createServer(); ' +
      's.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => console.log(s.address().port));',
    ],
    stdout: "piped",
  }).spawn();
  const held: net.Socket[] = [];
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const port = Number((await reader.read()).value);
    await reader.cancel();
    // It accepts nothing from here on: the kernel takes a few connections, then drops what comes.
    child.kill("SIGSTOP");
    await asking(west, function* ({ refused }) {
      yield* refused(`127.0.0.1:${port}`, "timed-out", /Something listens.*did not answer in TLS/);
      yield* promiseTask(() => fillBacklog(port, held));
      yield* refused(`127.0.0.1:${port}`, "timed-out", /dropped on its way/);
    });
  } finally {
    for (const socket of held) socket.destroy();
    child.kill("SIGKILL");
    await child.status;
  }
});

/** Connects until nothing comes of it any more. */
async function fillBacklog(port: number, held: net.Socket[]): Promise<void> {
  for (let count = 0; count < 64; count++) {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    held.push(socket);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), 300);
    socket.on("connect", () => resolve(true));
    const joined = await promise;
    clearTimeout(timer);
    if (!joined) return;
  }
  assert.fail("the backlog is never full");
}

Deno.test("what speaks no TLS, an older TLS, or another protocol is named", () =>
  asking(west, function* ({ refused }) {
    const ssh = () => net.createServer((socket) => void socket.write("SSH-2.0-dropbear\r\n"));
    yield* elsewhere(ssh, (at) => refused(at, "not-tls", /does not speak TLS/));
    const http = () =>
      net.createServer((socket) => {
        socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      });
    yield* elsewhere(http, (at) => refused(at, "not-tls", /does not speak TLS/));
    const closing = () => net.createServer((socket) => void socket.destroy());
    yield* elsewhere(closing, (at) => refused(at, "connection-lost", /closed the connection/));
    const { key, certificate: cert } = east;
    const old = () => tls.createServer({ key, cert, maxVersion: "TLSv1.2" });
    yield* elsewhere(old, (at) => refused(at, "unauthenticated", /takes no TLS 1\.3/));
    const web = () => tls.createServer({ key, cert, ALPNProtocols: ["h2"] });
    yield* elsewhere(web, (at) => refused(at, "unauthenticated", /does not speak "warmsite\/1"/));
    const plain = () => tls.createServer({ key, cert });
    yield* elsewhere(plain, (at) => refused(at, "unauthenticated", /does not speak "warmsite\/1"/));
  }));

Deno.test("each certificate that is no good is named, whosever it is", async () => {
  const expired = await credentials("east", EXPIRED);
  const foreign = await credentials("east", {}, stranger);
  await asking(west, function* ({ refused }) {
    yield* answering(expired, (at) => refused(at, "unauthenticated", /"east".*expired at/));
    yield* answering(foreign, (at) => refused(at, "unauthenticated", /does not trust/));
    yield* answering(
      east,
      (at) => refused(at, "wrong-server", /is server "east", not "north"/, "north"),
    );
  });
  const late = await credentials("west", EXPIRED);
  await asking(late, function* ({ refused }) {
    yield* answering(
      east,
      (at) => refused(at, "unauthenticated", /refuses this server's certificate: it has expired/),
    );
  });
  const unknown = await credentials("west", {}, stranger);
  await asking(unknown, function* ({ refused }) {
    yield* answering(
      east,
      (at) => refused(at, "unauthenticated", /refuses this .*does not trust the authority/),
    );
  });
});

Deno.test("another version, another name and a server that does not take us are told apart", () =>
  asking(west, function* ({ refused }) {
    const because = { code: "unauthorized", side: "peer", message: "No entry", action: "Add it" };
    const nobody: Authorize = () => ({ ok: false, failure: because as Failed["failure"] });
    yield* answering(east, (at) => refused(at, "unauthorized", /No entry/), { authorize: nobody });
    yield* answering(
      east,
      (at) => refused(at, "unauthenticated", /calls itself "north".*certificate is for "east"/),
      { hello: "north" },
    );
    yield* answering(west, (at) => refused(at, "wrong-server", /this server itself/));
    yield* answering(
      east,
      (at) => refused(at, "wrong-version", /speaks protocol 2, this server 1/),
      { speak: sayVersion2 },
    );
  }));

function* sayVersion2(connection: Connection): Task<void> {
  const hello = { type: "hello", protocol: 2, server: "east", incarnation: INCARNATION };
  const payload = encodeControl(hello as ControlMessage);
  yield* connection.write(encodeFrame(KERNEL, "control", 0, payload));
  while ((yield* connection.read()) !== undefined);
  connection.close();
}
