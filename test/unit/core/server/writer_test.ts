/**
 * Who may write to a replica, and how many may come: restarted and copied primaries (L1), names that
 * differ in case alone, connections without end (E6), disks for which there is no room (R10).
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { SESSIONS_PER_PEER_MAX } from "../../../../engine/core/base/limits.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Session } from "../../../../engine/core/wire/session.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { copyHost, type HostCopy, putBack } from "./host_copy.ts";
import { ask, asPeer, opening } from "./peer.ts";
import { contents, disksOf, filled, makePair, protect, Site } from "./pair.ts";

const VM = { vm: "vm" };

/** The record of the machine at its primary. */
function record({ host }: Site): FileNode {
  let folder = host.data;
  for (const name of ["machines", "vm"]) folder = folder.entries.get(name) as Directory;
  return folder.entries.get("machine.json") as FileNode;
}

function state(site: Site): unknown {
  return (site.call("replication status", VM) as JsonObject)["state"];
}

Deno.test("a primary that is killed, restarted and cut off goes on (L1)", () => {
  const { a, b, world } = makePair(51);
  protect(a);
  for (let round = 1; round <= 5; round++) {
    if (round % 2 === 0) a.host.kill();
    else a.host.powerLoss();
    if (a.host.power === "off") a.host.powerOn();
    a.start();
    a.write("vm/0", 0, filled(512, round));
    a.call("replication cycle", VM);
    world.net.reset("a", "b");
    world.runFor(SECOND);
  }
  equal(state(a), "Replicating");
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, 512)[0], 5);
});

Deno.test("a copy of the primary is refused once the other has gone on, and asks (L1)", () => {
  const { a, b } = makePair(52);
  protect(a);
  const { sectors } = record(a);
  const copy = sectors.read(0, sectors.length);
  // The original goes on: with the same data folder it opens the conversation again.
  a.host.kill();
  a.start();
  a.call("replication cycle", VM);
  const points = (b.call("points list", VM) as JsonObject[]).length;

  a.host.kill();
  const now = record(a).sectors;
  now.truncate(copy.length);
  now.write(0, copy);
  now.persist(now.mark());
  a.start();
  a.write("vm/0", 0, filled(512, 9));
  throws(() => a.call("replication cycle", VM), /incarnation [0-9a-f]{8}/);
  equal(state(a), "Error");
  const { health, warnings } = a.call("replication status", VM) as JsonObject;
  equal(health, "Critical");
  match((warnings as string[]).join(), /--take-over/);
  equal((b.call("points list", VM) as JsonObject[]).length, points, "nothing of it was staged");

  a.call("replication start", { ...VM, takeOver: true });
  a.call("replication cycle", VM);
  equal(state(a), "Replicating");
  a.host.kill();
  a.start();
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, 512)[0], 9);
});

/** A host with everything that was on another one, its certificate too; it is not started. */
function cloneOf(world: SimWorld, copy: HostCopy): Site {
  const clone = new Site(world, "c", { certificateName: "a" });
  Object.assign(clone, { settings: { ...clone.settings, name: "a" } });
  putBack(clone.host, copy);
  return clone;
}

/** A pair whose primary was copied while it was down, and the copy: neither runs. */
function cloned(seed: number) {
  const pair = makePair(seed);
  const { world, a } = pair;
  protect(a, { frequency: 10 * SECOND });
  a.host.run(a.server!.stop(), 60 * SECOND);
  a.host.kill();
  return { ...pair, c: cloneOf(world, copyHost(a.host)) };
}

Deno.test("of a primary and its clone that are up together one is replicated, and the other one says what it is (L1)", () => {
  for (const order of ["the original first", "the clone first", "both at once"] as const) {
    const { world, a, b, c } = cloned(56);
    const sites = order === "the clone first" ? [c, a] : [a, c];
    const points = () => b.server!.replica.machine("vm").store.points;
    for (const site of sites) {
      site.start();
      if (order !== "both at once") world.runFor(30 * SECOND);
    }
    let round = 0;
    const go = (seconds: number) => {
      for (let at = 0; at < seconds; at += 5) {
        // Each guest writes its own, and nobody knows of the other one.
        a.write("vm/0", (round % 64) * KiB, filled(512, 1 + (round % 100)));
        c.write("vm/0", (round % 64) * KiB, filled(512, 101 + (round % 100)));
        round++;
        world.runFor(5 * SECOND);
      }
    };
    go(120);
    const [winner, loser] = state(a) === "Replicating" ? [a, c] : [c, a];
    if (order !== "both at once") equal(winner, sites[0], "who was there first goes on");
    const judge = (served: Site, refused: Site) => {
      deepEqual([state(served), state(refused)], ["Replicating", "Error"], order);
      const { health, warnings } = refused.call("replication status", VM) as JsonObject;
      equal(health, "Critical");
      match((warnings as string[]).join(), /Another copy of this server.*--take-over/);
      const before = points().length;
      go(60);
      ok(points().length >= before + 5 || points().length === 24, "its pace is what it was");
      served.call("replication cycle", VM);
      deepEqual(disksOf(b, points().at(-1)!.id), [contents(served, 0)], "nothing of the other");
      throws(() => refused.call("replication cycle", VM));
    };
    judge(winner, loser);
    equal((winner.call("replication status", VM) as JsonObject)["failures"], 0);
    const ids = points().map(({ id }) => id);

    // The administrator says that the other one is it: it goes on from where the replica is, and the first one stops.
    loser.call("replication start", { ...VM, takeOver: true });
    loser.call("replication cycle", VM);
    const kept = points().map(({ id }) => id);
    deepEqual(kept.slice(0, -1), ids.slice(ids.length - kept.length + 1), "every point stays");
    go(60);
    judge(loser, winner);
    equal(world.violations[0], undefined);
  }
});

Deno.test("names that differ in case alone are one name", () => {
  const { world, a, b } = makePair(53);
  a.host.addDisk("other.img", { size: MiB });
  protect(a);
  throws(() => a.call("vm add", { vm: "VM", disks: ["other.img"] }), /"vm" exists/);
  throws(() => b.call("vm add", { vm: "Vm", disks: ["other.img"] }), /"vm" exists/);
  const answer = asPeer(world, a, function* (peer) {
    const channel = (yield* peer.session()).openChannel();
    return yield* ask(channel, opening({ name: "vM" }));
  });
  ok(answer.type === "refused" && answer.code === "exists");
  match(answer.message, /"vm".*"vM".*case/);
});

Deno.test("a peer has so many connections and no more, and is told (E6)", () => {
  const { world, a } = makePair(54);
  const outcome = asPeer(world, a, function* (peer) {
    const sessions: Session[] = [];
    const refused: string[] = [];
    for (let count = 0; count < SESSIONS_PER_PEER_MAX + 3; count++) {
      const session = yield* peer.session();
      sessions.push(session);
      if (count < SESSIONS_PER_PEER_MAX) continue;
      yield* session.whenClosed();
      refused.push(session.closeReason?.message ?? "");
    }
    const open = sessions.filter(({ closed }) => !closed).length;
    sessions[0]?.close();
    yield* sessions[0]!.whenClosed();
    const again = yield* peer.session();
    const channel = again.openChannel();
    const answer = yield* ask(channel, opening());
    return { open, refused, answer: answer.type };
  });
  equal(outcome.open, SESSIONS_PER_PEER_MAX);
  equal(outcome.refused.length, 3);
  for (const words of outcome.refused) match(words, /16 connections/);
  equal(outcome.answer, "machine-opened", "one that ended makes room for another");
});

Deno.test("disks for which the replica has no room are refused before anything is sent (R10)", () => {
  const { a, b, world } = makePair(55, 16 * MiB);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.write("vm/0", 0, world.stream("guest").bytes(8 * MiB));
  const { volume } = b.host.data;
  const capacity = volume.capacity;
  volume.capacity = volume.used + 8 * MiB;
  const sent = () => world.net.link("a", "b").bytes;
  const before = sent();
  const settings = { vm: "vm", to: "b:7700", frequency: 3600 * SECOND };
  a.call("replication enable", settings);
  a.call("replication start", VM);
  throws(
    () => a.call("replication cycle", VM),
    /no-space: No room for "vm": .* 11 MiB more.* 8 MiB/,
  );
  ok(sent() - before < 64 * 1024, "nothing was sent");
  volume.capacity = capacity;
  a.call("replication cycle", VM);
  equal(state(a), "Replicating");
});
