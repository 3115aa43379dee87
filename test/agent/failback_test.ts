/**
 * A machine between two real sites: moved and moved back, lost and brought back, by the commands that an
 * administrator types.
 *
 * @module
 */

import assert from "node:assert/strict";
import { same, twoSites } from "./sites.ts";
import { Place } from "./warmsite.ts";

const BLOCK = 4096;

Deno.test("a planned failover and back loses no byte and ships what was changed", async () => {
  await using place = new Place();
  const { a, b, disk } = await twoSites(place);
  await a.write(0, 256, 0x11);
  const before = await a.read();
  const moved = await a.call("failover", "planned", "db");
  assert.equal(moved["role"], "replica");
  same(await b.read(), before);

  await b.write(512, 64, 0x22);
  await b.call("replication", "cycle", "db");
  await a.until(({ state }) => state === "Replicating");
  const there = await b.status();
  assert.ok(there["bytesSent"] <= 64 * BLOCK * 1.01, `${there["bytesSent"]} bytes`);

  await b.write(1024, 16, 0x33);
  const now = await b.read();
  await b.call("failover", "planned", "db");
  same(await a.read(), now);
  same(Deno.readFileSync(disk), now);
  await a.write(2048, 4, 0x44);
  await a.call("replication", "cycle", "db");
  const back = await a.status();
  assert.ok(back["bytesSent"] <= 4 * BLOCK * 1.01, `${back["bytesSent"]} bytes`);
});

Deno.test("a lost primary comes back by delta after a failover to the third newest point", async () => {
  await using place = new Place();
  const { a, b } = await twoSites(place);
  for (let round = 1; round <= 4; round++) {
    await a.write(round * 16, 16, round);
    await a.call("replication", "cycle", "db");
  }
  // Written and never replicated: the site is lost behind it.
  await a.write(256, 8, 0x77);
  const lost = await a.read();
  await a.end("SIGKILL");

  const points = await b.points();
  const chosen = points.at(-3)?.["id"] as string;
  await b.call("failover", "start", "db", "--point", chosen);
  await b.write(512, 8, 0x55);
  await b.call("failover", "reverse", "db");
  await b.write(520, 8, 0x56);
  const now = await b.read();

  await a.start();
  await a.until(({ role }) => role === "replica");
  await b.call("replication", "cycle", "db");
  await a.until(({ state }) => state === "Replicating");
  const { bytesSent } = await b.status();
  // Two points that the chosen one has not, what was never replicated, what was written since.
  const changed = (2 * 16 + 8 + 16) * BLOCK;
  assert.ok(bytesSent <= changed * 1.01, `${bytesSent} bytes for ${changed} changed`);

  const kept = (await a.points())[0]?.["id"] as string;
  await a.call("failover", "start", "db");
  same(await a.read(), now);
  await a.call("failover", "cancel", "db");
  await a.call("failover", "start", "db", "--point", kept);
  same(await a.read(), lost);
});
