/**
 * What a crash of the primary costs: a bounded comparison, never one of the whole disk, and no block that is sent in
 * vain (M04, T1).
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { KiB, MILLISECOND } from "../../../../engine/core/base/units.ts";
import type { CrashKind, CrashMoment } from "../../../../engine/sim/world.ts";
import { filled, makePair, protect, status } from "./pair.ts";

const VM = { vm: "vm" };
const BLOCK = 512;
/** One block in a region of its own each, so that sending by region would cost eight times as much. */
const PLACES = [0, 3, 9, 21].map((region) => region * 4 * KiB);

/** Crashes the primary at its `call`-th port call of a life of writes and a cycle; false when that has fewer. */
function crashedAt(call: number, when: CrashMoment, how: CrashKind): boolean {
  const { a, b } = makePair(700 + call);
  protect(a, { compression: false });
  // A guest at work: the log says how late its writes may be. One that wrote nothing for a second and dies amid the
  // next write costs a comparison in the background, for who wrote to the disk last nobody can tell then (T6).
  a.write("vm/0", 0, filled(BLOCK, 9));
  a.host.world.runFor(100 * MILLISECOND);
  a.host.world.crashAt("a", a.host.calls + call, when, how);
  let ended = true;
  try {
    for (const [index, at] of PLACES.entries()) {
      a.write("vm/0", at, filled(BLOCK, index + 1));
      if (index === 2) a.call("replication cycle", VM);
    }
  } catch {
    ended = false;
  }
  a.host.crashPlan = undefined;
  if (a.host.power === "off") a.host.powerOn();
  if (ended && a.host.process !== undefined) return false;
  a.start();
  const where = `${when} ${how} at ${call}`;
  for (const { recovery } of a.server!.primary.entry("vm").machine.tracked) {
    ok(recovery.kind !== "whole", `${where}: the whole disk is compared: ${recovery.reason}`);
  }
  a.call("replication cycle", VM);
  const { bytesSent, state } = status(a) as { bytesSent: number; state: string };
  equal(state, "Replicating", where);
  ok(
    bytesSent <= PLACES.length * BLOCK,
    `${where}: ${bytesSent} bytes for ${PLACES.length} blocks`,
  );
  const disk = a.read("vm/0", 0, 256 * KiB);
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, 256 * KiB), disk, where);
  return true;
}

Deno.test("a crash at any step of the log costs no whole comparison and sends no more than was written (M04)", () => {
  let crashes = 0;
  for (const [when, how] of [["before", "kill"], ["torn", "power"], ["after", "power"]] as const) {
    for (let call = 1; crashedAt(call, when, how); call++) crashes++;
  }
  ok(crashes > 40, `${crashes} crashes`);
});
