/**
 * What administrators do by mistake to two real sites: each is refused or healed, and says what to do next.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DISK_SIZE, freePort, same, Site, twoSites } from "./sites.ts";
import { type JsonObject, Place, refusal, until } from "./warmsite.ts";

/** All that status warns of. */
async function warningsOf(site: Site): Promise<string> {
  return ((await site.status())["warnings"] as string[]).join("; ");
}

/** Copies a folder as a backup does: everything but sockets. */
function backUp(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isFile, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) backUp(`${from}/${name}`, `${to}/${name}`);
    else if (isFile) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Puts a backup in the place of what is there now. */
function restore(from: string, to: string): void {
  Deno.removeSync(to, { recursive: true });
  backUp(from, to);
}

async function protectedAgain(a: Site, b: Site): Promise<void> {
  await a.until(({ state }) => state === "Replicating");
  await a.call("replication", "cycle", "db");
  const wanted = await a.read();
  await b.call("failover", "start", "db");
  same(await b.read(), wanted);
}

Deno.test("a replica restored from yesterday's copy is brought up to date by what differs", async () => {
  await using place = new Place();
  const { a, b } = await twoSites(place);
  await a.write(0, 16, 0x11);
  await a.call("replication", "cycle", "db");
  await b.end("SIGTERM");
  backUp(`${b.data}/replicas`, place.path("yesterday"));
  await b.start();
  await a.write(100, 64, 0x22);
  await a.call("replication", "cycle", "db");
  await a.write(200, 64, 0x33);
  await a.call("replication", "cycle", "db");
  await b.end("SIGTERM");
  restore(place.path("yesterday"), `${b.data}/replicas`);
  await b.start();
  const before = (await a.status())["bytesSent"] as number;
  await a.write(300, 1, 0x44);
  // As long as nobody lets it compare, it says what it has found and what to type.
  await a.call("replication", "set", "db", "--resync", "manual");
  await a.call("replication", "cycle", "db").catch(() => {});
  await a.until(({ state }) => state === "WaitingForStartResynchronize");
  const said = await warningsOf(a);
  assert.match(said, /"db" has to be resynchronized/);
  assert.match(said, /newest point is none that its log can prove/);
  assert.match(said, /warmsite replication resync start db/);
  await a.call("replication", "resync", "start", "db");
  await protectedAgain(a, b);
  const { bytesSent } = await a.status();
  assert.ok(bytesSent - before < DISK_SIZE / 8, `${bytesSent - before} bytes for 129 blocks`);
});

Deno.test("a primary that was cloned, or restored, asks before it goes on, and goes on when it is told to", async () => {
  await using place = new Place();
  const { a, b, disk } = await twoSites(place);
  await a.write(0, 16, 0x11);
  await a.end("SIGTERM");
  backUp(a.data, place.path("clone"));
  Deno.copyFileSync(disk, place.path("clone.raw"));
  await a.start();
  await a.write(100, 64, 0x22);
  await a.call("replication", "cycle", "db");
  await a.end("SIGTERM");
  // The copy of the server and of its disk starts in its place.
  restore(place.path("clone"), a.data);
  Deno.copyFileSync(place.path("clone.raw"), disk);
  await a.start();
  const points = await b.points();
  await a.until(({ state }) => state === "Error");
  const said = await warningsOf(a);
  assert.match(said, /second|another|copy/i);
  assert.match(said, /warmsite replication start --take-over/);
  assert.deepEqual(
    (await b.points()).map(({ id }) => id),
    points.map(({ id }) => id),
    "nothing is sent",
  );
  await a.call("replication", "start", "db", "--take-over");
  await protectedAgain(a, b);
});

Deno.test("an authorization that is removed amid a transfer ends it, says so, and costs nothing durable", async () => {
  await using place = new Place();
  const { a, b } = await twoSites(place);
  await b.call("server", "set", "--allow", "entries");
  await b.call("authorization", "add", "a", "--trust-group", "one");
  await a.until(({ state }) => state === "Error");
  await a.call("replication", "resume", "db");
  await a.call("replication", "cycle", "db");
  const points = (await b.points()).length;
  await a.call("replication", "set", "db", "--bandwidth", "512KiB", "--compression", "off");
  await a.write(0, 2048, 0x55);
  const cycle = refusal(1, "replication", "cycle", "db", "--data", a.data);
  await a.until(({ bytesSent }) => bytesSent > 0);
  await b.call("authorization", "remove", "a");
  const failure: JsonObject = await cycle;
  assert.match(failure["message"], /authoriz/i);
  assert.match(failure["action"], /authorization add/);
  await a.until(({ state }) => state === "Error");
  assert.match(await warningsOf(a), /authorization add/);
  assert.equal((await b.points()).length, points);
  await b.call("authorization", "add", "a", "--trust-group", "one");
  await a.call("replication", "set", "db", "--bandwidth", "0");
  await a.call("replication", "resume", "db");
  await protectedAgain(a, b);
});

/** A package of the machine `db` of `site`, on the medium `name`. */
async function packageOf(site: Site, place: Place, name: string): Promise<string> {
  Deno.mkdirSync(place.path(name));
  await site.call("replication", "start", "db", "--export", place.path(name));
  const exported = await site.until(({ state }) => state === "WaitingForInitialReplication");
  return exported["initialReplication"]["folder"];
}

Deno.test("a package of another machine of that name, and one at the wrong server, are refused, and the right one is taken", async () => {
  await using place = new Place();
  await place.homes();
  const sites: Site[] = [];
  for (const name of ["a", "b", "c"]) {
    sites.push(new Site(place, await place.home(name, `127.0.0.1:${freePort()}`)));
  }
  const [a, b, c] = sites as [Site, Site, Site];
  for (const site of sites) await site.start();
  // The machine of `c` has the same name, and nothing to do with `b`.
  for (const [site, to] of [[a, b.listen], [c, `127.0.0.1:${freePort()}`]] as const) {
    const disk = place.image(`${site === a ? "a" : "c"}.raw`, DISK_SIZE);
    await site.call("vm", "add", "db", "--disk", disk);
    await site.call("replication", "enable", "db", "--to", to, "--frequency", "1s");
  }
  await a.write(0, 16, 0x11);
  const missing = place.path("unmounted");
  const nowhere = await refusal(
    1,
    "replication",
    "start",
    "db",
    "--data",
    a.data,
    "--export",
    missing,
  );
  assert.equal(nowhere["code"], "not-found");
  assert.match(nowhere["action"], /Mount the medium, or make the folder/);
  const own = await packageOf(a, place, "usb");
  const strange = await packageOf(c, place, "usb2");
  await until(
    () => b.call("vm", "list") as unknown as Promise<JsonObject[]>,
    ([db]) => db?.["state"] === "WaitingForInitialReplication",
  );
  const foreign = await refusal(1, "replication", "import", strange, "--data", b.data);
  assert.equal(foreign["code"], "wrong-disk");
  assert.match(foreign["message"], /The package is of another machine "db"/);
  assert.match(
    foreign["action"],
    /The machine of that name here is [0-9a-f]{32}: import the package of that one/,
  );
  const here = await refusal(1, "replication", "import", own, "--data", a.data);
  assert.match(here["message"], /"db" runs on this server, which is its primary/);
  assert.match(here["action"], new RegExp(`${b.listen}.*"warmsite replication import PATH"`));
  assert.equal((await b.call("replication", "import", own))["state"], "Replicating");
  await protectedAgain(a, b);
});
