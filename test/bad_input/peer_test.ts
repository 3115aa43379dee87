/**
 * A peer with a good certificate that sends garbage, lies about lengths, breaks off or talks out of turn:
 * one clear line in the log, the connection ends, the server stays and nothing is changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as tls from "node:tls";
import { encodeFrame } from "../../engine/core/wire/frame.ts";
import { encodeControl } from "../../engine/core/wire/message.ts";
import { createHome } from "../../engine/agent/home.ts";
import { parseAddress } from "../../engine/host/address.ts";
import { ACCEPTED } from "../../engine/host/greeting.ts";
import { issueToServer } from "../../engine/host/pki.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { SAMPLES } from "../unit/core/wire/samples.ts";
import { House, SIZE, VM } from "./house.ts";

const kernel = loadKernel();

/** The hello of a server, whatever its certificate says. */
function helloOf(server: string): Uint8Array {
  return encodeFrame(kernel, "control", 0, encodeControl({ ...SAMPLES["hello"], server }));
}

/** A frame with a header that says what it likes. */
function liar(length: number): Uint8Array {
  const frame = encodeFrame(kernel, "control", 0, encodeControl(SAMPLES["hello"]));
  new DataView(frame.buffer, frame.byteOffset).setUint32(4, length, true);
  return frame;
}

// By its proper name: what follows it must be what is refused.
const hello = helloOf("stranger");
const noise = Uint8Array.from(
  { length: 65_536 },
  (_, at) => Math.imul(at + 1, 2_654_435_761) >>> 13,
);
const flipped = hello.slice();
flipped[hello.length - 2]! ^= 1;

/** What a bad peer sends, and what the log must say of it. */
const ATTACKS: readonly (readonly [string, readonly Uint8Array[], RegExp])[] = [
  ["noise", [noise], /version|frame|malformed/i],
  ["a web browser's request", [new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")], /./],
  ["a length of 4 GiB", [liar(0xffffffff)], /./],
  ["a length that is too short", [liar(3)], /./],
  ["a flipped bit", [flipped], /./],
  ["a hello and then noise", [hello, noise], /./],
  ["a hello by another's name", [helloOf("primary")], /calls itself "primary"/],
  ["hello twice", [hello, hello], /./],
  ["an extent before any machine", [
    hello,
    encodeFrame(kernel, "extent", 1, new Uint8Array(100)),
  ], /./],
  ["half a frame and the end", [hello, hello.subarray(0, 10)], /./],
];

/** Sends `pieces` as the server `stranger`; resolves when the connection has ended. */
function attack(house: House, pieces: readonly Uint8Array[]): Promise<void> {
  const { host, port } = parseAddress(house.listen);
  const home = `${house.folder}/stranger/tls`;
  const file = (name: string) => fs.readFileSync(`${home}/${name}`, "utf8");
  return new Promise((resolve) => {
    const socket = tls.connect({
      host,
      port,
      key: file("key.pem"),
      cert: file("certificate.pem"),
      ca: fs.readFileSync(`${house.folder}/ca/ca.pem`, "utf8"),
      ALPNProtocols: ["warmsite/1"],
      checkServerIdentity: () => undefined,
    });
    socket.once("data", () => {
      for (const piece of pieces) socket.write(piece);
      // Whoever breaks off says no more; the others are sent away.
      if (pieces.at(-1)?.length === 10) socket.end();
    });
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.resume();
  });
}

Deno.test("a peer that breaks the protocol is sent away with one line, and nothing changes", async () => {
  await using house = await House.open();
  await house.protect();
  await createHome(`${house.folder}/stranger`, { name: "stranger", listen: "127.0.0.1:0" });
  await issueToServer(`${house.folder}/ca`, `${house.folder}/stranger`);
  await house.applied();
  const points = await house.points();
  for (const [what, pieces, words] of ATTACKS) {
    const from = house.lines.replica.length;
    await attack(house, pieces);
    await told(house, from);
    const lines = house.lines.replica.slice(from).filter(isTelling);
    assert.equal(lines.length, 1, `${what}: ${JSON.stringify(lines)}`);
    const line = lines[0]!;
    assert.ok(["warn", "error"].includes(line.level), what);
    assert.match(line.message, /stranger/, what);
    assert.match(line.message, words, what);
    assert.doesNotMatch(line.message, /Bug|undefined|\[object/, what);
  }
  await house.expectKept(points);
  await house.write(0, 123);
  const newest = await house.cycle();
  assert.deepEqual(await house.read("replica", newest), await house.read("primary"));
});

Deno.test("a peer that says nothing is sent away in time, and disturbs nobody", async () => {
  await using house = await House.open();
  await house.protect();
  await createHome(`${house.folder}/stranger`, { name: "stranger", listen: "127.0.0.1:0" });
  await issueToServer(`${house.folder}/ca`, `${house.folder}/stranger`);
  const from = house.lines.replica.length;
  const stalled = attack(house, []);
  await house.write(0, 124);
  const newest = await house.cycle();
  await stalled;
  await told(house, from);
  const lines = house.lines.replica.slice(from).filter(isTelling);
  assert.match(lines.map(({ message }) => message).join(), /stranger/);
  assert.deepEqual(await house.read("replica", newest), await house.read("primary"));
});

/** What a replica that is none says once it was greeted, and the code of the refusal. */
const ANSWERS: readonly (readonly [string, readonly Uint8Array[], readonly string[]])[] = [
  ["noise", [noise], ["malformed", "protocol-violation"]],
  ["a length of 4 GiB", [liar(0xffffffff)], ["malformed", "protocol-violation"]],
  ["a hello and then noise", [hello, noise], ["malformed", "protocol-violation"]],
  ["a hello by another's name", [helloOf("replica")], ["unauthenticated"]],
  ["hello twice", [hello, hello], ["protocol-violation"]],
  ["half a frame and the end", [hello, hello.subarray(0, 10)], ["connection-lost"]],
  ["nothing at all", [], ["timed-out"]],
];

Deno.test("a replica that talks nonsense or says nothing costs an attempt, and the guest nothing", async () => {
  await using house = await House.open();
  await createHome(`${house.folder}/stranger`, { name: "stranger", listen: "127.0.0.1:0" });
  await issueToServer(`${house.folder}/ca`, `${house.folder}/stranger`);
  Deno.writeFileSync(house.image, new Uint8Array(SIZE));
  await house.call("primary", "vm add", { vm: VM, disks: [house.image] });
  for (const [what, pieces, codes] of ANSWERS) {
    const { to, close } = await impostor(house, pieces);
    const settings = { vm: VM, to, frequency: 3_600_000_000 };
    await house.call("primary", "replication enable", settings);
    await house.call("primary", "replication start");
    const refusal = await house.refused("primary", "replication cycle");
    assert.ok(codes.includes(refusal.code), `${what}: ${refusal.code} ${refusal.message}`);
    assert.equal(refusal.exitCode, 1, what);
    assert.doesNotMatch(refusal.message, /Bug|undefined|\[object/, what);
    assert.equal((await house.status("primary"))["health"], "Critical", what);
    await house.call("primary", "replication disable");
    await close();
  }
  await house.write(4096, 55);
  const settings = { vm: VM, to: house.listen, frequency: 3_600_000_000 };
  await house.call("primary", "replication enable", settings);
  await house.call("primary", "replication start");
  const newest = await house.cycle();
  assert.deepEqual(await house.read("replica", newest), await house.read("primary"));
});

/** A server with a good certificate that answers whoever connects with `pieces`. */
async function impostor(house: House, pieces: readonly Uint8Array[]) {
  const home = `${house.folder}/stranger/tls`;
  const file = (name: string) => fs.readFileSync(`${home}/${name}`, "utf8");
  const sockets = new Set<tls.TLSSocket>();
  const server = tls.createServer({
    key: file("key.pem"),
    cert: file("certificate.pem"),
    ca: fs.readFileSync(`${house.folder}/ca/ca.pem`, "utf8"),
    requestCert: true,
    ALPNProtocols: ["warmsite/1"],
  }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.resume();
    socket.write(Uint8Array.of(ACCEPTED));
    for (const piece of pieces) socket.write(piece);
    if (pieces.at(-1)?.length === 10) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { to: `127.0.0.1:${port}`, close };
}

/** Waits until the replica has logged that somebody went. */
async function told(house: House, from: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (house.lines.replica.slice(from).some(isTelling)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Lines other than those of replication going on. */
function isTelling({ event }: { readonly event: string }): boolean {
  return event !== "connected" && event !== "staged" && event !== "state";
}
