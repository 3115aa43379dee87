/**
 * Health and settings: cases with their verdicts.
 *
 * @module
 */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import { HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import {
  type Health,
  type HealthFacts,
  judgeHealth,
} from "../../../../engine/core/relationship/health.ts";
import {
  checkSettings,
  type RelationshipSettings,
  settingsFromJson,
  settingsToJson,
} from "../../../../engine/core/relationship/settings.ts";
import {
  cutPercentile,
  CUTS_REMEMBERED,
  newStatistics,
  noteCut,
} from "../../../../engine/core/relationship/statistics.ts";

const well: HealthFacts = {
  role: "primary",
  state: "Replicating",
  troubles: [],
  lastFailure: undefined,
  sinceStaged: MINUTE,
  interval: { cycles: 100, missed: 0, latency: 100 * SECOND },
};
const replica: HealthFacts = { ...well, role: "replica" };
const trouble = {
  code: "io-error",
  side: "local",
  message: "It broke",
  action: "Mend it",
} as const;
const passing = { ...trouble, code: "gate-timeout" } as const;
const interval = (cycles: number, missed: number, latency = cycles) => ({
  cycles,
  missed,
  latency: latency * SECOND,
});

/** Hyper-V's rules as cases (M68): what is so, what the level is, and what must be said. */
const CASES: readonly (readonly [string, HealthFacts, Health, RegExp])[] = [
  ["all is well at the primary", well, "Normal", /^$/],
  ["all is well at the replica", replica, "Normal", /^$/],
  ["there is no relationship", { ...well, state: "Disabled" }, "NotApplicable", /^$/],
  // 20 percent of the cycles of the monitoring interval.
  ["exactly 20 % missed", { ...well, interval: interval(80, 20) }, "Normal", /^$/],
  [
    "more than 20 % missed",
    { ...well, interval: interval(79, 20) },
    "Warning",
    /20 percent.*20 of 99/,
  ],
  ["as many at the replica", { ...replica, interval: interval(79, 20) }, "Warning", /20 percent/],
  ["nothing was counted yet", { ...well, interval: interval(0, 0) }, "Normal", /^$/],
  // One hour since a point came, and not since a part of one did.
  ["an hour ago", { ...well, sinceStaged: HOUR }, "Normal", /^$/],
  [
    "longer ago, primary",
    { ...well, sinceStaged: HOUR + 1 },
    "Warning",
    /No recovery point has arrived at the replica for more/,
  ],
  [
    "longer ago, replica",
    { ...replica, sinceStaged: HOUR + 1 },
    "Warning",
    /No recovery point has arrived here for/,
  ],
  ["an hourly cycle", { ...well, sinceStaged: HOUR + MINUTE, frequency: HOUR }, "Normal", /^$/],
  [
    "two hourly cycles",
    { ...well, sinceStaged: 2 * HOUR + 1, frequency: HOUR },
    "Warning",
    /No recovery point has arrived at the replica for more/,
  ],
  // Five minutes of latency on the average.
  ["five minutes", { ...well, interval: interval(10, 0, 3000) }, "Normal", /^$/],
  ["more than that", { ...well, interval: interval(10, 0, 3001) }, "Warning", /five minutes/],
  // On which side it was paused.
  ["paused here", { ...well, state: "Suspended" }, "Warning", /Paused here: nothing is sent/],
  [
    "paused at the replica",
    { ...replica, state: "Suspended" },
    "Critical",
    /Paused here: what is sent/,
  ],
  [
    "the other side is paused",
    {
      ...well,
      lastFailure: { ...trouble, code: "paused", message: "It is paused at the replica" },
    },
    "Critical",
    /paused at the replica/,
  ],
  // It cannot send.
  ["the link or storage fails", { ...well, lastFailure: trouble }, "Critical", /It broke. Mend it/],
  ["storage here is in trouble", { ...well, troubles: [trouble] }, "Critical", /It broke/],
  ["a person must mend it", { ...well, state: "Error" }, "Critical", /state Error/],
  [
    "it waits for a resynchronization",
    { ...well, state: "WaitingForStartResynchronize" },
    "Critical",
    /WaitingForStartResynchronize/,
  ],
  ["one cut failed", { ...well, lastFailure: passing }, "Warning", /It broke/],
  // Not yet, or not any more.
  [
    "not started yet",
    { ...well, state: "ReadyForInitialReplication", sinceStaged: undefined },
    "Warning",
    /replication start/,
  ],
  [
    "not finished yet",
    { ...well, state: "InitialReplicationInProgress" },
    "Warning",
    /not finished/,
  ],
  ["prepared", { ...well, state: "PreparedForFailover" }, "Warning", /cannot start here/],
  ["ran here", { ...replica, state: "FailbackInProgress" }, "Warning", /on its way/],
  ["on its way", { ...replica, state: "WaitingForInitialReplication" }, "Warning", /not finished/],
  ["it resynchronizes", { ...well, state: "Resynchronizing" }, "Warning", /Resynchronizing/],
  [
    "that stands",
    { ...well, state: "ResynchronizeSuspended" },
    "Warning",
    /ResynchronizeSuspended/,
  ],
  ["prepared for a failover", { ...well, state: "PreparedForFailover" }, "Warning", /Prepared/],
  [
    "failed over",
    { ...replica, state: "FailedOverWaitingCompletion" },
    "Warning",
    /neither cancelled nor completed/,
  ],
  ["completed", { ...replica, state: "FailedOver" }, "Warning", /failover reverse/],
  ["a disk is compared", { ...well, comparisons: ["A disk is compared"] }, "Warning", /compared/],
];

for (const [name, facts, health, said] of CASES) {
  Deno.test(`health: ${name} (${facts.role}): ${health} (M68, I46)`, () => {
    const judged = judgeHealth(facts);
    equal(judged.health, health, judged.warnings.join());
    match(judged.warnings.join("; "), said);
  });
}

Deno.test("every warning is a sentence that says what to do when something can be done", () => {
  deepEqual(judgeHealth({ ...well, troubles: [trouble] }).warnings, ["It broke. Mend it"]);
});

const settings: RelationshipSettings = {
  to: "b:7700",
  frequency: 5 * MINUTE,
  retention: "last 24",
  compression: true,
  bandwidth: 0,
  objective: 10 * MINUTE,
  appConsistent: 0,
  resync: "auto",
  onUnknown: "serve",
};

Deno.test("settings survive their record; impossible ones are refused by name", () => {
  deepEqual(settingsFromJson(settingsToJson(settings)), settings);
  equal(settingsFromJson({ to: "b" }), undefined);
  const { appConsistent: _, ...older } = settings;
  deepEqual(settingsFromJson(settingsToJson(older as RelationshipSettings)), settings);
  const bad: [Partial<RelationshipSettings>, RegExp][] = [
    [{ to: "nowhere" }, /address/],
    [{ frequency: 1 }, /frequency/],
    [{ appConsistent: MINUTE }, /application-consistent points is out of range/],
    [{ appConsistent: 60 * MINUTE, retention: "newest" }, /need more than the newest point/],
    [{ frequency: 2 * HOUR }, /frequency/],
    [{ retention: "last 0" }, /from 1 to 2048/],
    [{ bandwidth: -1 }, /bandwidth/],
    [{ bandwidth: 1.5 }, /bandwidth/],
  ];
  for (const [change, message] of bad) {
    throws(() => checkSettings({ ...settings, ...change }), message);
  }
});

Deno.test("percentiles of cuts speak of the newest ones only", () => {
  const statistics = newStatistics();
  equal(cutPercentile(statistics, 50), undefined);
  for (let cut = 0; cut < CUTS_REMEMBERED + 100; cut++) noteCut(statistics, cut);
  equal(statistics.cutMicros.length, CUTS_REMEMBERED);
  equal(cutPercentile(statistics, 0), 100);
  equal(cutPercentile(statistics, 100), CUTS_REMEMBERED + 99);
});
