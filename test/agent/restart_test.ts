/**
 * Servers that are killed and started again: guests reconnect, replication goes on, nothing is copied
 * again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { type JsonObject, Place, RunningServer, until, value } from "./warmsite.ts";

const MIB = 1024 * 1024;

/** Gives the home `data` the port that its server got, so that the next one is found there. */
function keepPort(data: string, { listen }: RunningServer): void {
  const settings = JSON.parse(Deno.readTextFileSync(`${data}/settings.json`));
  Deno.writeTextFileSync(`${data}/settings.json`, JSON.stringify({ ...settings, listen }));
}

async function protect(place: Place, a: string, to: string): Promise<string> {
  const file = place.image("x.raw", 32 * MIB);
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  for (let at = 0; at < 16 * MIB; at += bytes.length) {
    Deno.writeFileSync(file, bytes, { append: at > 0 });
  }
  Deno.truncateSync(file, 32 * MIB);
  const added = await value("vm", "add", "x", "--data", a, "--disk", file);
  await value("replication", "enable", "x", "--data", a, "--to", to, "--frequency", "1h");
  await value("replication", "start", "x", "--data", a);
  await value("replication", "cycle", "x", "--data", a);
  return added["disks"][0].uri;
}

async function write(uri: string, block: number, byte: number): Promise<void> {
  const client = await NbdClient.connect(uri);
  await client.write(block * 4096, new Uint8Array(4096).fill(byte));
  // No flush and no goodbye: what was acknowledged survives a kill all the same (E4).
  client.close();
  await client.closed;
}

async function firstByte(uri: string, block: number): Promise<number | undefined> {
  const client = await NbdClient.connect(uri);
  const bytes = await client.read(block * 4096, 4096);
  await client.disconnect();
  return bytes[0];
}

Deno.test("a killed primary goes on where it was: its guest reconnects, only changes travel", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  const replica = await place.serve(b);
  const first = await place.serve(a);
  const uri = await protect(place, a, replica.listen);
  const before = await value("points", "list", "x", "--data", b) as unknown as JsonObject[];
  await write(uri, 7, 0xaa);
  await first.end("SIGKILL");

  await place.serve(a);
  assert.equal(await firstByte(uri, 7), 0xaa);
  await write(uri, 8, 0xbb);
  const { point } = await value("replication", "cycle", "x", "--data", a);
  const status = await value("replication", "status", "x", "--data", a);
  assert.ok(status["bytesSent"] <= 4 * MIB, `${status["bytesSent"]} bytes were sent again`);
  const points = await value("points", "list", "x", "--data", b) as unknown as JsonObject[];
  assert.deepEqual(points.slice(0, before.length).map(({ id }) => id), before.map(({ id }) => id));
  // A cycle was due at the start, and one was asked for.
  assert.ok(points.length - before.length <= 2, "no point is made again");
  const failover = await value("failover", "start", "x", "--data", b, "--point", point);
  const there = failover["disks"][0].uri;
  assert.deepEqual([await firstByte(there, 7), await firstByte(there, 8)], [0xaa, 0xbb]);
});

Deno.test("a killed replica keeps its points and its failover, and is found again", async () => {
  await using place = new Place();
  const [a, b] = await place.homes("a", "b") as [string, string];
  const first = await place.serve(b);
  keepPort(b, first);
  await place.serve(a);
  const uri = await protect(place, a, first.listen);
  await write(uri, 3, 0x31);
  await first.end("SIGKILL");
  const second = await place.serve(b);
  assert.equal(second.listen, first.listen);
  const { point } = await until(
    () => value("replication", "cycle", "x", "--data", a),
    (answer) => answer["point"] !== undefined,
  );

  const failover = await value("failover", "start", "x", "--data", b);
  assert.equal(failover["point"], point);
  const there = failover["disks"][0].uri;
  await write(there, 4, 0x41);
  await second.end("SIGKILL");
  await place.serve(b);
  const status = await value("replication", "status", "x", "--data", b);
  assert.equal(status["state"], "FailedOverWaitingCompletion");
  assert.equal(status["disks"][0].uri, there, "guests find their disk where it was");
  assert.deepEqual([await firstByte(there, 3), await firstByte(there, 4)], [0x31, 0x41]);
});
