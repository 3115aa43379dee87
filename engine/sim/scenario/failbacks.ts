/**
 * What travels back once a machine has changed sides, counted until the first point of its new home is staged, and what may: the
 * blocks that its guests changed on either side since the point that both have (L2).
 *
 * Rule: what changed is what the oracle saw being asked for, not what the engine marked. A way back that was interrupted is not
 * counted: what was in flight travels again. What was hot when a server died since then counts as changed.
 *
 * @module
 */

import type { EngineEvent } from "../../core/ports/observer.ts";
import type { MachineHistory } from "../oracle/history.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import type { Drill } from "./drill.ts";
import type { MachineRun } from "./machine_run.ts";

/** A way back under way. */
interface Failback {
  /** What had been done to the disks of the point that both sides have. */
  readonly history: MachineHistory;
  /** When the newest point was cut that both know the other has, or the common one where that was before. */
  readonly since: number;
  /** When it began: what guests change from then on may travel as it was and once more. */
  readonly began: number;
  /** Bytes that each disk had in that point: what it has grown by since counts as changed. */
  readonly sizes: readonly number[];
  /** Bytes of blocks that crashes since then made doubtful. */
  readonly doubtful: number;
  /** Bytes of blocks that were sent. */
  sent: number;
}

/** Events behind which something may travel twice, or be compared. */
const INTERRUPTIONS: ReadonlySet<EngineEvent["kind"]> = new Set<EngineEvent["kind"]>([
  "disconnected",
  "failure",
  "view-given-up",
  "cut-failed",
]);

/** Counts. */
export class Failbacks {
  readonly #drill: Drill;
  readonly #underway = new Map<MachineRun, Failback>();
  /** When each server died, in the oracle's order. */
  readonly #deaths: number[] = [];
  /** The same of each time that somebody else wrote a sector of a machine's disk. */
  readonly #outside = new Map<MachineRun, number[]>();

  constructor(drill: Drill) {
    this.#drill = drill;
  }

  /** A machine has come to its home; `point` is what both sides have. */
  begin(machine: MachineRun, point: string | undefined): void {
    this.#underway.delete(machine);
    const common = machine.cuts.get(point ?? "");
    const told = machine.cuts.get(machine.told.at(-1) ?? "");
    if (common === undefined || told?.history !== common.history) return;
    // The old primary's log tells what changed since the newest point of which it was told, and no better.
    const since = Math.min(common.instant, told.instant);
    const { history } = common;
    const sizes = common.sizes ?? machine.spec.disks.map((sectors) => sectors * SECTOR_SIZE);
    const hot = this.#deaths.some((died) => died > since) ? this.#hot(machine) : 0;
    const strange = (this.#outside.get(machine) ?? []).filter((wrote) => wrote > since).length;
    const doubtful = hot + strange * this.#drill.world.blockSize;
    this.#underway.set(machine, {
      history,
      since,
      sizes,
      began: this.#drill.instant(),
      doubtful,
      sent: 0,
    });
  }

  /** What one activity log of each disk may have held on each side: a crash makes all of it count as changed (T1). */
  #hot({ spec }: MachineRun): number {
    const { slots, regionBlocks, blockSize } = this.#drill.world;
    return 2 * spec.disks.length * slots * regionBlocks * blockSize;
  }

  /** Somebody else wrote a sector of a disk of the machine. */
  wroteOutside(machine: MachineRun, instant: number): void {
    this.#outside.set(machine, [...this.#outside.get(machine) ?? [], instant]);
  }

  /** A server died: whatever was on its way is not counted. */
  died(): void {
    this.#deaths.push(this.#drill.instant());
    this.#underway.clear();
  }

  /** The engine at a host reported something. */
  see(host: string, event: EngineEvent): void {
    if (this.#underway.size === 0) return;
    if (INTERRUPTIONS.has(event.kind)) return this.#underway.clear();
    for (const [machine, way] of [...this.#underway]) {
      if (host !== machine.home || !("machine" in event)) continue;
      if (event.machine !== machine.spec.name) continue;
      if (event.kind === "sent") way.sent += event.bytes;
      else if (event.kind === "staged") this.#end(machine, way);
    }
  }

  #end(
    machine: MachineRun,
    { history: left, since, sizes, began, doubtful, sent }: Failback,
  ): void {
    this.#underway.delete(machine);
    const { vm, history } = machine.guest;
    const { blockSize } = this.#drill.world;
    const changed = new Set<string>();
    noteChanged(changed, left, since, blockSize);
    for (const [disk, size] of sizes.entries()) {
      const end = Math.ceil(((machine.asked[disk] ?? 0) * SECTOR_SIZE) / blockSize);
      for (let at = Math.floor(size / blockSize); at < end; at++) changed.add(`${disk}/${at}`);
    }
    // Behind a failover its guest has a history of its own, which begins at that point.
    if (history !== left) noteChanged(changed, history, 0, blockSize);
    this.#drill.probe(history === left ? "planned/way-back" : "reverse/way-back");
    const bound = changed.size * blockSize + doubtful + writtenSince(history, began, blockSize);
    this.#drill.tell({ kind: "failback", vm, sent, changed: bound });
  }
}

/** Bytes of the blocks of every request that ended at `instant` or later, each counted by itself. */
function writtenSince({ requests }: MachineHistory, instant: number, blockSize: number): number {
  return requests.filter(({ ended }) => ended >= instant).reduce((sum, { sector, count }) => {
    const from = Math.floor((sector * SECTOR_SIZE) / blockSize);
    const to = Math.ceil(((sector + count) * SECTOR_SIZE) / blockSize);
    return sum + (to - from) * blockSize;
  }, 0);
}

/** The blocks, as `disk/block`, that requests may have changed which a cut at `instant` need not hold. */
function noteChanged(
  changed: Set<string>,
  { requests }: MachineHistory,
  instant: number,
  blockSize: number,
): void {
  for (const { disk, sector, count, ended } of requests) {
    if (ended < instant) continue;
    const from = Math.floor((sector * SECTOR_SIZE) / blockSize);
    const to = Math.ceil(((sector + count) * SECTOR_SIZE) / blockSize);
    for (let block = from; block < to; block++) changed.add(`${disk}/${block}`);
  }
}
