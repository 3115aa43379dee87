/**
 * What was chosen for a machine holds wherever it runs: it moves with it, and its replica knows it.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { choicesFromWire } from "../../../../engine/core/relationship/choices.ts";
import type { Server } from "../../../../engine/core/server/server.ts";
import { SAMPLES } from "../wire/samples.ts";
import { makePair, protect, type Site, status, until } from "./pair.ts";

const VM = { vm: "vm" };
const CHOSEN = {
  frequency: 30 * SECOND,
  retention: "hourly 12",
  compression: false,
  bandwidth: 20_000_000,
  rpo: 10 * MINUTE,
  appConsistent: 4 * HOUR,
  resync: "18:30-06:00",
  onUnknown: "hold",
};

function settingsAt(site: Site): JsonObject {
  return (site.server as Server).primary.entry("vm").machine.settings as unknown as JsonObject;
}

function protectChosen(a: Site): void {
  protect(a, { frequency: 30 * SECOND });
  a.call("replication set", { ...VM, freeze: "freeze", thaw: "thaw" });
  a.call("replication set", { ...VM, ...CHOSEN });
  a.call("replication cycle", VM);
}

function holdsAt(site: Site, to: string): void {
  const { rpo: objective, ...rest } = CHOSEN;
  deepEqual({ ...settingsAt(site) }, { ...rest, objective, to });
}

Deno.test("a planned move and the way back keep every setting of the relationship", () => {
  const { a, b } = makePair(301);
  protectChosen(a);
  a.call("failover planned", VM);
  holdsAt(b, "a:7700");
  until(a, "Replicating");
  b.call("failover planned", VM);
  holdsAt(a, "b:7700");
});

Deno.test("a failover that was completed is reversed with what was chosen, but for what is said anew", () => {
  const { a, b } = makePair(302);
  protectChosen(a);
  a.host.kill();
  b.call("failover start", VM);
  b.call("failover complete", VM);
  b.host.powerLoss();
  b.host.powerOn();
  b.start();
  b.call("failover reverse", { ...VM, bandwidth: 0 });
  const { rpo: objective, ...rest } = CHOSEN;
  deepEqual({ ...settingsAt(b) }, { ...rest, bandwidth: 0, objective, to: "a:7700" });
});

Deno.test("a replica judges by the frequency and the objective that hold now, not by the first ones", () => {
  const { a, b, world } = makePair(303);
  protect(a, { frequency: 10 * SECOND });
  a.call("replication set", { ...VM, frequency: 2 * MINUTE, rpo: 5 * MINUTE });
  a.call("replication cycle", VM);
  world.runFor(20 * MINUTE);
  const statistics = b.call("replication statistics", VM) as JsonObject;
  equal((statistics["current"] as JsonObject)["missed"], 0);
  equal(status(b)["health"], "Normal");
  a.host.kill();
  // Two cycles would be over by then, and what was chosen is not.
  world.runFor(3 * MINUTE);
  equal(status(b)["objective"], "met");
  world.runFor(3 * MINUTE);
  equal(status(b)["objective"], "breached");
});

Deno.test("a demoted primary knows what was chosen from the first moment on, and is failed over to with that", () => {
  const { a, b, world } = makePair(304);
  protectChosen(a);
  a.host.kill();
  b.call("failover start", VM);
  b.call("failover reverse", VM);
  a.start();
  world.runWhile(() => a.server?.replica.opened("vm") !== true, MINUTE);
  equal(a.server?.replica.machine("vm").record.choices?.bandwidth, CHOSEN.bandwidth);
});

Deno.test("choices that no administrator can have made are not kept, and refuse nothing", () => {
  const opening = SAMPLES["open-machine"];
  const choices = opening.choices as NonNullable<typeof opening.choices>;
  equal(choicesFromWire(opening)?.onUnknown, "hold");
  // An interval shorter than a cycle, and no window.
  for (const odd of [{ appConsistent: 1 }, { resync: "25:00-26:00" }]) {
    equal(choicesFromWire({ ...opening, choices: { ...choices, ...odd } }), undefined);
  }
  equal(choicesFromWire({ ...opening, choices: undefined }), undefined);
});
