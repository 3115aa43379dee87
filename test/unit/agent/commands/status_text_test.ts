/**
 * The pages of a status, as an administrator reads them: of a primary, of a replica that is failed over, of a test.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { statusText } from "../../../../engine/agent/commands/status_text.ts";

const SETTINGS = {
  frequency: 60_000_000,
  retention: "hourly 24",
  compression: true,
  bandwidth: 0,
  appConsistent: 0,
  resync: "auto",
  onUnknown: "serve",
  rpo: 180_000_000,
};

const COMMON = {
  vm: "db",
  state: "Replicating",
  health: "Normal",
  objective: "met",
  rpoSeconds: 3,
  lastCut: "2026-01-01T00:00:00.000Z",
  lastStaged: "2026-01-01T00:00:01.000Z",
  lastApplied: null,
  warnings: [],
};

Deno.test("a primary's page shows what was chosen where it is not usual, and what travelled", () => {
  const page = statusText({
    ...COMMON,
    role: "primary",
    backlogBytes: 4096,
    bytesSent: 16 * 1024 ** 2,
    wireBytes: 640,
    replica: "b:7100",
    settings: {
      ...SETTINGS,
      compression: false,
      bandwidth: 12_500_000,
      appConsistent: 14_400_000_000,
      resync: "18:30-06:00",
      onUnknown: "hold",
    },
  });
  equal(
    page,
    `VM              db
Role            primary
State           Replicating
Health          Normal
RPO             3 s (objective met: 3m)
Frequency       1m
Retention       hourly 24
Bandwidth       100 Mbit/s
Compression     off
App-consistent  every 4h
Resync          18:30-06:00
On unknown      hold
Backlog         4 KiB
Last cut        2026-01-01T00:00:00.000Z
Last staged     2026-01-01T00:00:01.000Z
Last applied    -
Sent            16 MiB, 640 B on the wire
Replica         b:7100`,
  );
});

Deno.test("a replica's page shows its points, what is not applied, and the point that it runs on", () => {
  const page = statusText({
    ...COMMON,
    role: "replica",
    state: "FailedOverWaitingCompletion",
    objective: null,
    rpoSeconds: null,
    points: 7,
    unappliedBytes: 8192,
    unappliedSeconds: 61,
    failedOverTo: "0123456789abcdef0123456789abcdef",
    primary: "site-a",
    settings: SETTINGS,
  });
  equal(
    page,
    `VM            db
Role          replica
State         FailedOverWaitingCompletion
Health        Normal
RPO           -
Frequency     1m
Retention     hourly 24
Points        7
Not applied   8 KiB, 1m 1s
Last cut      2026-01-01T00:00:00.000Z
Last staged   2026-01-01T00:00:01.000Z
Last applied  -
Failed over   to recovery point 0123456789abcdef0123456789abcdef
Primary       site-a`,
  );
});

Deno.test("a test's page shows what it stands on, and nothing of replication", () => {
  const page = statusText({
    vm: "db - Test",
    role: "test",
    state: "Disabled",
    health: "NotApplicable",
    testOf: "db",
    point: "0123456789abcdef0123456789abcdef",
    testStarted: "2026-01-01T00:00:00.000Z",
    overlayBytes: 4096,
    disks: [{ name: "db - Test/0", uri: "nbd+unix:///db%20-%20Test/0?socket=/b/nbd.sock" }],
    warnings: [],
  });
  equal(
    page,
    `VM                db - Test
Role              test
Test of           db
Health            NotApplicable
Point             0123456789abcdef0123456789abcdef
Begun             2026-01-01T00:00:00.000Z
Written           4 KiB
Disk db - Test/0  nbd+unix:///db%20-%20Test/0?socket=/b/nbd.sock`,
  );
});
