/**
 * A cycle that is ended while its guest is frozen, by its relationship's end, its machine's removal or a stop, and whose
 * thaw then fails: no task of the server fails with it, and no guest stays frozen.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { SECOND } from "../../../../engine/core/base/units.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import { makePair, protect, type Site, status } from "./pair.ts";

const VM = { vm: "vm" };

/** A pair whose cycle is under way, its guest frozen by a freeze that does not return, and its agent gone since. */
function frozen(seed: number) {
  const pair = makePair(seed);
  const { a, world } = pair;
  protect(a, { freeze: "F", thaw: "T" });
  const guest = a.host.hypervisor.machine("vm");
  guest.sticks = true;
  begin(a, "replication cycle", { ...VM, appConsistent: true });
  world.runWhile(() => !guest.frozen, 10 * SECOND);
  equal(guest.frozen, true);
  guest.fails.thaw = "no agent";
  return { ...pair, guest };
}

function begin(site: Site, verb: string, args = {}) {
  return site.host.process!.loop.start(verb, site.server!.call(verb, args));
}

/** The agent answers again. */
function heal(guest: ReturnType<typeof frozen>["guest"]): void {
  guest.fails.thaw = "";
  guest.sticks = false;
}

Deno.test("replication that is disabled while the guest is frozen, and cannot be thawed, thaws it later", () => {
  const { a, guest, world } = frozen(90);
  a.call("replication disable", VM);
  deepEqual(world.violations, []);
  equal(guest.frozen, true);
  match(JSON.stringify(status(a)), /may be frozen still/, "and says so meanwhile");
  heal(guest);
  world.runFor(12 * SECOND);
  equal(guest.frozen, false);
  deepEqual(world.violations, []);
});

Deno.test("a server that is stopped while the guest is frozen, and cannot be thawed, thaws it at its next start", () => {
  const { a, guest, world } = frozen(91);
  a.host.run(a.server!.stop());
  deepEqual(world.violations, []);
  equal(guest.frozen, true);
  heal(guest);
  a.host.kill();
  a.start();
  world.runFor(SECOND);
  equal(guest.frozen, false);
  deepEqual(world.violations, []);
});

Deno.test("a machine is removed while its guest is being thawed, and that thaw takes its time", () => {
  const { a, guest, world } = frozen(92);
  a.call("replication disable", VM);
  guest.times.thaw = 3 * SECOND;
  guest.fails.thaw = "";
  // The thaw that is tried again is under way when the commands are forgotten.
  world.runFor(2 * SECOND);
  equal(guest.frozen, true);
  a.call("vm remove", VM);
  equal(guest.frozen, false);
  deepEqual(world.violations, []);
});

Deno.test("a machine is removed whose guest cannot be thawed: it is thawed later, and then nothing of it is left", () => {
  for (const restarts of [false, true]) {
    const { a, guest, world } = frozen(restarts ? 94 : 93);
    a.call("replication disable", VM);
    a.call("vm remove", VM);
    world.runFor(3 * SECOND);
    equal(guest.frozen, true);
    if (restarts) {
      a.host.kill();
      a.start();
      world.runFor(SECOND);
    }
    heal(guest);
    world.runFor(12 * SECOND);
    equal(guest.frozen, false);
    const book = a.host.data.entries.get("commands") as Directory;
    deepEqual([...book.entries.keys()], []);
    deepEqual(world.violations, []);
  }
});

Deno.test("a new machine of the name of one whose guest cannot be thawed has no more of its commands than that it is thawed", () => {
  const { a, guest, world } = frozen(95);
  a.call("replication disable", VM);
  a.call("vm remove", VM);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND, status: "S" });
  heal(guest);
  world.runFor(12 * SECOND);
  equal(guest.frozen, false);
  deepEqual(a.server!.commands.of("vm"), { status: "S", thaw: "T" });
  deepEqual(world.violations, []);
});
