/**
 * What was chosen for a whole server: which values are refused, and that it is found again, whole, after a
 * restart, a crash and damage.
 *
 * @module
 */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import { DAY, HOUR, MINUTE } from "../../../../engine/core/base/units.ts";
import {
  type AuthorizationEntry,
  checkPolicy,
  ENTRIES_MAX,
  PATH_LENGTH_MAX,
  POLICY_DEFAULT,
  policyFromJson,
  policyToJson,
  type ServerPolicy,
} from "../../../../engine/core/server/server_policy.ts";
import { ServerRecord } from "../../../../engine/core/server/server_record.ts";
import { Signal } from "../../../../engine/core/runtime/signal.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

const ENTRY: AuthorizationEntry = { name: "a", location: "/srv/one", trustGroup: "one" };

function policy(change: Partial<ServerPolicy>): ServerPolicy {
  return { ...POLICY_DEFAULT, ...change };
}

function entry(change: Partial<AuthorizationEntry>): ServerPolicy {
  return policy({ entries: [{ ...ENTRY, ...change }] });
}

function refuses(bad: ServerPolicy, words: RegExp): void {
  throws(() => checkPolicy(bad), (error: Failed) => {
    match(`${error.failure.message}. ${error.failure.action}`, words);
    return error.code === "bad-argument";
  });
}

Deno.test("a policy holds sound values alone, and says of each other one what is wrong", () => {
  for (const hours of [1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 96, 120, 144, 168]) {
    checkPolicy(policy({ monitoringInterval: hours * HOUR }));
  }
  for (const bad of [0, -1, 5 * HOUR, HOUR + 1, 8 * DAY, NaN, Infinity]) {
    refuses(policy({ monitoringInterval: bad }), /no monitoring interval.*12h.*7d/);
  }
  for (const bad of [-MINUTE, DAY, 1, 0.5]) {
    refuses(policy({ monitoringStart: bad }), /time of day/);
  }
  for (const bad of [-1, 0.5, NaN, 2 ** 60]) refuses(policy({ bandwidth: bad }), /bandwidth/);
  refuses(policy({ bandwidthTo: { "b:7700": -1 } }), /bandwidth/);
  for (const bad of ["b", ":7700", "b:", "b:123456", `${"b".repeat(400)}:1`, "ü:1"]) {
    refuses(policy({ bandwidthTo: { [bad]: 1 } }), /Not an address/);
  }
  for (const bad of [-1, 1001, 0.5]) refuses(policy({ transfersMax: bad }), /transfers at once/);
  for (const bad of ["srv", "", "/", "/srv/", "/srv//a", "/srv/../etc", "/a/./b", "/a\n", "/\0"]) {
    refuses(policy({ location: bad }), /Not the whole path/);
    refuses(entry({ location: bad }), /Not the whole path/);
  }
  refuses(entry({ location: `/${"a".repeat(PATH_LENGTH_MAX)}` }), /Not the whole path/);
});

Deno.test("a name has its wildcard in the first label alone, and stands once whatever its case", () => {
  for (const good of ["a", "host1.example.com", "*.example.com", "*.a", "A-1_x"]) {
    checkPolicy(entry({ name: good }));
  }
  const bad = ["", "*", "*.", "a.*", "a.*.com", "*a.com", "*.*.com", "**.com", "*..com", "a..b"];
  for (const name of [...bad, "a.", ".a", "a b", "a/b", "a\n", "x".repeat(65)]) {
    refuses(entry({ name }), /Not a name of a primary.*certificates/);
  }
  for (const trustGroup of ["", "a b", ".x", "x".repeat(65)]) {
    refuses(entry({ trustGroup }), /trust group/);
  }
  refuses(policy({ entries: [ENTRY, { ...ENTRY, name: "A" }] }), /Two entries/);
  const many = Array.from({ length: ENTRIES_MAX + 1 }, (_, n) => ({ ...ENTRY, name: `a${n}` }));
  refuses(policy({ entries: many }), /too many entries/);
});

Deno.test("a record that lacks a field is read as if it stood as by default, and nonsense is no record", () => {
  const chosen = policy({
    allow: "entries",
    entries: [ENTRY, { name: "*.b", location: undefined, trustGroup: "two" }],
    bandwidthTo: { "b:7700": 5 },
    location: "/srv/all",
  });
  deepEqual(policyFromJson(policyToJson(chosen)), chosen);
  deepEqual(policyFromJson({}), POLICY_DEFAULT);
  deepEqual(policyFromJson({ bandwidth: 5 })?.bandwidth, 5);
  for (
    const bad of [
      { replication: 1 },
      { allow: "all" },
      { location: 5 },
      { location: "relative" },
      { entries: {} },
      { entries: [{}] },
      { entries: [{ ...ENTRY, location: 5 }] },
      { bandwidth: "1" },
      { bandwidthTo: [] },
      { bandwidthTo: { "b:1": "x" } },
      { monitoringInterval: 5 },
    ]
  ) {
    equal(policyFromJson(bad), undefined, JSON.stringify(bad));
  }
});

Deno.test("what was chosen is durable, and a damaged record lets nobody in until somebody chooses again", () => {
  const world = new SimWorld({ seed: 5, kernel: loadKernel() });
  const host = world.addHost("b");
  const open = () => {
    let record: ServerRecord | undefined;
    host.start(function* (ports) {
      record = yield* ServerRecord.open(ports);
      yield* new Signal().wait();
    });
    world.runWhile(() => record === undefined, DAY);
    return record as ServerRecord;
  };
  let record = open();
  deepEqual(record.policy, POLICY_DEFAULT);
  let told = 0;
  host.process!.loop.start(
    "changes",
    (function* () {
      yield* record.changed.wait();
      told++;
    })(),
  );
  host.run(record.change((now) => ({ ...now, allow: "entries", entries: [ENTRY] })));
  equal(told, 1);
  throws(() => host.run(record.change((now) => ({ ...now, bandwidth: -1 }))), /bad-argument/);
  const chosen = record.policy;
  host.powerLoss();
  host.powerOn();
  record = open();
  deepEqual(record.policy, chosen);
  host.kill();
  let flipped = false;
  host.start(function* (ports) {
    const file = yield* ports.data.open("server.json");
    const bytes = yield* file.read(20, 1);
    yield* file.write(20, Uint8Array.of((bytes[0] ?? 0) ^ 1));
    yield* file.close();
    flipped = true;
  });
  world.runWhile(() => !flipped, DAY);
  host.kill();
  record = open();
  equal(record.policy.replication, false);
  match(record.trouble?.message ?? "", /Cannot read "server.json".*no replica is taken/);
  host.run(record.change((now) => ({ ...now, replication: true })));
  equal(record.trouble, undefined);
});
