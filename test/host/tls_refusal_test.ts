/**
 * Who is refused by TLS, and what both ends are told about it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as net from "node:net";
import * as tls from "node:tls";
import { SECOND } from "../../engine/core/base/units.ts";
import { parseAddress } from "../../engine/host/address.ts";
import { promiseTask } from "../../engine/host/real_loop.ts";
import { program, testWithNeeds } from "../needs.ts";
import { authority, credentials, EXPIRED, FUTURE, stranger } from "./certificates.ts";
import { refused, withNetworks } from "./networks.ts";

/** The bootstrap of this repository needs it anyway. */
const node = program("node", "nodejs");

const east = await credentials("east");
const west = await credentials("west");

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
        ? ["timed-out", /Something listens at .* did not answer in TLS/] as const
        : ["not-tls", /does not speak TLS/] as const;
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
