/**
 * The published schema of scenarios, made of the definitions that read them.
 *
 * Rule: it describes what may be written, for editors; what hangs together by names and times only reading finds out.
 *
 * @module
 */

import * as z from "zod/mini";
import type { JsonObject } from "../../engine/core/base/json.ts";
import type { FaultDefinition } from "../../engine/sim/faults/definition.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { BOUNDS } from "./bounds.ts";
import { NAME, record, writtenQuantity } from "./form.ts";
import { QUANTITY_EXAMPLES } from "./quantities.ts";
import { AWAITED, everyStep, faultStep } from "./written_steps.ts";
import { EXPECTATIONS, HEAD, STEP_ID, WORLD } from "./written_world.ts";

interface Meta {
  readonly id?: string;
  readonly title?: string;
  readonly description?: string;
}

/** The schema, draft 2020-12. */
export function scenarioJsonSchema(): JsonObject {
  const metadata = z.registry<Meta>();
  for (const measure of ["time", "size", "rate", "share"] as const) {
    const description = `${QUANTITY_EXAMPLES[measure]}; 0 needs no unit`;
    metadata.add(writtenQuantity(measure), { id: measure, description });
  }
  metadata.add(NAME, { id: "name", description: "The name of a site, the link or a machine" });
  metadata.add(STEP_ID, { id: "step", description: "A step: its id, or its number" });
  metadata.add(AWAITED, { id: "awaited", description: "STEP, STEP.begin, or VM.OCCURRENCE" });
  for (const fault of FAULTS.values()) describe(fault, metadata);
  const whole = record({
    ...HEAD,
    world: WORLD,
    script: z.optional(
      z.nullable(z.array(z.union(everyStep())).check(z.maxLength(BOUNDS.steps))),
    ),
    expect: z.optional(
      z.nullable(
        z.array(z.union(Object.values(EXPECTATIONS))).check(z.maxLength(BOUNDS.expectations)),
      ),
    ),
  });
  const schema = z.toJSONSchema(whole, { io: "input", metadata });
  return { title: "A drill of Warmsite", ...JSON.parse(JSON.stringify(schema)) } as JsonObject;
}

/** Says what a fault and its parameters are. */
function describe(fault: FaultDefinition, metadata: z.core.$ZodRegistry<Meta>): void {
  const step = faultStep(fault);
  metadata.add(step, { title: fault.title, description: fault.about });
  const { shape } = (step as z.ZodMiniObject)._zod.def;
  for (const { name, about } of fault.parameters) {
    const parameter = shape[name];
    if (parameter !== undefined) metadata.add(parameter, { description: about });
  }
}
