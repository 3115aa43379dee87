/**
 * Records over kills and losses of power.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { loadRecord, saveRecord } from "../../../../engine/core/relationship/record.ts";
import type { SimHost } from "../../../../engine/sim/host.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

const kernel = loadKernel();
const NAME = "it.json";

function save({ ports }: SimHost, value: JsonObject) {
  return saveRecord(kernel, ports!.data, NAME, value);
}

function load(host: SimHost): JsonObject | undefined {
  return host.run(loadRecord(kernel, host.ports!.data, NAME));
}

Deno.test("what is read of a record is there behind a loss of power, whoever was killed while it was written", () => {
  let kills = 0;
  for (let call = 1;; call++) {
    let killed = false;
    for (let seed = 1; seed <= 6; seed++) {
      const world = new SimWorld({ seed, kernel });
      const host = world.addHost("a");
      host.boot();
      host.run(save(host, { version: 1 }));
      world.crashAt("a", host.calls + call, "before", "kill");
      host.attempt(save(host, { version: 2 }));
      killed = host.process === undefined;
      if (!killed) break;
      kills++;
      host.boot();
      const told = load(host);
      host.powerLoss();
      host.powerOn();
      host.boot();
      deepEqual(load(host), told, `killed before call ${call}, seed ${seed}`);
    }
    if (!killed) break;
  }
  ok(kills >= 30, `${kills} kills`);
});
