/**
 * The published schema and the reader agree.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import * as z from "zod";
import { scenarioJsonSchema } from "../../../../lab/scenario/json_schema.ts";
import { canonicalScenario, readScenario } from "../../../../lab/scenario/read_scenario.ts";
import { drills } from "../../../properties/arbitrary_drill.ts";
import { EXAMPLE } from "./example.ts";

const schema = z.fromJSONSchema(scenarioJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
const allows = (value: unknown) => schema.safeParse(value).success;

Deno.test("the schema allows what is read: as people write it and as it is stored", () => {
  ok(allows(parse(EXAMPLE)));
  const result = readScenario(EXAMPLE);
  ok(result.ok && allows(JSON.parse(canonicalScenario(result.scenario))));
  fc.assert(fc.property(drills(8), allows), { numRuns: 50 });
});

Deno.test("the schema refuses what is not read", () => {
  const script = (step: object) => ({ ...parse(EXAMPLE), script: [step] });
  ok(allows(script({ at: "1h", fault: "link.reset" })));
  for (
    const step of [
      { at: "1h", fault: "link.rest" },
      { at: 1, fault: "link.reset" },
      { at: "1h", fault: "link.reset", for: "1h" },
      { at: "1h", do: "failover strt" },
      { at: "1h", do: "failover start", pont: "newest" },
      { at: "1h", guest: "jump" },
    ]
  ) equal(allows(script(step)), false, JSON.stringify(step));
});
