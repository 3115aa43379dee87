/**
 * Opening the conversation with the replica: both sides say where they stand, lineage decides, and the
 * disks are brought in line before anything is sent (L1, L2, L7).
 *
 * @module
 */

import { Failed, peerFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import { taken } from "../history/room.ts";
import { decide, type Decision } from "../lineage/decision.ts";
import type { Task } from "../runtime/task.ts";
import type { MessageOf } from "../wire/message.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Replication } from "./replication.ts";

/** Opens the machine on a new channel and returns what is to be done on it. */
export function* openMachine(work: Replication, peer: ReplicaPeer): Task<Decision> {
  const { machine } = work;
  const writer = yield* machine.present();
  // Nobody else needs to know, and holes are not found for nothing.
  const seeding = machine.state === "InitialReplicationInProgress";
  const space = seeding ? yield* taken(machine.tracked) : 0;
  const opened = yield* peer.open({ ...opening(work), writer, space });
  if (opened.writer === writer[0]) machine.presence.noteBound();
  const decision = decideFrom(work, opened);
  yield* follow(work, decision, opened.newest);
  return decision;
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
    disks: machine.disks.map((disk) => disk.size),
    blockSize: first?.geometry.blockSize ?? 0,
    keep: settings.keep,
    frequency: settings.frequency,
    base: first?.base.kind === "point" ? first.base.point : null,
    issued: first?.issued ?? [],
    claim: machine.presence.takingOver ? "take-over" : "continue",
  };
}

function decideFrom({ machine }: Replication, opened: MessageOf<"machine-opened">): Decision {
  const disks = machine.tracked.map(({ base, issued }) => ({
    point: base.kind === "point" ? base.point : undefined,
    seed: base.kind === "seed" ? base.seed : undefined,
    issued,
  }));
  return decide(machine.ancestry, disks, machine.state === "InitialReplicationInProgress", {
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
function* follow(work: Replication, decision: Decision, newest: PointId | null): Task<void> {
  const { machine } = work;
  switch (decision.kind) {
    case "hold": {
      const { code } = decision.failure;
      // A failover that may still be cancelled changes no state here (L5).
      if (code !== "wrong-state") yield* machine.enter("refused-by-replica");
      throw new Failed(decision.failure);
    }
    case "replica-lost":
      work.base = undefined;
      work.staged.newest = undefined;
      yield* machine.enter("lose-replica");
      throw peerFailure(
        "not-the-base",
        "The replica holds nothing of this machine",
        'Start initial replication again: "warmsite replication start"',
      );
    case "seed":
      return;
    case "cycle":
      yield* rebase(work, decision, newest as PointId);
      yield* machine.enter(
        machine.state === "InitialReplicationInProgress"
          ? "finish-initial-replication"
          : "welcomed-by-replica",
      );
  }
}

/** L2: every disk's bits are made relative to the replica's newest point. */
function* rebase(
  work: Replication,
  decision: Decision & { kind: "cycle" },
  newest: PointId,
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
    if (step === "ready" || step === undefined) continue;
    // Our own delta was sealed and the answer was lost, or an earlier process of ours made the cut.
    if (step === "adopt" && delta?.point === newest) yield* disk.staged(newest);
    else {
      disk.forgetProgress();
      const base = { kind: "point", point: newest } as const;
      yield* disk.setBase(base, { suspectAll: step === "compare-whole" });
    }
  }
  if (delta !== undefined && delta.point === newest) {
    work.staged.note(delta);
    work.statistics.cycles++;
  }
  if (delta !== undefined && delta.parent !== newest) {
    work.delta = undefined;
    for (const disk of machine.tracked) disk.forgetProgress();
  }
  work.base = newest;
  // It was staged, and this is how we hear of it.
  if (decision.disks.includes("adopt")) {
    work.ports.observer.emit({ kind: "staged", machine: machine.name, point: newest });
    work.ports.observer.emit({ kind: "probe", name: "primary/staged-adopted" });
  }
}
