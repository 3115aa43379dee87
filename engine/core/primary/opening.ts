/**
 * Opening the conversation with the replica: both sides say where they stand, lineage decides, and the
 * disks are brought in line before anything is sent (L1, L2, L7).
 *
 * @module
 */
// Long because: what is decided and what follows from it are one table over the same two standings.

import { brokenProtocol, Failed, type Failure, peerFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import { Bitmap } from "../block/bitmap.ts";
import { coversTail } from "../lineage/branch.ts";
import type { TrackedDisk } from "../tracking/tracked_disk.ts";
import { taken } from "../history/room.ts";
import { decide, type Decision, type DiskStep } from "../lineage/decision.ts";
import { choicesToWire } from "../relationship/choices.ts";
import type { Task } from "../runtime/task.ts";
import type { MessageOf } from "../wire/message.ts";
import { refusedBecause } from "../wire/refusal.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { PrimaryMachine } from "./machine.ts";
import type { Replication } from "./replication.ts";
import { beginResync, requireResync } from "./resynchronization.ts";

/** What is to be done on a channel that was opened. */
export type Course =
  | Exclude<Decision, { readonly kind: "hold" | "replica-lost" }>
  | { readonly kind: "resynchronize" }
  /** Nothing, until something is as the failure says. */
  | { readonly kind: "held"; readonly failure: Failure };

/** Opens the machine on a new channel and returns what is to be done on it. */
export function* openMachine(work: Replication, peer: ReplicaPeer): Task<Course> {
  const { machine } = work;
  const writer = yield* machine.present();
  // Nobody else needs to know, and holes are not found for nothing.
  const seeding = mayBeSeeded(machine) || awaitsImport(machine);
  const space = seeding ? yield* taken(machine.tracked) : 0;
  const opened = yield* open(work, peer, { ...opening(work), writer, space });
  if (opened.writer === writer[0]) machine.presence.noteBound();
  work.theirs = opened.ancestry;
  const decision = decideFrom(work, opened);
  const course = yield* follow(work, peer, decision, opened);
  // It said where it stands, and that it takes nothing now: no cut is made for nothing.
  if (opened.refuses !== undefined) throw new Failed(refusedBecause(opened.refuses));
  // Of one that was cancelled the replica keeps nothing (L8).
  if (course.kind === "held" && opened.delta !== null) {
    yield* peer.tell({ type: "delta-drop", delta: opened.delta.id });
    work.ports.observer.emit({ kind: "probe", name: "resync/dropped" });
  }
  return course;
}

/**
 * Opens the machine to hear where it runs, and does nothing about what it hears. Returns why the replica
 * takes nothing from this server, as the two histories tell; `undefined` where they do not speak against it.
 */
export function* askWhereItRuns(work: Replication, peer: ReplicaPeer): Task<Failure | undefined> {
  const { machine } = work;
  const writer = yield* machine.present();
  const asked = { ...opening(work), writer, space: 0, purpose: "ask" } as const;
  const opened = yield* open(work, peer, asked);
  if (opened.writer === writer[0]) machine.presence.noteBound();
  work.theirs = opened.ancestry;
  const decision = decideFrom(work, opened);
  return decision.kind === "hold" ? decision.failure : undefined;
}

/** Opens the machine; who refuses that, for its history and ours have parted, tells its own (L1). */
function* open(
  work: Replication,
  peer: ReplicaPeer,
  message: MessageOf<"open-machine">,
): Task<MessageOf<"machine-opened">> {
  try {
    return yield* peer.open(message);
  } finally {
    work.theirs = peer.theirs ?? work.theirs;
  }
}

function opening(
  { machine, settings }: Replication,
): Omit<MessageOf<"open-machine">, "writer" | "space"> {
  const first = machine.tracked[0];
  return {
    type: "open-machine",
    machine: machine.id,
    name: machine.name,
    generation: machine.generation,
    ancestry: machine.ancestry,
    disks: machine.announced,
    blockSize: first?.geometry.blockSize ?? 0,
    retention: settings.retention,
    frequency: settings.frequency,
    base: first?.base.kind === "point" ? first.base.point : null,
    issued: first?.issued ?? [],
    listen: machine.listen ?? "",
    claim: machine.presence.takingOver ? "take-over" : "continue",
    choices: choicesToWire(settings),
    purpose: undefined,
    yields: machine.yieldsTo,
    ...firstCopy(machine),
  };
}

/** True while a package is on its way to the replica. */
function awaitsImport({ state, plan }: Pick<Replication["machine"], "state" | "plan">): boolean {
  const waits = state === "WaitingForInitialReplication" || state === "Error";
  return waits && plan?.exported !== undefined;
}

/** How the first copy comes to the replica. */
function firstCopy(
  { state, plan }: Replication["machine"],
): Pick<MessageOf<"open-machine">, "seeding" | "media"> {
  if (plan?.exported !== undefined && awaitsImport({ state, plan })) {
    const { point, digest } = plan.exported;
    return { seeding: "media", media: { point, digest, key: plan.packageKey?.key } };
  }
  if (state !== "InitialReplicationInProgress") return { seeding: "none", media: null };
  return {
    seeding: plan?.method === "existing-copy" ? "existing-copy" : "network",
    media: null,
  };
}

function decideFrom(work: Replication, opened: MessageOf<"machine-opened">): Decision {
  const { machine } = work;
  const awaiting = awaitsImport(machine);
  const seeding = mayBeSeeded(machine) || awaiting;
  const decision = decideOf(work, opened, seeding);
  // What a package carries is not sent as well.
  return awaiting && decision.kind === "seed" ? { kind: "await-import" } : decision;
}

function decideOf(
  { machine }: Replication,
  opened: MessageOf<"machine-opened">,
  seeding: boolean,
): Decision {
  const disks = machine.tracked.map(({ base, issued }) => ({
    point: base.kind === "point" ? base.point : undefined,
    seed: base.kind === "seed" ? base.seed : undefined,
    issued,
  }));
  return decide(machine.ancestry, disks, seeding, {
    ancestry: opened.ancestry,
    newest: opened.newest,
    seed: opened.seed,
    failedOver: opened.state === "FailedOverWaitingCompletion",
    otherWriter: opened.writer === null || opened.writer === machine.presence.writer[0]
      ? undefined
      : opened.writer,
  });
}

/** Brings state and disks in line with the decision; throws when nothing may be sent. */
function* follow(
  work: Replication,
  peer: ReplicaPeer,
  decision: Decision,
  opened: MessageOf<"machine-opened">,
): Task<Course> {
  const { machine } = work;
  switch (decision.kind) {
    case "hold": {
      const { code } = decision.failure;
      // A failover that may still be cancelled changes no state here (L5).
      if (code !== "wrong-state" && machine.state !== "PreparedForFailover") {
        yield* machine.enter("refused-by-replica", decision.failure);
      }
      throw new Failed(decision.failure);
    }
    case "replica-lost":
      work.base = undefined;
      work.staged.newest = undefined;
      // A machine that is locked stays so, whatever it hears.
      if (machine.state === "PreparedForFailover") throw nothingThere();
      yield* machine.resync.change({ due: nothingThere().failure.message });
      yield* machine.enter("lose-replica");
      return (yield* beginResync(work)) ?? { kind: "seed", resume: false };
    case "seed":
      return decision;
    case "await-import":
      yield* machine.enter("await-import");
      return decision;
    case "cycle": {
      const tails = yield* tailsOf(work, peer, decision, opened);
      if (machine.state === "PreparedForFailover") {
        // Nobody writes to it: what is suspected is compared with the last delta.
        yield* rebase(work, decision, opened.newest as PointId, tails);
        return decision;
      }
      const why = comparisonDue(work, decision.disks, tails);
      // Due is durable before the bits say that all is suspected: for then they prove something again.
      if (why !== undefined) {
        yield* firstCopyDone(work, opened.newest as PointId);
        yield* requireResync(work, why);
      }
      yield* rebase(work, decision, opened.newest as PointId, tails);
      yield* firstCopyDone(work, opened.newest as PointId);
      const compares = why !== undefined || machine.state === "Resynchronizing";
      if (compares) return (yield* beginResync(work)) ?? { kind: "resynchronize" };
      yield* machine.enter("welcomed-by-replica");
      return decision;
    }
  }
}

/** The replica has a point to build on: the first copy is there, or was before. */
function* firstCopyDone({ machine, ports }: Replication, newest: PointId): Task<void> {
  const { state, plan } = machine;
  if (state === "WaitingForInitialReplication" && plan?.exported?.point === newest) {
    // It was imported, and this is how we hear of it.
    ports.observer.emit({ kind: "staged", machine: machine.name, point: newest });
    ports.observer.emit({ kind: "probe", name: "primary/import-heard-of" });
  }
  if (state === "InitialReplicationInProgress" || state === "WaitingForInitialReplication") {
    yield* machine.enterWith("finish-initial-replication", undefined);
  } else if (plan?.exported !== undefined) {
    // From Error: what was exported is of no use any more.
    yield* machine.enterWith(undefined, undefined);
  }
}

function nothingThere(): Failed {
  return peerFailure(
    "not-the-base",
    "The replica holds nothing of this machine",
    'Start initial replication again: "warmsite replication start"',
  );
}

/** Whether everything is sent to a replica that holds nothing: it is the first time, or a resynchronization. */
function mayBeSeeded({ state }: PrimaryMachine): boolean {
  return state === "InitialReplicationInProgress" || state === "Resynchronizing";
}

/** Why whole disks are to be compared; `undefined` when the logs prove what changed. */
function comparisonDue(
  { machine }: Replication,
  steps: readonly DiskStep[],
  tails: readonly (Bitmap | undefined)[],
): string | undefined {
  if (machine.resync.plan.due !== undefined) return machine.resync.plan.due;
  const index = steps.findIndex((step, at) => step === "compare-whole" && tails[at] === undefined);
  if (index < 0) return undefined;
  return `"${
    machine.disks[machine.tracked[index]?.index ?? 0]?.path
  }": The replica\'s newest point is none that its log can prove`;
}

/** For each disk, what the replica changed of it as a primary, where that proves how we differ (L2). */
function* tailsOf(
  work: Replication,
  peer: ReplicaPeer,
  { disks }: Decision & { kind: "cycle" },
  { tail, newest }: MessageOf<"machine-opened">,
): Task<(Bitmap | undefined)[]> {
  const tails: (Bitmap | undefined)[] = [];
  for (const [place, disk] of work.machine.tracked.entries()) {
    const asked = disks[place] === "compare-whole" && tail === newest;
    tails.push(asked ? yield* tailOf(work, peer, disk) : undefined);
  }
  return tails;
}

/** L2: every disk's bits are made relative to the replica's newest point. */
function* rebase(
  work: Replication,
  decision: Decision & { kind: "cycle" },
  newest: PointId,
  tails: readonly (Bitmap | undefined)[],
): Task<void> {
  const { delta, machine } = work;
  // A point of ours that was cut and never sealed is nowhere: who says it is there would have us forget
  // what changed up to it.
  if (delta?.point === newest && delta.sealing !== newest) {
    throw peerFailure(
      "protocol-violation",
      "The replica says that it holds a point that was never sealed",
      "Check that both servers run the same version",
    );
  }
  for (const [index, disk] of machine.tracked.entries()) {
    const step = decision.disks[index];
    if (step === undefined) continue;
    if (step === "ready") {
      disk.confirmed();
      continue;
    }
    // Our own delta was sealed and the answer was lost, or an earlier process of ours made the cut.
    if (step === "adopt" && delta?.point === newest) yield* disk.staged(newest);
    else {
      const changed = tails[index];
      disk.forgetProgress();
      const base = { kind: "point", point: newest } as const;
      if (changed !== undefined) yield* disk.setBase(base, { changed });
      else yield* disk.setBase(base, { suspectAll: step === "compare-whole" });
    }
  }
  if (delta !== undefined && delta.point === newest) {
    work.staged.note(delta);
    work.statistics.cycles++;
  }
  if (delta !== undefined && delta.parent !== newest) {
    work.delta = undefined;
    work.swept.clear();
    for (const disk of machine.tracked) disk.forgetProgress();
  }
  work.base = newest;
  yield* machine.settleJoins(newest);
  // It was staged, and this is how we hear of it.
  if (decision.disks.includes("adopt")) {
    work.ports.observer.emit({ kind: "staged", machine: machine.name, point: newest });
    work.ports.observer.emit({ kind: "probe", name: "primary/staged-adopted" });
  }
}

/**
 * The blocks that the replica changed of a disk when it was the primary itself, where they and our own
 * bits are all that we differ in (L2); `undefined` where that cannot be proved.
 */
function* tailOf(
  { machine, ports }: Replication,
  peer: ReplicaPeer,
  disk: TrackedDisk,
): Task<Bitmap | undefined> {
  const { branch } = machine;
  const { index } = disk;
  const ours = disk.base.kind === "point" && disk.base.point === branch?.point;
  if (branch === undefined || !ours) return undefined;
  const changed = new Bitmap(Math.ceil(disk.size / disk.geometry.blockSize));
  // One that was added since is none of its disks: it can tell nothing of it, and all of it is sent.
  if (machine.disks[index]?.part === "joining") return changed;
  for (let from: number | null = 0; from !== null;) {
    const told: MessageOf<"tail-told"> = yield* peer.ask(
      { type: "tail-ask", disk: index, from },
      "tail-told",
    );
    if (told.disk !== index || !coversTail(branch, told)) return undefined;
    for (const [start = 0, length = 0] of told.runs) {
      if (length < 1 || start < from || start + length > changed.size) throw unsoundTail();
      changed.set(start, start + length);
      from = start + length;
    }
    if (told.next !== null && (told.next < from || told.runs.length === 0)) throw unsoundTail();
    from = told.next;
  }
  ports.observer.emit({ kind: "probe", name: "primary/failback-by-delta" });
  return changed;
}

function unsoundTail(): Failed {
  return brokenProtocol("The replica told of changes that cannot be");
}
