/**
 * First copies otherwise than over the network at once, by the commands that an administrator types, on two
 * servers: from a copy that is there, on media, of a thin disk, and gone on with behind a kill.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { type JsonObject, Place, refusal, until, value } from "./warmsite.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Writes bytes that do not compress into a file. */
function fill(path: string, at: number, length: number): void {
  const file = fs.openSync(path, "r+");
  fs.writeSync(file, randomBytes(length), 0, length, at);
  fs.closeSync(file);
}

function status(data: string): Promise<JsonObject> {
  return value("replication", "status", "db", "--data", data);
}

async function writeBlock(uri: string, block: number): Promise<void> {
  const client = await NbdClient.connect(uri);
  await client.write(block * 4096, randomBytes(4096), { fua: true });
  await client.disconnect();
}

/** The failed over machine and the guest's image are the same, byte for byte. */
async function same(b: string, image: string): Promise<void> {
  const started = await value("failover", "start", "db", "--data", b);
  const client = await NbdClient.connect(started["disks"][0]["uri"]);
  const file = fs.openSync(image, "r");
  const { size } = fs.fstatSync(file);
  const own = new Uint8Array(MIB);
  for (let at = 0; at < size; at += MIB) {
    fs.readSync(file, own, 0, MIB, at);
    const there = await client.read(at, MIB);
    assert.ok(there.every((byte, index) => byte === own[index]), `the MiB at ${at} differs`);
  }
  fs.closeSync(file);
  await client.disconnect();
}

async function enabled(a: string, image: string, to: string, ...more: string[]): Promise<string> {
  const added = await value("vm", "add", "db", "--data", a, "--disk", image);
  const enable = ["replication", "enable", "db", "--data", a, "--to", to, "--frequency", "1s"];
  await value(...enable, ...more);
  return added["disks"][0]["uri"];
}

Deno.test("an existing copy is compared, and only what differs travels (M26)", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  await place.serve(a);
  const replica = await place.serve(b);
  const image = place.image("db.raw", 64 * MIB);
  fill(image, 0, 48 * MIB);
  const copy = place.path("backup.raw");
  fs.copyFileSync(image, copy);
  for (let block = 0; block < 40; block++) fill(copy, block * MIB + 8 * KIB, 4 * KIB);
  await enabled(a, image, replica.listen, "--compression", "off");
  const missing = place.path("missing.raw");
  const named = ["replication", "enable", "db", "--data", b, "--as-replica", "--disk"];
  assert.equal((await refusal(1, ...named, missing))["code"], "not-found");
  const waiting = await value(...named, copy, "--from", "a");
  assert.equal(waiting["state"], "WaitingForInitialReplication");
  await value("replication", "start", "db", "--data", a, "--existing-copy");
  await value("replication", "cycle", "db", "--data", a);
  const { bytesSent, state } = await status(a);
  assert.equal(state, "Replicating");
  assert.ok(bytesSent <= 40 * 4096 + 0.01 * 64 * MIB, `${bytesSent} bytes for ${40 * 4096}`);
  console.log(`existing copy: ${40 * 4096} bytes differ, ${bytesSent} bytes of blocks travelled`);
  await same(b, image);
});

Deno.test("a first copy on media is imported, and what changed meanwhile travels after it (M25)", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  await place.serve(a);
  const replica = await place.serve(b);
  const image = place.image("db.raw", 64 * MIB);
  fill(image, 0, 32 * MIB);
  const uri = await enabled(a, image, replica.listen);
  const usb = place.path("usb");
  const start = ["replication", "start", "db", "--data", a, "--export"];
  // What is not mounted is not made.
  const missing = await refusal(1, ...start, usb);
  assert.equal(missing["code"], "not-found");
  assert.match(missing["action"], /Mount the medium/);
  assert.equal(fs.existsSync(usb), false);
  fs.mkdirSync(usb);
  await value(...start, usb);
  for (let block = 0; block < 20; block++) await writeBlock(uri, block * 100);
  const done = await until(
    () => status(a),
    ({ state }) => state === "WaitingForInitialReplication",
  );
  const folder = done["initialReplication"]["folder"];
  await until(
    () => value("vm", "list", "--data", b),
    (machines) => machines[0]?.["state"] === "WaitingForInitialReplication",
  );
  for (let block = 0; block < 30; block++) await writeBlock(uri, 1000 + block);
  const carried = place.path("carried");
  fs.cpSync(folder, carried, { recursive: true });
  const part = `${carried}/0000001.part`;
  const whole = fs.readFileSync(part);
  const flipped = Uint8Array.from(whole);
  flipped[5_000_000] = (flipped[5_000_000] as number) ^ 4;
  fs.writeFileSync(part, flipped);
  const imports = ["replication", "import", carried, "--data", b];
  const damaged = await refusal(1, ...imports);
  assert.equal(damaged["code"], "damaged");
  assert.match(damaged["message"], /0000001\.part/);
  fs.writeFileSync(part, whole);
  const before = (await status(a))["bytesSent"];
  assert.equal((await value(...imports))["state"], "Replicating");
  assert.equal((await refusal(1, ...imports))["code"], "exists");
  await until(() => status(a), ({ state }) => state === "Replicating");
  await value("replication", "cycle", "db", "--data", a);
  const { bytesSent } = await status(a);
  const changed = 50 * 4096;
  assert.equal(before, 0);
  assert.ok(bytesSent <= 1.01 * changed, `${bytesSent} bytes for ${changed} that changed`);
  console.log(`media: at most ${changed} bytes changed meanwhile, ${bytesSent} travelled`);
  await same(b, image);
});

Deno.test("a thin disk costs what it holds, and a kill in the middle costs what was in flight (M27)", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  let primary = await place.serve(a);
  const replica = await place.serve(b);
  const image = place.image("db.raw", 16 * 1024 * MIB);
  const held = 40 * MIB;
  for (let at = 0; at < 40; at++) fill(image, at * 400 * MIB, MIB);
  await enabled(a, image, replica.listen, "--compression", "off");
  await value("replication", "start", "db", "--data", a);
  const { wireBytes: sent } = await until(() => status(a), ({ wireBytes }) => wireBytes > held / 4);
  await primary.end("SIGKILL");
  primary = await place.serve(a);
  await value("replication", "cycle", "db", "--data", a);
  const { wireBytes } = await status(a);
  console.log(`thin: ${held} bytes held, ${sent} travelled before the kill, ${wireBytes} after it`);
  assert.ok(sent + wireBytes <= 1.1 * held + 16 * MIB, `${sent} before and ${wireBytes} after`);
  const there = await value("failover", "start", "db", "--data", b);
  const client = await NbdClient.connect(there["disks"][0]["uri"]);
  for (let at = 0; at < 40; at++) {
    const own = new Uint8Array(MIB);
    const file = fs.openSync(image, "r");
    fs.readSync(file, own, 0, MIB, at * 400 * MIB);
    fs.closeSync(file);
    assert.deepEqual(Buffer.compare(await client.read(at * 400 * MIB, MIB), own), 0);
  }
  await client.disconnect();
});
