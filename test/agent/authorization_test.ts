/**
 * Two primaries and one replica server, as three processes: entries, locations, trust groups, and the test of the way
 * there (M63).
 *
 * @module
 */

import assert from "node:assert/strict";
import { callServer } from "../../engine/agent/management/client.ts";
import { type JsonObject, Place, refusal, type RunningServer, until, value } from "./warmsite.ts";

const MIB = 1024 * 1024;
const MACHINES = [1, 2, 3, 4, 5];

Deno.test("two primaries with five machines each replicate at once into two locations and trust groups", async () => {
  await using place = new Place();
  const [a, b, c] = await place.homes("a", "b", "c") as [string, string, string];
  const replica = await place.serve(b);
  const to = replica.listen;
  await value("server", "set", "--data", b, "--allow", "entries");
  const shut = await refusal(1, "connection", "test", to, "--data", b);
  assert.equal(shut["code"], "wrong-server");
  const primaries = [[a, "a", "one"], [c, "c", "two"]] as const;
  const servers = new Map<string, RunningServer>();
  for (const [data, name, group] of primaries) {
    servers.set(data, await place.serve(data));
    const unknown = await refusal(1, "connection", "test", to, "--data", data);
    assert.equal(unknown["code"], "unauthorized");
    assert.match(unknown["action"], new RegExp(`authorization add ${name} `));
    const location = ["--location", place.path(group), "--trust-group", group];
    await value("authorization", "add", name, "--data", b, ...location);
    const found = await value("connection", "test", to, "--data", data, "--name", "b");
    assert.equal(found["server"], "b");
    assert.equal(found["trustGroup"], group);
  }
  await Promise.all(primaries.map(([data, name]) => protect(place, data, name, to)));
  const machines = await until(
    () => callServer(b, "vm list", {}) as Promise<JsonObject[]>,
    (list) => list.length === 10 && list.every(({ state }) => state === "Replicating"),
  );
  for (const [, name, group] of primaries) {
    const there = [...Deno.readDirSync(place.path(group))].map((entry) => entry.name).sort();
    assert.deepEqual(there, [".warmsite", ...MACHINES.map((n) => `${name}${n}`)]);
    const own = machines.filter((machine) => machine["primary"] === name);
    assert.deepEqual(own.map((machine) => machine["trustGroup"]), MACHINES.map(() => group));
  }
  // An entry that goes shuts its primary out at once; what is there can be failed over to.
  await value("authorization", "remove", "--trust-group", "two", "--data", b);
  const status = await until(
    () => value("replication", "status", "c1", "--data", c),
    ({ state }) => state === "Error",
  );
  assert.match(String(status["warnings"]), /no authorization entry for "c"/);
  const warned = await value("server", "show", "--data", b);
  assert.match(String(warned["warnings"]), /entry for "c"/);
  await value("failover", "start", "c1", "--data", b);
  await value("failover", "cancel", "c1", "--data", b);

  for (const server of servers.values()) await server.end();
  await moveMachine(place, a, b, c);
});

/** Five machines of a primary, protected. */
async function protect(place: Place, data: string, name: string, to: string): Promise<void> {
  for (const n of MACHINES) {
    const vm = `${name}${n}`;
    const disk = place.image(`${vm}.raw`, MIB);
    await callServer(data, "vm add", { vm, disks: [disk] });
    await callServer(data, "replication enable", { vm, to, frequency: 1_000_000 });
    await callServer(data, "replication start", { vm });
  }
}

/** The folder of a1 is copied to c, which is in another group, and then in the same one. */
async function moveMachine(place: Place, a: string, b: string, c: string): Promise<void> {
  await value("authorization", "add", "c", "--data", b, "--trust-group", "two");
  copyFolder(`${a}/machines/a1`, `${c}/machines/a1`);
  await place.serve(c);
  const refused = await until(
    () => value("replication", "status", "a1", "--data", c),
    ({ state }) => state === "Error",
  );
  assert.match(
    String(refused["warnings"]),
    /machine of "a" in trust group "one", and "c" is in .*"two"/,
  );
  await value("authorization", "set", "c", "--data", b, "--trust-group", "one");
  await value("replication", "resume", "a1", "--data", c);
  await until(
    () => value("replication", "status", "a1", "--data", b),
    ({ primary }) => primary === "c",
  );
  await value("replication", "cycle", "a1", "--data", c);
}

Deno.test("enable warns of a replica that cannot be reached, and has enabled all the same", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  await place.serve(a);
  await value("vm", "add", "x", "--data", a, "--disk", place.image("x.raw", MIB));
  const enabled = await value("replication", "enable", "x", "--data", a, "--to", "127.0.0.1:1");
  assert.equal(enabled["connection"]["code"], "connection-refused");
  assert.match(enabled["connection"]["message"], /Nobody listens at 127\.0\.0\.1:1/);
  assert.equal(enabled["state"], "ReadyForInitialReplication");
});

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { mode: 0o700 });
  for (const { name } of Deno.readDirSync(from)) {
    Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
