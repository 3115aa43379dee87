/**
 * A disk beside those of a machine's guest: administrators add it, take it out, leave it out of replication and take it
 * in again, while everything else goes on (M65).
 *
 * Nobody writes to it, so what it holds is known without an oracle: every sector tells its place. So a point has all of
 * it, or has no such disk (I60); and every other judge goes on as if it were not there, which is the other half of it.
 *
 * @module
 */

import type { JsonObject } from "../../core/base/json.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import { markUnits } from "../storage_io.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, primaryOf } from "./machine_run.ts";
import type { OperatorAction } from "./scenario.ts";

/** Sectors of it: some runs of a first copy. */
export const SPARE_SECTORS = 96;

/** Name of its device. */
export function spareName(machine: MachineRun): string {
  return `${machine.spec.name}-spare.img`;
}

/** What it holds; made once, and nobody's to change. */
export const SPARE_CONTENT: Uint8Array = spareContent();

function spareContent(): Uint8Array {
  const content = new Uint8Array(SPARE_SECTORS * SECTOR_SIZE);
  const words = new Uint32Array(content.buffer);
  // Every eighth sector is zeros; no other is like another one, nor small when it is compressed.
  for (let at = 0; at < words.length; at++) {
    const sector = Math.floor((at * 4) / SECTOR_SIZE);
    words[at] = sector % 8 === 7 ? 0 : Math.imul(at + 1, 2654435761) ^ Math.imul(sector + 1, 40503);
  }
  return content;
}

/** What to ask the primary for; `undefined` where there is nothing to ask. */
export function spareVerb(
  drill: Drill,
  machine: MachineRun,
  { change }: OperatorAction & { readonly kind: "disk" },
): { readonly verb: string; readonly args: JsonObject } | undefined {
  const { current, host } = drill.homeOf(machine);
  const { vm } = machine.guest;
  // A copy or a medium was made of the disks of its guest: one with more is refused, rightly.
  const apart = machine.burnt || machine.retired || machine.roaming ||
    machine.first.way !== "network";
  const real = current === undefined || apart ? undefined : primaryOf(current.server, vm);
  if (real === undefined) return undefined;
  const name = spareName(machine);
  if (change === "add") {
    if (!host.disks.has(name)) makeSpare(drill, machine);
    return { verb: "vm disk add", args: { vm, disk: name } };
  }
  const disk = real.disks.findIndex(({ part, path }) => part !== "removed" && path === name);
  if (disk < 0) return undefined;
  if (change === "remove") return { verb: "vm disk remove", args: { vm, disk } };
  return { verb: "vm disk exclude", args: { vm, disk, off: change === "include" } };
}

/** Makes its device. */
export function makeSpare(drill: Drill, machine: MachineRun): void {
  const content = SPARE_CONTENT;
  const { node } = drill.homeOf(machine).host.addDisk(spareName(machine), {
    size: content.length,
    storage: drill.world.storage.a,
  });
  node.sectors.write(0, content);
  node.sectors.persist(node.sectors.mark());
  markUnits(node, 0, content.length, true);
}
