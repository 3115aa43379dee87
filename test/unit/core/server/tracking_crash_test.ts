/**
 * What a crash of the primary costs: a bounded comparison, never one of the whole disk, and no block that is sent in
 * vain (M04, T1).
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { KiB, MILLISECOND } from "../../../../engine/core/base/units.ts";
import { type Crash, crashAmid, everyCall, WAYS } from "./every_call.ts";
import { filled, makePair, protect, status } from "./pair.ts";

const VM = { vm: "vm" };
const BLOCK = 512;
/** One block in a region of its own each, so that sending by region would cost eight times as much. */
const PLACES = [0, 3, 9, 21].map((region) => region * 4 * KiB);

/** A life of writes and a cycle, in which the primary crashes; false where it does not. */
function crashed(crash: Crash): boolean {
  const { a, b } = makePair(700 + crash.call);
  protect(a, { compression: false });
  // A guest at work: the log says how late its writes may be. One that wrote nothing for a second and dies amid the
  // next write costs a comparison in the background, for who wrote to the disk last nobody can tell then (T6).
  a.write("vm/0", 0, filled(BLOCK, 9));
  a.host.world.runFor(100 * MILLISECOND);
  const life = () => {
    for (const [index, at] of PLACES.entries()) {
      a.write("vm/0", at, filled(BLOCK, index + 1));
      if (index === 2) a.call("replication cycle", VM);
    }
  };
  if (!crashAmid(a, crash, life)) return false;
  a.start();
  const where = JSON.stringify(crash);
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
  const crashes = everyCall(WAYS, crashed);
  ok(crashes > 40, `${crashes} crashes`);
});
