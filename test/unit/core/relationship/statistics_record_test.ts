/**
 * Keeping statistics ends when it is asked to, whatever it does at that moment.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { Monitoring } from "../../../../engine/core/relationship/monitoring.ts";
import { loadRecord } from "../../../../engine/core/relationship/record.ts";
import {
  keepStatistics,
  STATISTICS_RECORD,
} from "../../../../engine/core/relationship/statistics_record.ts";
import { Scope } from "../../../../engine/core/runtime/scope.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

/** Counts, and asks to stop `after` so many µs behind the moment of a save; whether that ends, and what is saved then. */
function stoppedAt(after: number): { ended: boolean; saved: boolean } {
  const world = new SimWorld({ seed: 1, kernel: loadKernel() });
  const host = world.addHost("a");
  const found = { ended: false, saved: false };
  host.start(function* (ports) {
    const folder = yield* ports.data.folder("vm", { create: true });
    const usual = { monitoringInterval: 12 * 3600 * SECOND, monitoringStart: 0 };
    const monitoring = new Monitoring({ localOffset: () => 0 }, ports.clock.wall(), () => usual);
    const scope = new Scope(ports.loop, "statistics");
    scope.spawn("keep", keepStatistics(ports, folder, monitoring));
    yield* ports.clock.sleep(SECOND);
    monitoring.note(ports.clock.wall(), { cycles: 1, bytes: 1000, latency: SECOND });
    yield* ports.clock.sleep(MINUTE - SECOND + after);
    yield* scope.cancel();
    const saved = yield* loadRecord(ports.codec.kernel, folder, STATISTICS_RECORD);
    found.ended = true;
    found.saved = saved !== undefined;
  });
  world.runFor(2 * MINUTE);
  equal(world.violations[0], undefined);
  return found;
}

Deno.test("statistics that are being saved at the moment of a stop are saved, and it goes on (E2)", () => {
  for (let after = -100; after < 3000; after += 50) {
    deepEqual(stoppedAt(after), { ended: true, saved: true }, `${after} µs behind`);
  }
});
