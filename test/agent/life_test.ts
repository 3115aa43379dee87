/**
 * The life of a protected machine, by the commands that an administrator types.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { type JsonObject, Place, refusal, until, value, warmsite } from "./warmsite.ts";

const MIB = 1024 * 1024;
const IDENTITY = /^[0-9a-f]{32}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const STATUS_KEYS = [
  ...["vm", "role", "state", "health", "objective", "backlogBytes", "lastCut", "lastStaged"],
  ...["lastApplied", "rpoSeconds", "bytesSent", "compressedRatio", "warnings"],
];

function checkStatus(status: JsonObject): void {
  for (const key of STATUS_KEYS) assert.ok(key in status, `status has ${key}`);
  for (const key of ["lastCut", "lastStaged", "lastApplied"]) {
    if (status[key] !== null) assert.match(status[key], TIME, key);
  }
  assert.ok(Array.isArray(status["warnings"]));
}

/** Fills one block of the export at `uri`. */
async function write(uri: string, block: number, byte: number): Promise<void> {
  const client = await NbdClient.connect(uri);
  await client.write(block * 4096, new Uint8Array(4096).fill(byte), { fua: true });
  await client.disconnect();
}

/** The first byte of one block of the export at `uri`, of which all bytes are the same. */
async function read(uri: string, block: number): Promise<number | undefined> {
  const client = await NbdClient.connect(uri);
  const bytes = await client.read(block * 4096, 4096);
  await client.disconnect();
  assert.ok(bytes.every((byte) => byte === bytes[0]));
  return bytes[0];
}

Deno.test("a machine is protected, fails over, comes back, and stays where it was completed", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  await place.serve(a);
  const replica = await place.serve(b);
  const disk = place.image("db.raw", 16 * MIB);
  const uri = await protect(a, disk, replica.listen);
  const [first, second] = await cycleTwice(a, b, uri);
  await failOverAndBack(b, first);
  await failOverForGood(b, second);
  const disabled = await value("replication", "disable", "db", "--data", a);
  assert.equal(disabled["state"], "Disabled");
  assert.deepEqual(await value("vm", "remove", "db", "--data", a), { vm: "db" });
  assert.equal(Deno.readFileSync(disk)[4096], 0x33, "its disk stays");
});

/** Adds the machine and replicates it for the first time; returns its disk's URI. */
async function protect(a: string, disk: string, listen: string): Promise<string> {
  const data = ["--data", a];
  const added = await value("vm", "add", "db", ...data, "--disk", disk);
  const [{ name, uri, qemu, size, path }] = added["disks"];
  assert.deepEqual({ name, size, path }, { name: "db/0", size: 16 * MIB, path: disk });
  assert.equal(uri, `nbd+unix:///db/0?socket=${a}/nbd.sock`);
  assert.match(qemu, /^-blockdev driver=nbd,.*export=db\/0.*reconnect-delay=[1-9]\d\d/);
  assert.equal((await value("vm", "list", ...data))["length"], 1);

  await write(uri, 1, 0x11);
  const enabled = await value(
    ...["replication", "enable", "db", ...data, "--to", listen, "--frequency", "1h"],
    ...["--retention", "last 5", "--compression", "on", "--bandwidth", "1Gbit"],
  );
  assert.equal(enabled["state"], "ReadyForInitialReplication");
  checkStatus(enabled);
  assert.equal(enabled["rpoSeconds"], null);
  assert.equal((await refusal(4, "replication", "cycle", "db", ...data))["code"], "wrong-state");
  await value("replication", "start", "db", ...data);
  await until(
    () => value("replication", "status", "db", ...data),
    ({ state }) => state === "Replicating",
  );
  return uri;
}

/** Writes and cycles, twice, and writes once more; returns both points. */
async function cycleTwice(a: string, b: string, uri: string): Promise<[string, string]> {
  const data = ["--data", a];
  const { point } = await value("replication", "cycle", "db", ...data);
  assert.match(point, IDENTITY);
  const status = await value("replication", "status", "db", ...data);
  checkStatus(status);
  assert.deepEqual(
    [status["vm"], status["role"], status["state"], status["health"], status["objective"]],
    ["db", "primary", "Replicating", "Normal", "met"],
  );
  assert.ok(status["bytesSent"] > 0);
  assert.ok(status["compressedRatio"] >= 0 && status["compressedRatio"] < 1);

  await write(uri, 1, 0x22);
  const second = (await value("replication", "cycle", "db", ...data))["point"];
  await write(uri, 1, 0x33);
  const points = await value("points", "list", "db", "--data", b) as unknown as JsonObject[];
  assert.deepEqual(points.slice(-2).map(({ id }) => id), [point, second]);
  for (const listed of points) checkPoint(listed);
  assert.equal(points.at(-1)?.["parent"], point);
  const there = await value("replication", "status", "--data", b) as unknown as JsonObject[];
  assert.equal(there.length, 1);
  checkStatus(there[0]!);
  assert.equal(there[0]!["role"], "replica");
  return [point, second];
}

/** To an earlier point, and back to being a replica. */
async function failOverAndBack(b: string, point: string): Promise<void> {
  const data = ["--data", b];
  const early = await value("failover", "start", "db", ...data, "--point", point);
  assert.deepEqual([early["vm"], early["point"]], ["db", point]);
  const [{ name, uri }] = early["disks"];
  assert.equal(name, "db/0");
  assert.equal(await read(uri, 1), 0x11);
  await write(uri, 2, 0x44);
  assert.equal((await refusal(4, "failover", "start", "db", ...data))["code"], "wrong-state");
  assert.equal((await value("failover", "cancel", "db", ...data))["state"], "Replicating");
  assert.equal((await refusal(4, "failover", "cancel", "db", ...data))["code"], "wrong-state");
}

/** To the newest point, and complete. */
async function failOverForGood(b: string, point: string): Promise<void> {
  const data = ["--data", b];
  const newest = await value("failover", "start", "db", ...data);
  assert.equal(newest["point"], point);
  const { uri } = newest["disks"][0];
  assert.equal(await read(uri, 1), 0x22);
  assert.equal(await read(uri, 2), 0x00, "what was cancelled is gone");
  await write(uri, 3, 0x55);
  const attached = await NbdClient.connect(uri);
  const busy = await refusal(4, "failover", "complete", "db", ...data);
  assert.match(busy["message"], /A guest is attached to db\/0/);
  await attached.disconnect();
  const completed = await value("failover", "complete", "db", ...data);
  const [file] = completed["files"];
  assert.equal(Deno.statSync(file).size, 16 * MIB);
  const bytes = Deno.readFileSync(file);
  assert.deepEqual([bytes[4096], bytes[2 * 4096], bytes[3 * 4096]], [0x22, 0x00, 0x55]);
  const after = await value("replication", "status", "db", ...data);
  assert.equal(after["state"], "FailedOver");
}

function checkPoint(point: JsonObject): void {
  const keys = [
    ...["id", "parent", "generation", "cut", "kind", "applied", "sizes", "digests", "broken"],
  ];
  for (const key of keys) assert.ok(key in point, `a point has ${key}`);
  assert.match(point["id"], IDENTITY);
  assert.match(point["cut"], TIME);
  assert.deepEqual(point["sizes"], [16 * MIB]);
  assert.equal(point["kind"], "standard");
  assert.equal(point["broken"], null);
}

Deno.test("people read aligned tables, and relative paths mean the caller's folder", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  await place.serve(a);
  place.image("relative.raw", MIB);
  const added = await warmsite(
    ["vm", "add", "web", "--data", "a", "--disk", "relative.raw"],
    { cwd: place.folder },
  );
  assert.equal(added.code, 0, added.err);
  assert.match(added.out, /Disk web\/0: .*relative\.raw, 1 MiB/);
  assert.match(added.out, /-blockdev driver=nbd/);
  const underTask = await warmsite(
    ["vm", "list", "--data", "a"],
    { env: { INIT_CWD: place.folder } },
  );
  assert.equal(underTask.code, 0, underTask.err);
  const [heading, row] = underTask.out.split("\n");
  assert.equal(heading?.indexOf("STATE"), row?.indexOf("Disabled"));
});

Deno.test("people are told ports, addresses and files, in words", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  await place.serve(a);
  const replica = await place.serve(b);
  await value("vm", "add", "db", "--data", a, "--disk", place.image("db.raw", MIB));
  await value("replication", "enable", "db", "--data", a, "--to", replica.listen);
  await value("replication", "start", "--data", a);
  const { point } = await value("replication", "cycle", "--data", a);
  const say = async (...args: string[]) => {
    const { code, out, err } = await warmsite(args);
    assert.equal(code, 0, err);
    return out;
  };
  assert.match(
    await say("points", "list", "db", "--data", b),
    new RegExp(`^${point} .*standard`, "m"),
  );
  assert.match(
    await say("replication", "status", "db", "--data", a),
    /^RPO +0 s \(objective met: 10m\)/m,
  );
  const started = await say("failover", "start", "db", "--data", b);
  assert.match(started, new RegExp(`NBD +nbd\\+unix:///db/0\\?socket=${b}/nbd\\.sock`));
  assert.match(started, /QEMU +-blockdev driver=nbd/);
  const status = await say("replication", "status", "db", "--data", a);
  assert.match(
    status,
    /^Warning +"db" is failed over at the replica/m,
    "the primary knows at once",
  );
  const completed = await say("failover", "complete", "db", "--data", b);
  assert.match(completed, new RegExp(`^Disk db/0 +${b}/replicas/db/disk-0\\.raw$`, "m"));
});

Deno.test("serve says which port to open in the firewall, and stops when its input ends", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const main = fileURLToPath(new URL("../../engine/agent/main.ts", import.meta.url));
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", main, "serve", "--data", a, "--until-eof"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const said = new Response(server.stdout).text();
  await until(() => warmsite(["vm", "list", "--data", a]), ({ code }) => code === 0);
  await server.stdin.close();
  assert.equal((await server.status).code, 0);
  assert.match(await said, /127\.0\.0\.1:(\d+): open inbound TCP port \1 in the firewall/);
});

Deno.test("SIGTERM stops cleanly, and SIGHUP takes a new certificate", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const server = await place.serve(a);
  await value("pki", "issue", "--ca", place.path("ca"), "--data", a);
  server.signal("SIGHUP");
  await until(() => value("vm", "list", "--data", a), (list) => list["length"] === 0);
  const { code, log } = await server.end("SIGTERM");
  assert.equal(code, 0, log);
  const events = log.trim().split("\n").map((line) => JSON.parse(line).event);
  assert.deepEqual(events, ["started", "certificates", "stopping", "stopped"]);
  assert.throws(() => Deno.statSync(`${a}/warmsite.sock`), Deno.errors.NotFound);
  assert.throws(() => Deno.statSync(`${a}/nbd.sock`), Deno.errors.NotFound);
  assert.equal((await refusal(3, "vm", "list", "--data", a))["code"], "no-server");
});
