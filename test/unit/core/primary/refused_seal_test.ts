/**
 * A replica that refuses a seal for ever, for it has other records than were sent, costs one attempt.
 *
 * @module
 */

import { equal, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import { Shipment } from "../../../../engine/core/primary/shipment.ts";
import { filled, makePair, protect } from "../server/pair.ts";

Deno.test("after a seal that the replica refuses the delta is sent anew and replication goes on", () => {
  const { a, b, world } = makePair(61);
  protect(a);
  world.runUntil(world.now + 5 * SECOND);
  a.write("vm/0", 0, filled(8 * KiB, 1));
  const chain = Object.getOwnPropertyDescriptor(Shipment.prototype, "chain")!;
  let first: unknown;
  try {
    // The first shipment has another chain than the replica, whenever it is asked.
    Object.defineProperty(Shipment.prototype, "chain", {
      get(this: Shipment) {
        first ??= this;
        return this === first ? new Uint8Array(32) : chain.get!.call(this);
      },
    });
    throws(() => a.call("replication cycle", { vm: "vm" }), /digest/);
    world.runUntil(world.now + 5 * SECOND);
    a.call("replication cycle", { vm: "vm" });
  } finally {
    Object.defineProperty(Shipment.prototype, "chain", chain);
  }
  b.call("failover start", { vm: "vm" });
  equal(b.read("vm/0", 0, 512)[0], 1);
});

Deno.test("a primary whose replica was removed has no recovery point, and says so", () => {
  const { a, b, world } = makePair(62);
  protect(a, { resync: "manual" });
  b.call("vm remove", { vm: "vm" });
  throws(() => a.call("replication cycle", { vm: "vm" }));
  // The attempt lost its channel; the next one hears from the handshake what happened.
  world.runUntil(world.now + 70 * SECOND);
  const status = a.call("replication status", { vm: "vm" }) as JsonObject;
  equal(status["state"], "WaitingForStartResynchronize");
  equal(status["rpoSeconds"], null);
});
