/**
 * A machine that may be running is not moved: a planned failover is refused, and changes nothing (M48).
 *
 * @module
 */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import { Attachments } from "../../../../engine/core/server/attachments.ts";
import { filled, makePair, protect, type Site, status } from "./pair.ts";

const VM = { vm: "vm" };
const VERBS = ["failover prepare", "failover planned"];

/** Asks `site` for `verb`, which is refused with `code`, `message` and `action`, and changes nothing on either side. */
function refused(
  { a, b }: { a: Site; b: Site },
  verb: string,
  { code, message, action }: { code: string; message: RegExp; action: RegExp },
): void {
  const points = () => (b.call("points list", VM) as JsonObject[]).map(({ id }) => id);
  const before = points();
  throws(() => a.call(verb, VM), (error: Failed) => {
    equal(error.code, code, verb);
    match(error.failure.message, message, verb);
    match(error.failure.action, action, verb);
    return true;
  });
  equal(status(a)["state"], "Replicating", verb);
  deepEqual(a.server?.exports.list(), ["vm/0"], "its guest goes on");
  a.write("vm/0", 0, filled(KiB, 9));
  a.world.runFor(5 * SECOND);
  deepEqual(points(), before, "no point of a move was made");
  equal(status(b)["role"], "replica");
  equal(b.server?.replica.machine("vm").record.planned, undefined, "nothing was handed over");
}

/** Once the machine is off, what was refused is done. */
function moves({ a, b }: { a: Site; b: Site }, verb: string): void {
  a.write("vm/0", KiB, filled(KiB, 8));
  const written = a.read("vm/0", 0, 2 * KiB);
  a.call(verb, VM);
  if (verb === "failover prepare") b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, 2 * KiB), written);
}

Deno.test("a machine with a guest on one of its disks is not moved, whichever disk that is", () => {
  for (const verb of VERBS) {
    const pair = makePair(80);
    const { a } = pair;
    a.host.addDisk("two.img", { size: 64 * KiB });
    a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img"] });
    a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND });
    a.call("replication start", VM);
    a.call("replication cycle", VM);
    const attachments = new Attachments();
    a.server?.exports.use(attachments);
    for (const name of ["vm/0", "vm/1"]) {
      a.host.run(attachments.enter(name, { *stop() {} }));
      throws(() => a.call(verb, VM), (error: Failed) => {
        equal(error.code, "busy");
        match(error.failure.message, new RegExp(`A guest is attached to ${name}`));
        match(error.failure.action, /Shut the machine down first/);
        return true;
      });
      equal(status(a)["state"], "Replicating");
      deepEqual(a.server?.exports.list(), ["vm/0", "vm/1"]);
      equal(attachments.clients(name), 1, "nobody was dropped");
      a.host.run(attachments.drop(name));
    }
    moves(pair, verb);
  }
});

Deno.test("a machine that does not say that it is off is not moved", () => {
  const trouble = {
    running: { code: "busy", message: /"vm" is running, says/, action: /Shut the machine down/ },
    unknown: {
      code: "busy",
      message: /does not say that "vm" is stopped/,
      action: /prints "stopped"/,
    },
    failing: { code: "hypervisor", message: /no such domain/, action: /./ },
    late: { code: "hypervisor", message: /took longer than/, action: /./ },
  };
  for (const verb of VERBS) {
    const pair = makePair(81);
    const { a } = pair;
    protect(a, { status: "S" });
    const machine = a.host.hypervisor.machine("vm");
    for (const power of ["running", "unknown"] as const) {
      machine.power = power;
      refused(pair, verb, trouble[power]);
    }
    machine.power = "stopped";
    machine.fails.status = "no such domain";
    refused(pair, verb, trouble.failing);
    machine.fails.status = "";
    const usual = machine.times.status;
    machine.times.status = 1000 * SECOND;
    refused(pair, verb, trouble.late);
    machine.times.status = usual;
    moves(pair, verb);
  }
});

Deno.test("a machine that is locked already is not asked again whether it is off", () => {
  const { a, b } = makePair(82);
  protect(a, { status: "S" });
  const machine = a.host.hypervisor.machine("vm");
  machine.power = "stopped";
  a.call("failover prepare", VM);
  // Its host has forgotten it, which says nothing: nobody can write to its disks here.
  machine.power = "unknown";
  a.call("failover planned", VM);
  equal(status(b)["role"], "primary");
});
