/**
 * Media: places that are carried from the primary's host to the replica's, and may be damaged on the way.
 *
 * @module
 */

import type { Json } from "../../core/base/json.ts";
import type { FileNode } from "../volume.ts";
import type { Drill } from "./drill.ts";
import type { MachineRun } from "./machine_run.ts";

/** What an administrator knows of a medium. */
export interface Medium {
  /** The volume's name. */
  readonly name: string;
  /** The package's folder, once it is complete. */
  folder: string | undefined;
  where: "a" | "way" | "b";
  /** How the damage on the way is undone; `undefined` while there is none. */
  repair: (() => void) | undefined;
  tries: number;
  /** The replica's host has crashed amid an import of it. */
  stumbled: boolean;
}

/** A medium that is at the primary, with nothing on it. */
export function mediumOf(name: string): Medium {
  return {
    name,
    folder: undefined,
    where: "a",
    repair: undefined,
    tries: 0,
    stumbled: false,
  };
}

/** Damages a file as the scenario says; what is returned undoes it. */
export function damage(
  { sectors }: FileNode,
  { harm, pick }: { readonly harm: "none" | "flip" | "cut"; readonly pick: number },
): (() => void) | undefined {
  const { length } = sectors;
  if (harm === "none" || length === 0) return undefined;
  if (harm === "cut") {
    const last = sectors.read(length - 1, 1);
    const settle = () => sectors.persist(sectors.mark());
    // A loss of power does not undo it.
    sectors.truncate(length - 1);
    settle();
    return () => {
      sectors.write(length - 1, last);
      settle();
    };
  }
  const at = (pick >>> 3) % length;
  const whole = sectors.read(at, 1);
  sectors.damage(at, Uint8Array.of((whole[0] ?? 0) ^ (1 << (pick & 7))));
  return () => sectors.damage(at, whole);
}

/** A medium for a machine at the primary, under the name that a path of it begins with. */
export function bringMedium({ sites: { a } }: Drill, machine: MachineRun, path: Json): void {
  const name = mediumIn(path);
  if (name === "" || a.host.places.has(name)) return;
  a.host.addPlace(name);
  machine.medium = mediumOf(name);
}

/** The medium that a path begins with is carried to the replica, if it is at the primary still. */
export function carryMedium({ sites: { a, b } }: Drill, path: Json): void {
  const name = mediumIn(path);
  if (a.host.places.has(name)) b.host.bringPlace(name, a.host.takePlace(name));
}

function mediumIn(path: Json): string {
  return typeof path === "string" ? path.split("/")[1] ?? "" : "";
}
