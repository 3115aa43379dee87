/**
 * The registry of faults: one table of every kind, from which the scenario language, its schema, the documentation, the
 * lab's palette and the properties are made.
 *
 * @module
 */

import type { FaultDefinition, FaultParameter, Suffering, Target } from "./definition.ts";
import { DISK_FAULTS } from "./disk.ts";
import { CLOCK_FAULTS, HOST_FAULTS, SITE_FAULTS } from "./host.ts";
import { LINK_FAULTS } from "./link.ts";
import { GUEST_FAULTS, REPLICA_FAULTS } from "./machine.ts";
import { SECURITY_FAULTS } from "./security.ts";

/** Every kind of fault by its id. */
export const FAULTS: ReadonlyMap<string, FaultDefinition> = new Map(
  [
    ...LINK_FAULTS,
    ...DISK_FAULTS,
    ...HOST_FAULTS,
    ...CLOCK_FAULTS,
    ...SITE_FAULTS,
    ...GUEST_FAULTS,
    ...REPLICA_FAULTS,
    ...SECURITY_FAULTS,
  ].map((fault) => [fault.id, fault]),
);

/** Parameters of a fault by name, in base units of the world that is meant. */
export type FaultParameters = Readonly<Record<string, number | string | boolean>>;

/**
 * What the simulator is to do for a fault at this moment. `lasts` is for how long, µs: what is left of the drill where
 * a step says nothing; `scale` is what sizes and rates are divided by. Parameters that are not there are as usual.
 */
export function lowerFault(
  fault: FaultDefinition,
  target: Target,
  parameters: FaultParameters,
  lasts: number,
  scale: number,
): readonly Suffering[] {
  const valueOf = (name: string) => {
    const parameter = fault.parameters.find((each) => each.name === name);
    if (parameter === undefined) throw new RangeError(`${fault.id} has no parameter ${name}`);
    return scaled(parameter, parameters[name] ?? parameter.usual, scale);
  };
  return fault.lower({
    target,
    lasts,
    number: (name) => Number(valueOf(name)),
    word: (name) => String(valueOf(name)),
  });
}

/** Of the simulated world. */
function scaled(
  { kind }: FaultParameter,
  value: number | string | boolean,
  scale: number,
): number | string | boolean {
  if (typeof value !== "number" || (kind !== "size" && kind !== "rate")) return value;
  const less = Math.floor(value / scale);
  return kind === "rate" ? Math.max(1, less) : less;
}
