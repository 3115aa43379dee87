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
import { type JsonObject, Place, until } from "./warmsite.ts";

const BLOCK = 4096;

/** Ids of a site's recovery points, oldest first. */
async function ids(site: Site): Promise<string[]> {
  return (await site.points()).map(({ id }) => id as string);
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
  for (let round = 0; performance.now() - down < 10_000; round++) {
    await a.write((round * 7) % 2048, 8, round % 255);
  }
  assert.equal(logs(), size, "the log does not grow");
  const wanted = await a.read();
  const before = (await ids(b)).length;
  link.mend();
  const points = await until(() => ids(b), ({ length }) => length >= before + 3);
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
