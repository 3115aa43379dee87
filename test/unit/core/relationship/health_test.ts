/**
 * Health and settings: cases with their verdicts.
 *
 * @module
 */

import { deepEqual, equal, throws } from "node:assert/strict";
import { HOUR, MINUTE } from "../../../../engine/core/base/units.ts";
import { type HealthFacts, judgeHealth } from "../../../../engine/core/relationship/health.ts";
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
  rpo: 0,
  objective: 10 * MINUTE,
};
const trouble = {
  code: "io-error",
  side: "local",
  message: "It broke",
  action: "Mend it",
} as const;

Deno.test("judgeHealth() follows the facts, worst first (I46)", () => {
  const verdicts = [
    well,
    { ...well, state: "Disabled" as const },
    { ...well, troubles: [trouble] },
    { ...well, lastFailure: trouble },
    { ...well, state: "Error" as const },
    { ...well, state: "WaitingForStartResynchronize" as const },
    { ...well, state: "InitialReplicationInProgress" as const },
    { ...well, sinceStaged: 2 * HOUR },
    { ...well, rpo: 11 * MINUTE },
    { ...well, comparisons: ["A disk is compared with the replica (T6)"] },
    { ...well, role: "replica" as const, state: "FailedOverWaitingCompletion" as const },
  ].map((facts) => judgeHealth(facts).health);
  deepEqual(verdicts, [
    "Normal",
    "NotApplicable",
    "Critical",
    "Critical",
    "Critical",
    "Critical",
    "Warning",
    "Warning",
    "Warning",
    "Warning",
    "Warning",
  ]);
});

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
