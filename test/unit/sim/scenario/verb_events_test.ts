/**
 * Every verb of the engine's table is an event of a scenario, in the words and with the arguments that the command line has,
 * and does its work in a simulated world.
 *
 * @module
 */
// Long because: three scenarios stand here as whole texts, and beside them what shows of each verb that it has worked.

import { deepEqual, equal, throws } from "node:assert/strict";
import { asObject, type Json, type JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, MILLISECOND, SECOND } from "../../../../engine/core/base/units.ts";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import type { Invariant } from "../../../../engine/sim/invariants/fact.ts";
import { INVARIANTS } from "../../../../engine/sim/invariants/table.ts";
import { runScenario } from "../../../../engine/sim/scenario/run.ts";
import type {
  HostName,
  Scenario,
  ScenarioEvent,
} from "../../../../engine/sim/scenario/scenario.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

const STORAGE = {
  readMin: 20,
  readMean: 40,
  writeMin: 10,
  writeMean: 30,
  flushMin: 100,
  flushMean: 300,
  bandwidth: 1_000_000_000,
};

/** World time 0 on wall clocks, µs since 1970. */
const WALL_0 = Date.UTC(2026, 0, 1) * 1000;

const WORLD: Scenario["world"] = {
  blockSize: 512,
  regionBlocks: 4,
  slots: 3,
  cowBlocks: 32,
  machines: [{
    name: "vm",
    disks: [64, 48],
    block: false,
    frequency: 2 * SECOND,
    keep: 6,
    compression: true,
    bandwidth: 0,
  }],
  link: { latency: 200, jitter: 50, bandwidth: 0, segment: 4096 },
  storage: { a: STORAGE, b: STORAGE },
  wall: { a: 0, b: 0 },
};

/** A line of a scenario: when, in seconds, at which side, which verb with what; of the machine unless it is a server's. */
type Line = readonly [at: number, host: HostName, verb: string, args?: JsonObject];

function typed([at, host, verb, args]: Line): ScenarioEvent {
  const words = { at: Math.round(at * SECOND), kind: "verb", host, verb } as const;
  const ofServer = /^(server|authorization|connection|vm list)/.test(verb);
  return {
    ...words,
    ...(ofServer ? {} : { vm: 0 }),
    ...(args === undefined ? {} : { args }),
  };
}

/** What a guest writes meanwhile. */
function written(until: number): ScenarioEvent[] {
  return Array.from({ length: until * 4 }, (_, step): ScenarioEvent => ({
    at: step * 250 * MILLISECOND + 600 * MILLISECOND,
    kind: "write",
    vm: 0,
    disk: step % 2,
    sector: (step * 5) % 40,
    count: 1 + step % 3,
    rough: step % 2 === 0,
  }));
}

/** A verb that was answered. */
interface Answer {
  readonly verb: string;
  readonly outcome: string | undefined;
  readonly value: Json | undefined;
  readonly before: string;
  readonly after: string;
}

interface Played {
  readonly answers: readonly Answer[];
  readonly violation: unknown;
}

function play(lines: readonly Line[], others: readonly ScenarioEvent[], attended: boolean): Played {
  const answers: Answer[] = [];
  const collector: Invariant = {
    id: "heard",
    about: "Takes what verbs answer",
    begin: () => ({
      verb: ({ verb, outcome, value, before, after }) => {
        answers.push({ verb, outcome, value, before, after });
      },
    }),
  };
  const events = [...lines.map(typed), ...others];
  const quiet = Math.max(...lines.map(([at]) => at)) * SECOND + 4 * SECOND;
  const scenario: Scenario = { seed: 4, world: WORLD, events, quiet };
  const { violation } = runScenario(scenario, loadKernel(), {
    invariants: [...attended ? INVARIANTS : [], collector],
    unattended: !attended,
  });
  return { answers, violation };
}

/** The lines of which nobody was told that they succeeded. */
function failed(lines: readonly Line[], { answers }: Played): string[] {
  const succeeded = new Map<string, number>();
  for (const { verb, outcome } of answers) {
    if (outcome === "") succeeded.set(verb, (succeeded.get(verb) ?? 0) + 1);
  }
  const asked = new Map<string, number>();
  for (const [, , verb] of lines) asked.set(verb, (asked.get(verb) ?? 0) + 1);
  return [...asked].filter(([verb, count]) => (succeeded.get(verb) ?? 0) < count).map(([verb]) => {
    const codes = answers.filter((answer) => answer.verb === verb)
      .map(({ outcome, before }) => `${outcome} in ${before}`);
    return `${verb}: ${codes.join(", ")}`;
  });
}

/** What a machine that administrators protect goes through, judged by every invariant. */
const LIFE: readonly Line[] = [
  [3, "a", "replication cycle"],
  [4, "a", "replication status"],
  [4.1, "b", "replication status"],
  [4.2, "a", "replication statistics"],
  [4.3, "a", "vm list"],
  [4.4, "a", "server show"],
  [4.5, "b", "authorization list"],
  [4.6, "a", "connection test", { to: "b:7700", name: "b" }],
  [5, "b", "points list"],
  [5.1, "b", "points show", { point: { newest: 1 } }],
  [5.2, "b", "points export", { point: { newest: 0 }, out: "/exports/vm.words" }],
  [6, "a", "replication set", { frequency: SECOND }],
  [7, "a", "replication pause"],
  [8.2, "a", "replication resume"],
  [8.5, "a", "replication reset-statistics"],
  [9, "a", "replication verify"],
  [13.05, "a", "replication resync start"],
  [13.3, "a", "replication resync pause"],
  [13.5, "a", "replication resync continue"],
  [13.9, "a", "replication resync cancel"],
  [14.3, "a", "replication resync start"],
  [20, "a", "vm disk add", { disk: "vm-spare.img" }],
  [22, "a", "vm disk exclude", { disk: 2 }],
  [23, "a", "vm disk exclude", { disk: 2, off: true }],
  [25, "a", "vm disk remove", { disk: 2 }],
  [26, "a", "vm disk grow", { disk: 0, size: 96 * 512 }],
  [28, "b", "failover test", { point: { newest: 1 } }],
  [30, "b", "failover test", { delete: "vm - Test" }],
  [31, "b", "failover start", { point: { newest: 1 } }],
  [33, "b", "failover cancel"],
  [36, "a", "failover prepare"],
  [38, "a", "failover cancel"],
  [41, "a", "failover planned"],
  [47, "b", "failover start"],
  [49, "b", "failover reverse", { rpo: HOUR }],
  [55, "b", "failover start"],
  [57, "b", "failover complete"],
];

/** What administrators type who begin with nothing, and nobody does anything by himself. */
const BEGINNINGS: readonly Line[] = [
  [0.5, "a", "vm add", { disks: ["vm-0.img", "vm-1.img"] }],
  [1, "a", "replication enable", { to: "b:7700", frequency: HOUR, retention: "last 6" }],
  [1.5, "a", "replication start", { at: WALL_0 + HOUR }],
  [2, "a", "replication stop"],
  [2.5, "a", "replication start", { export: "/usb" }],
  [5, "b", "replication import", { path: {} }],
  [8, "a", "replication cycle"],
  [9, "b", "points list"],
  [10, "a", "replication disable"],
  [10.5, "b", "replication disable"],
  [12, "b", "replication enable", { asReplica: true, disks: ["copy-0.img", "copy-1.img"] }],
  [12.5, "a", "replication enable", { to: "b:7700", frequency: HOUR }],
  [13, "a", "replication start", { existingCopy: true }],
  [16, "a", "replication cycle"],
  [17, "b", "points list"],
  [18, "a", "failover prepare"],
  [19, "b", "failover start"],
  [21, "a", "failover cancel", { force: true }],
  [23, "b", "failover reverse"],
  [26, "a", "replication status"],
  [27, "a", "failover resolve", { keep: { at: "b" } }],
  [32, "a", "replication status"],
];

/** The same of whole servers, and of what a machine is taken off. */
const SERVERS: readonly Line[] = [
  [0.5, "a", "vm add", { disks: ["vm-0.img"] }],
  [0.6, "b", "server set", { allow: "entries", transfers: 2 }],
  [0.7, "b", "authorization add", { name: "a", location: null, trustGroup: "one" }],
  [0.8, "b", "authorization set", { name: "a", trustGroup: "two" }],
  [0.9, "a", "connection test", { to: "b:7700" }],
  [1.0, "b", "authorization list"],
  [1.1, "b", "authorization remove", { trustGroup: "two" }],
  [1.2, "b", "server set", { allow: "any" }],
  [1.3, "b", "server show"],
  [1.4, "a", "vm remove"],
  [2, "a", "vm list"],
];

/** What shows that a verb has done its work; every answer to it is asked. */
const DOES: Readonly<Record<string, (answer: Heard) => boolean>> = {
  "vm add": ({ told, after }) => Array.isArray(told["disks"]) && after === "Disabled",
  "vm list": ({ value }) => Array.isArray(value),
  "vm remove": ({ after }) => after === "none",
  "vm disk add": ({ told }) => JSON.stringify(told["disks"]).includes("vm-spare.img"),
  "vm disk remove": ({ told }) => told["path"] === "vm-spare.img",
  "vm disk exclude": ({ told, turn }) => told["excluded"] === (turn === 0),
  "vm disk grow": ({ told }) => told["size"] === 96 * 512 && told["before"] === 64 * 512,
  "replication enable": ({ told, after }) =>
    after === (told["role"] === "primary" ? "ReadyForInitialReplication" : "awaited"),
  "replication set": ({ told }) => asObject(told["settings"] ?? null)?.["frequency"] === SECOND,
  "replication start": ({ told, turn }) =>
    JSON.stringify(told["initialReplication"]).includes(
      ["startsAt", "/usb", "existing-copy"][turn] ?? "",
    ),
  "replication stop": ({ after }) => after === "ReadyForInitialReplication",
  "replication import": ({ after }) => after === "Replicating",
  "replication pause": ({ after }) => after === "Suspended",
  "replication resume": ({ after }) => after === "Replicating",
  "replication cycle": ({ told }) => isId(told["point"]),
  "replication status": ({ told, after }) => told["vm"] === "vm" && told["state"] === after,
  "replication statistics": ({ told }) => Number(asObject(told["current"] ?? null)?.["cycles"]) > 0,
  "replication reset-statistics": ({ told }) => asObject(told["current"] ?? null)?.["cycles"] === 0,
  "replication disable": ({ after, turn }) => after === (turn === 0 ? "Disabled" : "none"),
  "replication verify": ({ told }) => told["equal"] === true,
  // Begun at once, or as soon as what was cancelled is dropped.
  "replication resync start": ({ told, after, turn }) =>
    turn === 0 ? after === "Resynchronizing" : held(told) === null,
  "replication resync pause": ({ after }) => after === "ResynchronizeSuspended",
  "replication resync continue": ({ after }) => after === "Resynchronizing",
  "replication resync cancel": ({ after }) => after === "WaitingForStartResynchronize",
  "points list": ({ value }) => Array.isArray(value) && value.length > 1,
  "points show": ({ told }) => isId(told["id"]),
  "points export": ({ told }) => told["path"] === "/exports/vm.words" && told["verified"] === true,
  "failover planned": ({ told }) => told["role"] === "replica",
  "failover prepare": ({ after }) => after === "PreparedForFailover",
  "failover start": ({ after }) => after === "FailedOverWaitingCompletion",
  "failover cancel": ({ after }) => after === "Replicating",
  "failover complete": ({ after }) => after === "FailedOver",
  "failover reverse": ({ told }) => told["role"] === "primary",
  "failover resolve": ({ told }) => told["vm"] === "vm",
  "failover test": ({ told, turn }) =>
    told["vm"] === "vm - Test" && (told["deleted"] === true) === (turn === 1),
  "server show": ({ told }) => typeof told["allow"] === "string",
  "server set": ({ told, turn }) => told["allow"] === (turn === 0 ? "entries" : "any"),
  "connection test": ({ told }) => told["server"] === "b",
  "authorization list": ({ value }) =>
    ["[]", '[{"name":"a","location":null,"trustGroup":"two"}]'].includes(JSON.stringify(value)),
  "authorization add": ({ told }) => told["trustGroup"] === "one",
  "authorization set": ({ told }) => told["trustGroup"] === "two",
  "authorization remove": ({ value }) => JSON.stringify(value).includes('"name":"a"'),
};

/** An answer as an object, and which one of its verb it was in its scenario. */
interface Heard extends Answer {
  readonly told: JsonObject;
  readonly turn: number;
}

/** What a resynchronization waits for; null where it may go on. */
function held(told: JsonObject): Json | undefined {
  return asObject(told["resynchronization"] ?? null)?.["hold"];
}

function isId(value: Json | undefined): boolean {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

/** What was answered to lines that have not done their work. */
function idle(lines: readonly Line[], { answers }: Played): string[] {
  const asked = new Set(lines.map(([, , verb]) => verb));
  const turns = new Map<string, number>();
  return answers.flatMap((answer) => {
    const { verb, outcome, after, value } = answer;
    if (outcome !== "" || !asked.has(verb)) return [];
    const turn = turns.get(verb) ?? 0;
    turns.set(verb, turn + 1);
    const heard = { ...answer, told: asObject(value ?? null) ?? {}, turn };
    if (DOES[verb]?.(heard) === true) return [];
    return [`${verb}, turn ${turn}, after ${after}: ${JSON.stringify(value)}`];
  });
}

Deno.test("verbs of a protected machine are events of a scenario that do their work and break no invariant", () => {
  const slow: ScenarioEvent = {
    at: 13 * SECOND,
    kind: "link-slow",
    bandwidth: 3_000,
    lasts: SECOND,
  };
  const played = play(LIFE, [...written(50), slow], true);
  equal(played.violation, undefined, JSON.stringify(played.violation));
  deepEqual(failed(LIFE, played), []);
  deepEqual(idle(LIFE, played), []);
});

Deno.test("verbs with which machines and servers begin and end are events of a scenario as well", () => {
  for (const [lines, others] of [[BEGINNINGS, written(30)], [SERVERS, []]] as const) {
    const played = play(lines, others, false);
    deepEqual(failed(lines, played), []);
    deepEqual(idle(lines, played), []);
  }
});

Deno.test("every verb of the table is such an event", () => {
  const asked = new Set([...LIFE, ...BEGINNINGS, ...SERVERS].map(([, , verb]) => verb));
  deepEqual([...asked].sort(), Object.keys(VERBS).sort());
  deepEqual(Object.keys(DOES).sort(), Object.keys(VERBS).sort());
});

Deno.test("words that are no verb of the table, and arguments that it does not take, are refused", () => {
  const asking = (line: Line): Scenario => ({
    seed: 1,
    world: WORLD,
    events: [typed(line)],
    quiet: SECOND,
  });
  const kernel = loadKernel();
  const wrong: readonly (readonly [Line, RegExp])[] = [
    [[0, "a", "failover sideways"], /"failover sideways", and the engine has no such verb/],
    [[0, "a", "toString"], /no such verb/],
    [[0, "a", "failover planned", { point: "0" }], /the argument "point"; it takes vm/],
    [[0, "b", "server show", { all: true }], /the argument "all"; it takes nothing/],
  ];
  for (const [line, message] of wrong) {
    throws(() => runScenario(asking(line), kernel), message);
  }
  const { violation } = runScenario(asking([0, "a", "failover planned", {}]), kernel);
  equal(violation, undefined);
});
