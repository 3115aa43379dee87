/**
 * When a failed attempt is made again in a whole server: by the ladder, or not at all, and what is said (M76).
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Failure } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { filled, makePair, protect, status } from "./pair.ts";

const VM = { vm: "vm" };

/** Failures that the primary tells of, with their times. */
function failuresOf(world: SimWorld): { readonly at: number; readonly failure: Failure }[] {
  const told: { at: number; failure: Failure }[] = [];
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "failure") {
      told.push({ at: world.now, failure: event.failure });
    }
  });
  return told;
}

Deno.test("a link that is down is tried after 1, 2, 4, 8, 10 and then every 30 minutes, each time told (M76)", () => {
  const { a, world } = makePair(950);
  protect(a, { frequency: MINUTE });
  world.runFor(5 * SECOND);
  const told = failuresOf(world);
  world.net.partition("a", "b");
  a.write("vm/0", 0, filled(KiB, 1));
  world.runFor(2 * HOUR);
  const waits = told.slice(1).map(({ at }, index) => Math.round((at - told[index]!.at) / MINUTE));
  deepEqual(waits.slice(0, 7), [1, 2, 4, 8, 10, 30, 30]);
  const next = status(a)["nextAttempt"] as number;
  ok(
    next - a.host.wall() <= 30 * MINUTE && next > a.host.wall(),
    "status says when it is tried next",
  );
  for (const { failure } of told) {
    ok(failure.message !== "" && failure.action !== "", JSON.stringify(failure));
  }
  world.net.heal();
  world.runFor(2 * MINUTE);
  equal(status(a)["backlogBytes"], 0, "and within a cycle of its return all is sent");
});

Deno.test("what only a person can mend is tried no more, and says who has to do what (M76)", () => {
  const { a, b, world } = makePair(951);
  protect(a, { frequency: MINUTE });
  const told = failuresOf(world);
  b.call("server set", { allow: "entries" });
  world.runFor(2 * MINUTE);
  equal(status(a)["state"], "Error");
  equal(told.length, 1);
  world.runFor(10 * HOUR);
  equal(told.length, 1, "nothing is tried until somebody resumes it");
  const { health, warnings } = status(a) as JsonObject & { warnings: string[] };
  equal(health, "Critical");
  match(warnings.join("; "), /authoriz/);
  b.call("authorization add", { name: "a", trustGroup: "one" });
  a.call("replication resume", VM);
  world.runFor(5 * SECOND);
  equal(status(a)["state"], "Replicating");
});
