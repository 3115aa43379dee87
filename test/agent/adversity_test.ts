/**
 * What a relationship between two real sites comes through: a link that is down for many cycles, either
 * side's state lost, a test failover while the guest goes on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { Proxy } from "./proxy.ts";
import { same, type Site, twoSites } from "./sites.ts";
import { type JsonObject, Place, refusal, until } from "./warmsite.ts";

const BLOCK = 4096;

/** Ids of a site's recovery points, oldest first. */
async function ids(site: Site): Promise<string[]> {
  return (await site.points()).map(({ id }) => id as string);
}

/** Every state that the machine is seen in at a site while `work` goes on. */
async function statesDuring(site: Site, work: () => Promise<void>): Promise<string[]> {
  const states = new Set<string>();
  let over = false;
  const watching = (async () => {
    while (!over) states.add((await site.status())["state"]);
  })();
  try {
    await work();
  } finally {
    over = true;
    await watching;
  }
  return [...states];
}

Deno.test("a link that was down for ten cycles is caught up with in three", async () => {
  await using place = new Place();
  let to = "";
  await using link = new Proxy(() => to);
  const through = (listen: string) => {
    to = listen;
    return link.address;
  };
  const { a, b } = await twoSites(place, through, "--frequency", "1s");
  const logs = () => Deno.statSync(place.path("db.raw.hrl")).size;
  const size = logs();
  link.cut();
  const down = performance.now();
  let wanted: Uint8Array = new Uint8Array();
  let before = 0;
  const states = await statesDuring(a, async () => {
    for (let round = 0; performance.now() - down < 10_000; round++) {
      await a.write((round * 7) % 2048, 8, round % 255);
    }
    assert.equal(logs(), size, "the log does not grow");
    wanted = await a.read();
    before = (await ids(b)).length;
    link.mend();
    await until(() => ids(b), ({ length }) => length >= before + 3);
  });
  assert.deepEqual(states, ["Replicating"], "no resynchronization was ever due (M05)");
  const points = await ids(b);
  // Nothing was written since the link is back: the third point from there on has all of it.
  await b.call("failover", "start", "db", "--point", points[before + 2] as string);
  same(await b.read(), wanted);
});

Deno.test("either side's state that was lost is made up for by comparing", async () => {
  await using place = new Place();
  const { a, b } = await twoSites(place);
  await a.write(0, 1024, 0x11);
  await a.call("replication", "cycle", "db");
  const older = await ids(b);

  await a.end("SIGTERM");
  Deno.removeSync(place.path("db.raw.hrl"));
  await a.start();
  const before = (await a.status())["bytesSent"] as number;
  await a.write(3000, 1, 0x22);
  await a.until(({ state }) => state === "Replicating");
  await a.call("replication", "cycle", "db");
  const { bytesSent } = await a.status();
  assert.ok(bytesSent - before <= 32 * BLOCK, `${bytesSent - before} bytes for one block`);
  assert.deepEqual((await ids(b)).slice(0, older.length), older, "every older point stays");

  await b.end("SIGTERM");
  Deno.removeSync(`${b.data}/replicas`, { recursive: true });
  await b.start();
  await a.call("replication", "start", "db");
  await a.call("replication", "cycle", "db");
  const wanted = await a.read();
  await b.call("failover", "start", "db");
  same(await b.read(), wanted);
});

/** All is well, and exactly what the primary has is at the replica, on the newest point. */
async function replicated(a: Site, b: Site): Promise<void> {
  await a.call("replication", "cycle", "db");
  const { health, warnings } = await a.status();
  assert.deepEqual([health, warnings], ["Normal", []]);
  const wanted = await a.read();
  await b.call("failover", "start", "db");
  same(await b.read(), wanted);
  await b.call("failover", "cancel", "db");
}

Deno.test("a primary whose own record was lost is another machine, and goes on by comparing with what was exported", async () => {
  await using place = new Place();
  const { a, b, disk } = await twoSites(place);
  await a.write(0, 1024, 0x11);
  await a.call("replication", "cycle", "db");
  await a.end("SIGTERM");
  Deno.removeSync(`${a.data}/machines/db`, { recursive: true });
  await a.start();
  assert.deepEqual(await a.call("vm", "list"), []);
  const older = await ids(b);
  const enable = ["replication", "enable", "db", "--to", b.listen, "--frequency", "1h"];
  await a.call("vm", "add", "db", "--disk", disk);
  await a.write(2000, 8, 0x22);
  await a.call(...enable);
  await a.call("replication", "start", "db");
  const { warnings } = await a.until(({ state }) => state === "Error");
  assert.match(
    warnings.join("; "),
    /holds another machine of this name.*remove the machine at the/,
  );
  assert.deepEqual(await ids(b), older, "nothing is lost for that");
  // What the replica holds is kept as files, and is the copy that the new machine is compared with.
  const point = older.at(-1) as string;
  const out = place.path("kept");
  await b.call("points", "export", "db", "--point", point, "--out", out);
  await b.call("replication", "disable", "db");
  const copy = ["--as-replica", "--disk", `${out}/disk-0.raw`, "--from", "a"];
  await b.call("replication", "enable", "db", ...copy);
  await a.call("replication", "disable", "db");
  await a.call(...enable);
  await a.call("replication", "start", "db", "--existing-copy");
  await a.until(({ state }) => state === "Replicating");
  await replicated(a, b);
  const { bytesSent } = await a.status();
  assert.ok(bytesSent <= 32 * BLOCK, `${bytesSent} bytes for eight blocks`);
});

Deno.test("a replica whose whole state was deleted takes nothing, says what to do, and is seeded again behind that", async () => {
  await using place = new Place();
  const { a, b } = await twoSites(place);
  await a.write(0, 1024, 0x11);
  await a.call("replication", "cycle", "db");
  await b.end("SIGTERM");
  for (const name of ["state.0", "state.1"]) Deno.removeSync(`${b.data}/replicas/db/${name}`);
  await b.start();
  await a.write(2000, 8, 0x22);
  const refused = await refusal(1, "replication", "cycle", "db", "--data", a.data);
  assert.match(refused["message"], /holds no replica/);
  assert.match(refused["action"], /Put back what is missing, state\.0.*; or remove it and seed it/);
  const broken = await b.status();
  assert.deepEqual([broken["state"], broken["health"]], ["Error", "Critical"]);
  assert.match(broken["warnings"].join("; "), /remove it and seed it again/);
  // The guest goes on, and what it writes is tracked.
  await a.write(3000, 8, 0x33);
  await b.call("vm", "remove", "db");
  await a.call("replication", "start", "db");
  await replicated(a, b);
});

/** How long cycles take on the average, from their beginning until their point is staged, µs: five of them. */
async function latency(a: Site): Promise<number> {
  await a.call("replication", "reset-statistics", "db");
  const { current } = await until(
    () => a.call("replication", "statistics", "db"),
    ({ current }) => (current as JsonObject)["cycles"] >= 5,
  );
  return (current as JsonObject)["latencyAverageMicros"] as number;
}

Deno.test("a test failover under load leaves nothing behind and holds nothing up", async () => {
  await using place = new Place();
  const { a, b } = await twoSites(place, undefined, "--frequency", "1s");
  await a.write(0, 64, 0x11);
  await a.call("replication", "cycle", "db");
  // Statistics are saved once a minute, test or none.
  const folder = () =>
    [...Deno.readDirSync(`${b.data}/replicas/db`)].map(({ name }) => name)
      .filter((name) => name !== "statistics.json").sort();
  const before = folder();
  const point = (await b.points()).at(-1)?.["id"] as string;
  let writing = true;
  const load = (async () => {
    for (let round = 0; writing; round++) await a.write(100 + (round % 500), 4, round % 255);
  })();
  const alone = await latency(a);
  const test = await b.call("failover", "test", "db", "--point", point) as JsonObject;
  const image = await b.read("db - Test/0");
  const others = ["db - Test 2", "db - Test 3"];
  for (const name of others) assert.equal((await b.call("failover", "test", "db"))["vm"], name);
  const loads = others.map(async (name) => {
    const client = await NbdClient.connect(b.uri(`${name}/0`));
    for (let round = 0; writing; round++) {
      await client.write((round % 500) * BLOCK, new Uint8Array(BLOCK).fill(round % 255), {
        fua: true,
      });
    }
    await client.disconnect();
  });
  try {
    console.log(
      `tests: a cycle took ${alone} µs alone, ${await latency(a)} µs beside three under load`,
    );
    for (let round = 0; round < 3; round++) await a.call("replication", "cycle", "db");
    same(await b.read("db - Test/0"), image);
    const { objective } = await a.status();
    assert.equal(objective, "met");
  } finally {
    writing = false;
    await Promise.all([load, ...loads]);
  }
  for (const name of others) await b.call("failover", "test", "db", "--delete", name);
  assert.equal(test["vm"], "db - Test");
  await b.call("failover", "test", "db", "--delete", "db - Test");
  assert.deepEqual(folder(), before);
});
