/**
 * What a server says of its machines: status and points as JSON, the same keys everywhere.
 *
 * Times are µs since 1970 here; whoever shows them to people makes ISO 8601 of them.
 *
 * @module
 */
// Long because: every key of a status stands here, so that they are the same everywhere.

import { type Failure, localFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import type { Failover } from "../failover/failover.ts";
import type { TestFailover } from "../failover/test_failover.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import { exportName } from "./exports.ts";
import { withoutFreeze } from "../relationship/guest_commands.ts";
import type { Choices } from "../relationship/choices.ts";
import { judgeHealth } from "../relationship/health.ts";
import { defaultObjective } from "../relationship/settings.ts";
import type { Role } from "../relationship/state.ts";
import { type Ancestry, relate } from "../lineage/generation.ts";
import type { PrimaryMachine } from "../primary/machine.ts";
import type { Replicator } from "../primary/replicator.ts";
import { cutPercentile } from "../relationship/statistics.ts";
import type { ExistingCopy } from "../replica/existing_copy.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import { retentionText } from "../wire/retention.ts";

/** What a status says of replication where nothing replicates. */
const NOTHING_KNOWN = {
  backlogBytes: null,
  lastCut: null,
  lastStaged: null,
  lastApplied: null,
  rpoSeconds: null,
  bytesSent: 0,
} as const;

/** What the role knows of a machine beside the machine itself. */
interface Outside {
  /** What keeps it from being served, or from being given up. */
  readonly outside?: readonly Failure[];
  /** The history that the other side told last. */
  readonly theirs?: Ancestry | undefined;
}

/** Status of a machine whose guest runs here. */
export function primaryStatus(
  machine: PrimaryMachine,
  replicator: Replicator | undefined,
  now: number,
  wall: number,
  { outside = [], theirs }: Outside = {},
): JsonObject {
  const tracked = machine.tracked;
  const decided = givingWay(machine);
  const rpo = primaryRpo(machine, replicator, now);
  const objective = machine.settings?.objective ?? 0;
  const sinceStaged = replicator?.staged.sinceStaged;
  const role: Role = "primary";
  const { health, warnings } = judgeHealth({
    role,
    state: machine.state,
    troubles: troublesOf(machine, outside),
    lastFailure: decided ?? machine.because ?? replicator?.lastFailure,
    sinceStaged,
    frequency: machine.settings?.frequency,
    interval: replicator?.monitoring.current(wall),
    comparisons: [...comparisonsOf(machine), ...consistencyOf(machine, replicator)],
  });
  const statistics = replicator?.statistics;
  return {
    vm: machine.name,
    role,
    state: machine.state,
    health,
    objective: machine.state === "Disabled" ? null : verdict(rpo, objective),
    backlogBytes: tracked.reduce((sum, disk) => sum + disk.backlogBytes, 0),
    comparingBytes: tracked.reduce((sum, disk) => sum + disk.suspectedBytes, 0),
    lastCut: replicator?.staged.lastCut ?? null,
    lastStaged: replicator?.staged.newest?.stagedAt ?? null,
    lastApplied: replicator?.appliedAt ?? null,
    appliedPoint: replicator?.applied ?? null,
    rpoSeconds: rpo === undefined ? null : Math.ceil(rpo / 1_000_000),
    bytesSent: statistics?.bytesSent ?? 0,
    wireBytes: statistics?.wireBytes ?? 0,
    cycles: statistics?.cycles ?? 0,
    missed: statistics?.missed ?? 0,
    failures: replicator?.failures ?? 0,
    nextAttempt: nextAttempt(replicator, now, wall),
    cutP50Micros: micros(statistics === undefined ? undefined : cutPercentile(statistics, 50)),
    cutP99Micros: micros(statistics === undefined ? undefined : cutPercentile(statistics, 99)),
    viewsGivenUp: statistics?.viewsGivenUp ?? 0,
    lastAppConsistent: replicator?.quiescing.newest ?? null,
    appConsistent: replicator?.quiescing.staged ?? 0,
    appConsistentFailed: replicator?.quiescing.failed ?? 0,
    generation: machine.generation,
    ...branchesOf(machine, theirs),
    replica: machine.settings?.to ?? null,
    settings: machine.settings === undefined ? null : settingsTold(machine.settings),
    initialReplication: initialReplicationOf(machine),
    resynchronization: resynchronizationOf(machine, replicator),
    verification: verificationOf(replicator),
    disks: disksOf(machine),
    warnings,
  };
}

/** What is wrong with disks and guest, and outside; of a split brain nothing once somebody has decided. */
function troublesOf(machine: PrimaryMachine, outside: readonly Failure[]): Failure[] {
  const { commands, name, tracked, yieldsTo } = machine;
  const told = outside.filter(({ code }) => yieldsTo === undefined || code !== "split-brain");
  return [...tracked.flatMap((disk) => [...disk.troubles]), ...commands.troubles(name), ...told];
}

/** What a side waits for whose administrator chose the other one to stay; `undefined` where nobody did. */
function givingWay({ name, yieldsTo }: PrimaryMachine): Failure | undefined {
  if (yieldsTo === undefined) return undefined;
  return localFailure(
    "split-brain",
    `"${name}" gives way to branch ${yieldsTo}, and becomes the replica as soon as that side reaches it`,
    `Shut its guest down here. That side is told once it is reached; to have it come at once, there: ` +
      `"warmsite replication resume ${name}"`,
  ).failure;
}

/** What was chosen, by the arguments and in the units of `replication set`; where the replica is stands elsewhere. */
function settingsTold(chosen: Choices): JsonObject {
  const { frequency, retention, compression, bandwidth, appConsistent, resync } = chosen;
  const { onUnknown, objective: rpo } = chosen;
  return { frequency, retention, compression, bandwidth, appConsistent, resync, onUnknown, rpo };
}

/** Both sides of a split brain, for who has to choose; nothing where there is none. */
function branchesOf(machine: PrimaryMachine, theirs: Ancestry | undefined): JsonObject {
  if (theirs === undefined || relate(machine.ancestry, theirs) !== "split") return {};
  const branches = [machine.ancestry, theirs].map(([newest], index) => ({
    branch: newest?.generation ?? null,
    writer: newest?.writer ?? null,
    reason: newest?.reason ?? null,
    since: newest?.branch ?? null,
    here: index === 0,
  }));
  return { branches };
}

/** The disks of a machine, without the gaps among their numbers. */
function disksOf({ name, disks }: PrimaryMachine): JsonObject[] {
  return disks.flatMap(({ part, path, size, tracked }, index) => {
    if (part === "removed") return [];
    const left = part === "joining" ? { firstCopyLeft: tracked?.backlogBytes ?? size } : {};
    return {
      name: exportName(name, index),
      path,
      size,
      replicated: part === "replicated",
      ...left,
    };
  });
}

/** Application-consistent points that were chosen and do not come. */
function consistencyOf(machine: PrimaryMachine, replicator: Replicator | undefined): string[] {
  const { commands, name, settings } = machine;
  const failure = replicator?.quiescing.failure;
  if (failure !== undefined) {
    return [
      `The newest point that was to be application-consistent is not: ${failure.message}. ${failure.action}`,
    ];
  }
  if ((settings?.appConsistent ?? 0) === 0 || commands.canFreeze(name)) return [];
  const { message, action } = withoutFreeze(name).failure;
  return [`${message}. ${action}`];
}

/** How the first copy comes to the replica, until it is there. */
function initialReplicationOf({ plan, state }: PrimaryMachine): JsonObject | null {
  const pending = state === "ReadyForInitialReplication" ||
    state === "InitialReplicationInProgress" || state === "WaitingForInitialReplication";
  if (plan === undefined || !pending) return null;
  return {
    method: plan.method,
    startsAt: plan.at ?? null,
    folder: plan.exported?.folder ?? plan.path ?? null,
    exported: plan.exported?.point ?? null,
  };
}

/** A verification that is under way. */
function verificationOf(replicator: Replicator | undefined): JsonObject | null {
  const found = replicator?.verification;
  if (found === undefined) return null;
  const { equalBytes, changingBytes, differingBytes, totalBytes } = found;
  const seen = equalBytes + differingBytes;
  return {
    comparedBytes: seen,
    changingBytes,
    differingBytes,
    percent: totalBytes === 0 ? 100 : Math.min(100, Math.floor(100 * seen / totalBytes)),
  };
}

/** A comparison of whole disks that is due, runs, or stands still. */
function resynchronizationOf(
  { state, resync: { plan }, disks }: PrimaryMachine,
  replicator: Replicator | undefined,
): JsonObject | null {
  const begun = state === "Resynchronizing" || state === "ResynchronizeSuspended";
  if (!begun && state !== "WaitingForStartResynchronize") return null;
  let total = 0;
  let left = 0;
  for (const { size, tracked } of disks) {
    total += size;
    left += tracked?.suspectedBytes ?? 0;
  }
  const { equal = 0, differing = 0, sent = 0 } = replicator?.resync ?? {};
  return {
    why: plan.due ?? null,
    hold: plan.hold === "none" ? null : plan.hold,
    startsAt: plan.at ?? null,
    comparedBytes: equal + differing,
    differingBytes: differing,
    sentBytes: sent,
    leftBytes: left,
    percent: begun && total > 0 ? Math.floor(100 * (total - left) / total) : 0,
  };
}

/** Disks of which nobody knows what changed while they were not tracked (T6, T7). */
function comparisonsOf(machine: PrimaryMachine): string[] {
  return machine.disks.flatMap(({ path, tracked }) => {
    if (tracked?.recovery.kind !== "whole" || tracked.suspectedBytes === 0) return [];
    const { recovery, suspectedBytes } = tracked;
    return [
      `"${path}" is compared with the replica, ${suspectedBytes} bytes of it: ${recovery.reason}`,
    ];
  });
}

/**
 * RPO in µs: now − the time of the first acknowledged write that is not in the newest staged point; 0 if
 * there is none; `undefined` before the first point.
 */
export function primaryRpo(
  machine: PrimaryMachine,
  replicator: Replicator | undefined,
  now: number,
): number | undefined {
  // Of a relationship that is ending nothing is tracked any more: nobody knows.
  const unknown = machine.state === "InitialReplicationInProgress" ||
    // A point that is on its way on media is nobody's yet, whatever became of the state meanwhile.
    machine.plan?.exported !== undefined || machine.state === "Disabled";
  if (replicator === undefined || unknown) return undefined;
  if (replicator.staged.newest === undefined && !hasPoint(machine, replicator)) return undefined;
  let oldest: number | undefined;
  for (const { oldestUnstaged } of machine.replicated) {
    if (oldestUnstaged === undefined) continue;
    oldest = oldest === undefined ? oldestUnstaged : Math.min(oldest, oldestUnstaged);
  }
  return oldest === undefined ? 0 : Math.max(0, now - oldest);
}

/** True when the replica holds a point, as far as is known: after a restart the replication logs tell. */
function hasPoint(machine: PrimaryMachine, replicator: Replicator): boolean {
  if (replicator.base !== undefined) return true;
  if (machine.state === "WaitingForStartResynchronize") return false;
  return machine.tracked.some(({ base }) => base.kind === "point");
}

/**
 * Status of a machine that is replicated to here, `failover` being the one that goes on. Its recovery
 * point is an upper bound, and says so.
 */
export function replicaStatus(
  machine: ReplicaMachine,
  failover: Failover | undefined,
  wall: number,
): JsonObject {
  const { store, record } = machine;
  const { newest, points } = store;
  // A machine that was failed over to is its own newest state: there is no other to fall behind.
  const failedOver = record.failover !== undefined || machine.state === "FailedOver";
  const { arrival } = machine;
  const bound = newest === undefined || failedOver ? undefined : arrival.age(newest.cutAt);
  const role: Role = "replica";
  const objective = record.choices?.objective ?? defaultObjective(record.frequency);
  // After a restart the newest cut stands in for when it was staged: never later than that.
  const stagedAt = arrival.wall ?? newest?.cutAt;
  const since = newest === undefined ? undefined : arrival.since(newest.cutAt);
  const { health, warnings } = judgeHealth({
    role,
    state: machine.state,
    troubles: [...machine.troubles, ...failover?.troubles ?? []],
    lastFailure: undefined,
    sinceStaged: since,
    frequency: record.frequency,
    interval: machine.monitoring.current(wall),
  });
  const unapplied = points.filter((point) => !point.applied);
  const applied = points.findLast((point) => point.applied);
  return {
    vm: machine.name,
    role,
    state: machine.state,
    health,
    objective: failedOver ? null : verdict(bound, objective),
    backlogBytes: null,
    unappliedBytes: unapplied.reduce((sum, { bytes }) => sum + bytes, 0),
    unappliedSeconds: unapplied[0] === undefined
      ? 0
      : Math.ceil(Math.max(0, wall - unapplied[0].cutAt) / 1_000_000),
    lastCut: newest?.cutAt ?? null,
    lastStaged: stagedAt ?? null,
    lastApplied: machine.appliedAt ?? null,
    appliedPoint: applied?.id ?? null,
    rpoSeconds: bound === undefined ? null : Math.ceil(bound / 1_000_000),
    rpoIsUpperBound: true,
    bytesSent: 0,
    failedOverTo: record.failover?.point ?? null,
    points: points.length,
    retention: retentionText(store.retention),
    settings: record.choices === undefined ? null : settingsTold(record.choices),
    exports: machine.exports.map(({ point, path, bytes, total }) => {
      return { point: point.id, path, bytes, total };
    }),
    initialReplication: machine.importing === undefined
      ? null
      : { method: "import", ...machine.importing },
    generation: store.generation,
    primary: record.primary,
    warnings,
  };
}

/** Status of a machine whose copy waits here for its primary. */
export function copyStatus(vm: string, { paths, sizes, from }: ExistingCopy): JsonObject {
  return {
    vm,
    role: "replica",
    state: "WaitingForInitialReplication",
    health: "Warning",
    objective: "breached",
    ...NOTHING_KNOWN,
    points: 0,
    primary: from ?? null,
    disks: paths.map((path, index) => ({ path, size: sizes[index] ?? 0 })),
    warnings: [
      "Its copy waits for its primary: start it there with " +
      `"warmsite replication start ${vm} --existing-copy"`,
    ],
  };
}

/** Status of a machine that tests a failover: nothing replicates it, and nothing of it is kept. */
export function testStatus(of: string, test: TestFailover): JsonObject {
  const { name, point, startedAt, failure, bytes } = test;
  const action = `Delete it: warmsite failover test ${of} --delete "${name}"`;
  return {
    vm: name,
    role: "test",
    state: "Disabled",
    health: failure === undefined ? "NotApplicable" : "Critical",
    objective: null,
    ...NOTHING_KNOWN,
    testOf: of,
    point,
    testStarted: startedAt === 0 ? null : startedAt,
    overlayBytes: bytes,
    warnings: failure === undefined ? [] : [`${failure.message}. ${action}`],
  };
}

/** Status of a machine that is here and cannot be opened. */
export function unopenedStatus(vm: string, role: Role, failure: Failure): JsonObject {
  const again = role === "primary" ? "; it is opened by itself once that is mended" : "";
  return {
    vm,
    role,
    state: "Error",
    health: "Critical",
    objective: "breached",
    ...NOTHING_KNOWN,
    warnings: [`${failure.message}. ${failure.action}${again}`],
  };
}

/** A point as `points` lists it. */
export function pointJson(point: RecoveryPoint): JsonObject {
  return {
    id: point.id,
    parent: point.parent ?? null,
    generation: point.generation,
    cut: point.cutAt,
    kind: point.kind,
    applied: point.applied,
    sizes: point.sizes,
    bytes: point.bytes,
    digests: point.digests,
    broken: point.broken ?? null,
    unverified: point.unverified,
  };
}

/** Before the first point nothing could be brought back: that meets no objective. */
function verdict(rpo: number | undefined, objective: number): "met" | "breached" {
  return rpo !== undefined && rpo <= objective ? "met" : "breached";
}

function micros(value: number | undefined): number | null {
  return value ?? null;
}

/** When the next attempt is made, wall time in µs since 1970; null where none is. */
function nextAttempt(replicator: Replicator | undefined, now: number, wall: number): number | null {
  const next = replicator?.nextAttempt;
  return next === undefined ? null : wall + Math.max(0, next - now);
}
