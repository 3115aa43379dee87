/**
 * A first copy on media while a guest writes all the time: during the export, while the medium is carried, through an
 * import that is killed and gone on with, and on (M25). On two servers, by the commands that an administrator types.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes, randomInt } from "node:crypto";
import * as fs from "node:fs";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { freePort } from "./sites.ts";
import { type JsonObject, Place, refusal, until, value, warmsite } from "./warmsite.ts";

const MIB = 1024 * 1024;
const SIZE = 128 * MIB;
/** Bytes at the beginning that hold something from the first. */
const HELD = 96 * MIB;
const BLOCK = 4096;
/** How long anything here may take on a machine that has much else to do, ms. */
const STEP_MAX = 120_000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A guest that writes one block after the other until it is stopped. */
class Guest {
  /** Writes that were answered. */
  writes = 0;
  readonly #client: NbdClient;
  #stopped = false;
  #failure: unknown;
  readonly #done: Promise<void>;

  private constructor(client: NbdClient) {
    this.#client = client;
    this.#done = this.#write();
  }

  static async start(uri: string): Promise<Guest> {
    return new Guest(await NbdClient.connect(uri));
  }

  async #write(): Promise<void> {
    try {
      while (!this.#stopped) {
        const at = randomInt(SIZE / BLOCK) * BLOCK;
        await this.#client.write(at, randomBytes(BLOCK));
        this.writes++;
        await pause(5);
      }
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Returns once it has written something more. */
  async goesOn(): Promise<void> {
    const before = this.writes;
    await until(
      () => new Promise((resolve) => setTimeout(resolve, 10)),
      () => this.writes > before,
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    assert.equal(this.#failure, undefined);
    await this.#client.flush();
    await this.#client.disconnect();
  }
}

function status(data: string, vm = "db"): Promise<JsonObject> {
  return value("replication", "status", vm, "--data", data);
}

/** An image that begins with bytes that do not compress. */
function roughImage(place: Place, name: string, size: number, held: number): string {
  const image = place.image(name, size);
  const file = fs.openSync(image, "r+");
  for (let at = 0; at < held; at += MIB) fs.writeSync(file, randomBytes(MIB), 0, MIB, at);
  fs.closeSync(file);
  return image;
}

/** Exports a machine to `place`/`medium`, and returns the package's folder as soon as the replica has its key. */
async function exported(a: string, b: string, vm: string, medium: string): Promise<string> {
  fs.mkdirSync(medium);
  await value("replication", "start", vm, "--data", a, "--export", medium);
  const waits = ({ state }: JsonObject) => state === "WaitingForInitialReplication";
  const told = await until(() => status(a, vm), waits, STEP_MAX);
  await until(
    () => value("vm", "list", "--data", b),
    (machines) => machines.some((each: JsonObject) => each["vm"] === vm && waits(each)),
    STEP_MAX,
  );
  return told["initialReplication"]["folder"];
}

/** How many parts of a package its replica has durably in its disks, as its state says. */
function partsImported(data: string): number {
  let parts = 0;
  for (
    const { parentPath, name } of fs.readdirSync(data, { recursive: true, withFileTypes: true })
  ) {
    if (!name.startsWith("state.")) continue;
    const text = fs.readFileSync(`${parentPath}/${name}`, "latin1");
    parts = Math.max(parts, Number(/"import":\{"parts":(\d+)/.exec(text)?.[1] ?? 0));
  }
  return parts;
}

/** Flips a bit of a file. */
function flip(path: string, at: number): void {
  const bytes = fs.readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 16;
  fs.writeFileSync(path, bytes);
}

/** Nobody but its owner reads what holds the key, and the medium holds nothing of the image. */
function assertSecret(a: string, image: string, folder: string): void {
  const record = `${a}/machines/db/machine.json`;
  const [, key] = /"key":"([0-9a-f]{64})"/.exec(fs.readFileSync(record, "latin1")) ?? [];
  assert.ok(key !== undefined, "the primary keeps the key");
  assert.equal(fs.statSync(record).mode & 0o777, 0o600);
  const file = fs.openSync(image, "r");
  const sample = Buffer.alloc(32);
  const samples = [Buffer.from(key, "hex"), Buffer.from(key)];
  for (let at = 0; at < HELD; at += 20 * MIB) {
    fs.readSync(file, sample, 0, sample.length, at + 12_345);
    samples.push(Buffer.from(sample));
  }
  fs.closeSync(file);
  for (const name of fs.readdirSync(folder)) {
    const bytes = fs.readFileSync(`${folder}/${name}`);
    for (const each of samples) assert.ok(!bytes.includes(each), `${name} tells something`);
  }
}

/** Begins an import, and kills the replica's server once some of it is durable in its disks. */
async function importKilled(b: string, folder: string, kill: () => Promise<unknown>) {
  const asked = warmsite(["replication", "import", folder, "--data", b, "--json"]);
  const limit = performance.now() + STEP_MAX;
  while (partsImported(b) === 0) {
    assert.ok(performance.now() < limit, "nothing was imported");
    await pause(5);
  }
  await kill();
  assert.notEqual((await asked).code, 0, "the import was cut short");
}

/** What the records of the machine "db" hold in a data folder. */
function recordsOf(data: string): string[] {
  return fs.readdirSync(data, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name === "machine.json" || name.startsWith("state."))
    .filter(({ parentPath }) => parentPath.includes("db"))
    .map(({ parentPath, name }) => fs.readFileSync(`${parentPath}/${name}`, "latin1"));
}

/**
 * Waits until no record has the key of the medium. A state has two copies that are written in turns: the older one has it until the
 * point that is under way is applied.
 */
async function keyGone(data: string): Promise<void> {
  const look = async () => {
    await pause(20);
    return recordsOf(data);
  };
  const gone = (texts: readonly string[]) =>
    texts.length > 0 && texts.every((text) => !text.includes('"key"'));
  await until(look, gone, STEP_MAX);
}

/** The failed over machine and the guest's image are the same, byte for byte. */
async function same(b: string, image: string): Promise<void> {
  const started = await value("failover", "start", "db", "--data", b);
  const client = await NbdClient.connect(started["disks"][0]["uri"]);
  const own = fs.readFileSync(image);
  for (let at = 0; at < SIZE; at += MIB) {
    const there = await client.read(at, MIB);
    assert.equal(Buffer.compare(there, own.subarray(at, at + MIB)), 0, `the MiB at ${at} differs`);
  }
  await client.disconnect();
}

Deno.test("export, ship and import complete while the guest writes; encrypted, signed, another machine's refused (M25)", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const b = await place.home("b", `127.0.0.1:${freePort()}`);
  await place.serve(a);
  let replica = await place.serve(b);
  const image = roughImage(place, "db.raw", SIZE, HELD);
  const enable = async (vm: string, disk: string) => {
    const added = await value("vm", "add", vm, "--data", a, "--disk", disk);
    const to = ["--to", replica.listen, "--frequency", "1s"];
    await value("replication", "enable", vm, "--data", a, ...to);
    return added["disks"][0]["uri"];
  };
  const guest = await Guest.start(await enable("db", image));
  const medium = await exported(a, b, "db", place.path("usb"));
  await guest.goesOn();
  assertSecret(a, image, medium);

  const carried = place.path("carried");
  fs.cpSync(medium, carried, { recursive: true });
  await guest.goesOn();
  const { backlogBytes } = await status(a);
  assert.ok(backlogBytes > 0, "what changes meanwhile stays marked");

  await enable("web", roughImage(place, "web.raw", 8 * MIB, 4 * MIB));
  const strange = await exported(a, b, "web", place.path("usb2"));
  const manifest = fs.readFileSync(`${strange}/manifest.json`, "utf8");
  fs.writeFileSync(`${strange}/manifest.json`, manifest.replace('"name":"web"', '"name":"db"'));
  const foreign = await refusal(1, "replication", "import", strange, "--data", b);
  assert.equal(foreign["code"], "wrong-disk");

  flip(`${carried}/0000002.part`, 4_000_000);
  const damaged = await refusal(1, "replication", "import", carried, "--data", b);
  assert.equal(damaged["code"], "damaged");
  assert.equal(partsImported(b), 0, "nothing was changed");
  flip(`${carried}/0000002.part`, 4_000_000);

  await importKilled(b, carried, () => replica.end("SIGKILL"));
  replica = await place.serve(b);
  // What is in the disks is not read again.
  const done = partsImported(b);
  flip(`${carried}/0000001.part`, 4_000_000);
  const imported = await value("replication", "import", carried, "--data", b);
  assert.equal(imported["state"], "Replicating");
  console.log(`media: killed behind ${done} parts, and gone on with; ${guest.writes} writes`);

  await until(() => status(a), ({ state }) => state === "Replicating", STEP_MAX);
  await guest.goesOn();
  await value("replication", "cycle", "db", "--data", a);
  await guest.stop();
  await value("replication", "cycle", "db", "--data", a);
  for (const data of [a, b]) await keyGone(data);
  await same(b, image);
});
