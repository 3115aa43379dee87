/**
 * Clients that send garbage, lies and half sentences, while an honest one works.
 *
 * @module
 */

import assert from "node:assert/strict";

import { Prng } from "./prng.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { rawExportQuery, rawOption, rawRequest, take } from "./raw.ts";
import { exportOf, Serving } from "./serving.ts";

const CONNECTIONS = 400;
const SIZE = 1 << 20;
const LENGTHS = [0, 1, 4096, SIZE, SIZE + 1, 1 << 25, (1 << 25) + 1, 0x7fff_ffff, 0xffff_ffff];
const OFFSETS = [
  0n,
  1n,
  4095n,
  BigInt(SIZE - 1),
  BigInt(SIZE),
  1n << 53n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];

/** One client's whole speech: random bytes, or something like the protocol. */
function speech(random: Prng): Uint8Array[] {
  const flags = new Uint8Array(4);
  flags[3] = random.pick([3, 3, 3, 1, 0, 7, 255]);
  if (random.below(4) === 0) return [random.bytes(random.below(5000))];
  const pieces: Uint8Array[] = [flags];
  if (random.below(2) === 0) {
    for (let count = random.below(6); count > 0; count--) pieces.push(option(random));
    return pieces.map((piece) => mutate(piece, random));
  }
  if (random.below(2) === 0) pieces.push(rawOption(8));
  pieces.push(rawOption(7, rawExportQuery("HOSTILE/0")));
  const requests = Array.from({ length: random.below(30) }, () => request(random));
  return [...pieces, ...requests.map((piece) => mutate(piece, random))];
}

function option(random: Prng): Uint8Array {
  const name = random.pick(["HOSTILE/0", "", "x".repeat(5000), "\0", "VM/0\0"]);
  const query = rawExportQuery(name, [0, 1, 2, 3, random.below(65_536)]);
  const bytes = rawOption(
    random.pick([1, 2, 3, 5, 6, 7, 8, 9, 10, 11, random.below(0xffff_ffff)]),
    random.pick([query, new Uint8Array(0), random.bytes(random.below(300))]),
  );
  if (random.below(5) === 0) {
    new DataView(bytes.buffer).setUint32(12, random.pick(LENGTHS));
  }
  if (random.below(5) === 0 && bytes.length >= 20) {
    new DataView(bytes.buffer).setUint32(16, random.pick(LENGTHS));
  }
  return bytes;
}

function request(random: Prng): Uint8Array {
  const sane = random.below(2) === 0;
  const type = random.pick([0, 1, 1, 2, 3, 4, 5, 6, 7, 8, random.below(65_536)]);
  const length = sane ? random.pick([512, 4096, 65_536]) : random.pick(LENGTHS);
  const head = rawRequest({
    type,
    flags: sane ? 0 : random.pick([0, 0, 0, 1, 2, 4, 8, 16, 31, random.below(65_536)]),
    cookie: random.below(0xffff_ffff),
    at: sane ? BigInt(random.below(SIZE - 65_536)) : random.pick(OFFSETS),
    length,
    ...(random.below(20) === 0 ? { magic: random.below(0xffff_ffff) } : {}),
  });
  // Most writes bring what they say, or nearly.
  if (type !== 1 || length > SIZE + 1 || random.below(5) === 0) return head;
  const whole = new Uint8Array(head.length + length);
  whole.set(head);
  return whole;
}

function mutate(bytes: Uint8Array, random: Prng): Uint8Array {
  if (bytes.length === 0 || random.below(8) > 0) return bytes;
  const changed = bytes.slice(0, random.below(3) === 0 ? random.below(bytes.length) : undefined);
  if (changed.length > 0) changed[random.below(changed.length)]! ^= 1 << random.below(8);
  return changed;
}

async function attack(socket: string, random: Prng): Promise<void> {
  using connection = await Deno.connect({ transport: "unix", path: socket });
  const pieces = speech(random);
  if (random.below(4) > 0) await take(connection, 18);
  // Some leave without a word more, some read what comes back, some read nothing.
  const reading = random.below(2) === 0 ? drain(connection) : Promise.resolve();
  try {
    for (const piece of pieces) {
      for (let sent = 0; sent < piece.length;) {
        const chunk = 1 + random.below(piece.length - sent);
        sent += await connection.write(piece.subarray(sent, sent + chunk));
      }
    }
    await connection.closeWrite();
  } catch {
    // The server hung up, as it should.
  }
  await reading;
}

async function drain(connection: Deno.Conn): Promise<void> {
  const bytes = new Uint8Array(65_536);
  try {
    while (await connection.read(bytes) !== null);
  } catch {
    // The server hung up.
  }
}

Deno.test(`${CONNECTIONS} hostile clients leave server and neighbour as they were`, async () => {
  const seed = Number(Deno.env.get("WARMSITE_SEED") ?? crypto.getRandomValues(new Uint32Array(1)));
  const random = new Prng(seed);
  const honest = new MemoryDisk(SIZE);
  const hostile = new MemoryDisk(SIZE);
  await using serving = await Serving.start({
    "VM/0": exportOf(honest),
    "HOSTILE/0": exportOf(hostile, { multiConn: seed % 2 === 0 }),
  });
  const client = await serving.connect("VM/0");
  try {
    for (let round = 0; round < CONNECTIONS / 10; round++) {
      await Promise.all(Array.from({ length: 10 }, () => attack(serving.socket, random)));
      const data = random.bytes(4096);
      await client.write(round * 4096, data);
      assert.deepEqual(await client.read(round * 4096, 4096), data);
    }
    assert.deepEqual(serving.panics, []);
    assert.ok(hostile.log.length > 5, `only ${hostile.log.length} requests came through`);
    assert.equal(honest.log.length, 2 * CONNECTIONS / 10, "nobody else touched the honest disk");
  } catch (error) {
    throw new Error(`WARMSITE_SEED=${seed}`, { cause: error });
  }
});
