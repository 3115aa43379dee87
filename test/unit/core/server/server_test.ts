/**
 * The whole path of a write on two simulated servers: tracked, cut, shipped, staged, applied, failed
 * over.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { filled, makePair, protect } from "./pair.ts";

Deno.test("a written block is on the failed-over machine after a cycle", () => {
  const { a, b } = makePair(1);
  protect(a);
  a.write("vm/0", 4096, filled(1024, 7));
  a.call("replication cycle", { vm: "vm" });
  const points = b.call("points", { vm: "vm" }) as JsonObject[];
  equal(points.length >= 2, true);
  b.call("failover start", { vm: "vm" });
  deepEqual(b.read("vm/0", 4096, 1024), filled(1024, 7));
  deepEqual(b.read("vm/0", 0, 4096), filled(4096, 0));
});
