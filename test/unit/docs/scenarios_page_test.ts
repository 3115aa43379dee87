/**
 * docs/SCENARIOS.md: its examples are scenarios, and what it says is usual is so.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { BOUNDS } from "../../../lab/scenario/bounds.ts";
import { OCCURRENCES } from "../../../lab/scenario/drill_scenario.ts";
import { readScenario } from "../../../lab/scenario/read_scenario.ts";

const PAGE = Deno.readTextFileSync("docs/SCENARIOS.md");
const EXAMPLES = [...PAGE.matchAll(/```yaml\n([^`]*)```/g)].map(([, text = ""]) => text);

Deno.test("every example of docs/SCENARIOS.md is a scenario", () => {
  equal(EXAMPLES.length, 2);
  for (const text of EXAMPLES) {
    const result = readScenario(text);
    deepEqual(result.ok ? [] : result.problems, []);
  }
});

Deno.test("what docs/SCENARIOS.md says is usual, is", () => {
  const result = readScenario(EXAMPLES[1] ?? "");
  ok(result.ok);
  const { world, end } = result.scenario;
  deepEqual(world.sites.map(({ name }) => name), ["a", "b"]);
  deepEqual(world.link, { name: "wan", rtt: 20_000, jitter: 1000, rate: 12_500_000 });
  const [machine] = world.machines;
  equal(machine?.used, 500_000);
  deepEqual(machine?.replication, {
    frequency: 300_000_000,
    retention: "last 24",
    compression: true,
    bandwidth: 0,
    appConsistent: 0,
    resync: "auto",
    firstCopy: { way: "network" },
  });
  deepEqual(machine?.objective, { rpo: 0, rto: 0 });
  deepEqual(machine?.workloads.map(({ kind, rate }) => [kind, rate]), [["steady", 1_000_000]]);
  // Ten minutes behind the twentieth, and an hour.
  equal(end, 90 * 60_000_000);
});

Deno.test("docs/SCENARIOS.md has every occurrence, and the bounds that hold", () => {
  for (const occurrence of OCCURRENCES) ok(PAGE.includes(`\`VM.${occurrence}\``), occurrence);
  const { steps, requests, time, disks, text } = BOUNDS;
  equal(steps, 5000);
  ok(PAGE.includes("a script has at most 5,000."));
  deepEqual([text, time / 86_400_000_000, requests, disks], [256 * 1024, 400, 5_000_000, 2 ** 28]);
});
