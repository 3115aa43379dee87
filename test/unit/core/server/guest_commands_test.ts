/**
 * The administrator's commands of a machine: what may be set, where it stays, and what runs when.
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { machineIsOff } from "../../../../engine/core/failover/machine_off.ts";
import { Attachments } from "../../../../engine/core/server/attachments.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import { makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const BOTH = { freeze: "F", thaw: "T" };

function commandsAt(site: Site): unknown {
  return (site.call("replication status", VM) as JsonObject)["commands"];
}

function names(site: Site): string[] {
  const folder = site.host.data.entries.get("commands");
  return folder instanceof Directory ? [...folder.entries.keys()] : [];
}

Deno.test("each side has commands of its own, which outlive a restart and go with the machine", () => {
  const { a, b } = makePair(70);
  protect(a, { ...BOTH, status: "S" });
  deepEqual(commandsAt(a), { ...BOTH, status: "S" });
  deepEqual(commandsAt(b), {}, "nothing of them travelled");
  b.call("replication set", { ...VM, start: "UP", stop: "DOWN" });
  a.call("replication set", { ...VM, status: "", stop: "HALT" });
  for (const site of [a, b]) {
    site.host.kill();
    site.start();
  }
  deepEqual(commandsAt(a), { ...BOTH, stop: "HALT" });
  deepEqual(commandsAt(b), { start: "UP", stop: "DOWN" });
  b.call("replication disable", VM);
  deepEqual(names(b), []);
  a.call("replication disable", VM);
  deepEqual(
    commandsAt(a),
    { ...BOTH, stop: "HALT" },
    "they are the machine's, not the relationship's",
  );
  a.call("vm remove", VM);
  deepEqual(names(a), []);
});

Deno.test("what cannot be is refused and changes nothing", () => {
  const { a } = makePair(71);
  throws(() => a.call("replication set", { ...VM, start: "UP" }), /No machine "vm"/);
  protect(a);
  throws(() => a.call("replication set", { ...VM, freeze: "F" }), /would leave the guest frozen/);
  throws(() => a.call("replication set", { ...VM, start: "x".repeat(5000) }), /too long/);
  throws(() => a.call("replication set", { ...VM, start: 5 }), /unsound argument "start"/);
  throws(() => a.call("replication enable", { ...VM, to: "b:1", ...BOTH }), /in state Replicating/);
  throws(() => a.call("replication enable", { ...VM, to: "nowhere", ...BOTH }), /Not an address/);
  deepEqual(commandsAt(a), {});
  deepEqual(names(a), []);
  a.call("replication set", { ...VM, ...BOTH });
  throws(() => a.call("replication set", { ...VM, thaw: "" }), /would leave the guest frozen/);
  deepEqual(commandsAt(a), BOTH);
});

Deno.test("a record of commands that cannot be read is that machine's trouble alone", () => {
  const { a, world } = makePair(72);
  protect(a, { start: "UP" });
  const folder = (a.host.data.entries.get("commands") as Directory).entries.get("vm") as Directory;
  a.host.kill();
  const record = folder.entries.get("commands.json");
  ok(record !== undefined && !(record instanceof Directory));
  record.sectors.damage(9, new Uint8Array(4));
  a.start();
  const status = a.call("replication status", VM) as JsonObject;
  equal(status["health"], "Critical");
  match(JSON.stringify(status["warnings"]), /Cannot read the commands of \\"vm\\"/);
  a.call("replication cycle", VM);
  a.call("replication set", { ...VM, start: "UP" });
  equal((a.call("replication status", VM) as JsonObject)["health"], "Normal");
  deepEqual(world.violations, []);
});

Deno.test("a failover starts the machine by its command, a cancel stops it, a complete asks", () => {
  const { a, b } = makePair(73);
  protect(a);
  const attachments = new Attachments();
  b.server!.exports.use(attachments);
  b.call("replication set", { ...VM, start: "UP", stop: "DOWN", status: "S" });
  const machine = b.host.hypervisor.machine("vm");
  const started = b.call("failover start", VM) as JsonObject;
  equal(started["started"], true);
  deepEqual([machine.power, machine.uris], ["running", ["vm/0"]]);
  throws(
    () => b.call("failover complete", VM),
    (error: Failed) => error.code === "busy" && /is running, says/.test(error.failure.message),
  );
  machine.fails.stop = "no";
  throws(() => b.call("failover cancel", VM), /hypervisor: no/);
  equal(b.server!.replica.status("vm")["state"], "FailedOverWaitingCompletion");
  machine.fails.stop = "";
  b.host.run(attachments.enter("vm/0", { *stop() {} }));
  const before = b.host.world.now;
  throws(() => b.call("failover cancel", VM), /A guest is attached to vm\/0, although/);
  ok(b.host.world.now - before >= 5 * SECOND, "it was given time to leave");
  b.host.run(attachments.drop("vm/0"));
  b.call("failover cancel", VM);
  equal(machine.power, "stopped");

  machine.fails.start = "no such domain";
  const failed = b.call("failover start", VM) as JsonObject;
  deepEqual([failed["started"], b.server!.replica.status("vm")["state"]], [
    false,
    "FailedOverWaitingCompletion",
  ]);
  match(String(failed["startFailure"]), /no such domain/);
  b.call("failover complete", VM);
});

Deno.test("a machine is off when nobody is on its disks and its status command says so", () => {
  const { a } = makePair(74);
  protect(a, { status: "S" });
  const machine = a.host.hypervisor.machine("vm");
  let clients = 0;
  const spec = { name: "vm", ground: { disks: ["vm/0"] }, clients: () => clients };
  const isOff = () => a.host.run(machineIsOff(a.server!.commands, spec));
  const seen = (["unknown", "running", "stopped"] as const).map((power) => {
    machine.power = power;
    return isOff();
  });
  deepEqual(seen, [false, false, true]);
  clients = 1;
  equal(isOff(), false);
  clients = 0;
  a.call("replication set", { ...VM, status: "" });
  machine.power = "running";
  equal(isOff(), true, "without a command clients alone tell");
});

Deno.test("a server that stops waits for no command, and the verb is told so", () => {
  const { b, a } = makePair(75);
  protect(a);
  b.call("replication set", { ...VM, start: "UP" });
  b.host.hypervisor.machine("vm").times.start = 100 * SECOND;
  const run = b.host.process!.loop.start("start", b.server!.call("failover start", VM));
  b.host.world.runFor(SECOND);
  const before = b.host.world.now;
  b.host.run(b.server!.stop());
  ok(b.host.world.now - before < 5 * SECOND);
  equal(run.outcome?.ok, false);
});
