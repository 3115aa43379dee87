/**
 * How a machine stands, in the few words that colours have.
 *
 * @module
 */

import type { MachineFrame } from "../../lab/run/recording.ts";

/** From well to worst. */
export type Standing = "healthy" | "lagging" | "frozen" | "lost";

/** How it stands against its objective, µs; 0 for none. */
export function rpoState(machine: MachineFrame, objective: number): Standing {
  if (machine.runs.length !== 1) return "lost";
  if (machine.rpo === null) return "frozen";
  if (objective > 0 && machine.rpo > objective) return "lagging";
  return machine.health === "Critical" ? "lagging" : "healthy";
}
