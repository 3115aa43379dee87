/**
 * What a replica changed when it was the primary itself, told to the one that is it now: so a failback
 * sends what differs and nothing else (L2).
 *
 * The replication logs of its disks were closed in order when it was demoted, and lie beside the disks
 * until the first point of the new primary has arrived. They are read, never written; one that does not
 * tell exactly what changed is told as knowing nothing, and the disk is compared.
 *
 * @module
 */

import { brokenProtocol } from "../base/failure.ts";
import type { Task } from "../runtime/task.ts";
import { type ClosedLog, readClosedLog } from "../tracking/closed_log.ts";
import { removeLog } from "../tracking/hrl_open.ts";
import { type MessageOf, TAIL_RUNS_MAX } from "../wire/message.ts";
import type { ReplicaMachine } from "./replica_machine.ts";

/** Reads the logs of one machine; keeps that of the disk that was asked for last. */
export class TailReader {
  readonly #machine: ReplicaMachine;
  #disk: number | undefined;
  #log: ClosedLog | undefined;

  constructor(machine: ReplicaMachine) {
    this.#machine = machine;
  }

  /** What changed of `disk` from block `from` on, as much of it as a message holds. */
  *tell(disk: number, from: number): Task<MessageOf<"tail-told">> {
    const log = yield* this.#read(disk);
    const nothing = { since: null, issued: [], runs: [], next: null };
    if (log === undefined || log.base.kind !== "point" || log.issued === undefined) {
      return { type: "tail-told", disk, ...nothing };
    }
    const runs: (readonly number[])[] = [];
    let at = from;
    while (runs.length < TAIL_RUNS_MAX && at < log.changed.size) {
      const run = log.changed.nextRun(at);
      if (run === undefined) break;
      runs.push([run.start, run.end - run.start]);
      at = run.end;
    }
    const next = runs.length < TAIL_RUNS_MAX ? null : at;
    return { type: "tail-told", disk, since: log.base.point, issued: log.issued, runs, next };
  }

  *#read(disk: number): Task<ClosedLog | undefined> {
    const { store, ports, tailPoint } = this.#machine;
    const guest = store.rawDisks[disk];
    if (guest === undefined || tailPoint === undefined) {
      throw brokenProtocol("The replica was asked for what it has not told of");
    }
    if (this.#disk !== disk) {
      const { geometry, machine } = store;
      this.#log = yield* readClosedLog(ports, guest, { geometry, machine, disk });
      this.#disk = disk;
    }
    return this.#log;
  }
}

/** Removes the logs of a primary that has become a replica for good. */
export function* forgetTail({ store }: ReplicaMachine): Task<void> {
  for (const guest of store.rawDisks) yield* removeLog(guest);
}
