/**
 * One step, held against the language before it is added to a script.
 *
 * @module
 */

import assert from "node:assert/strict";
import { appendStep } from "../../../../lab/scenario/edit_script.ts";
import { stepProblems } from "../../../../lab/scenario/check_step.ts";
import { readScenario } from "../../../../lab/scenario/read_scenario.ts";
import { EXAMPLE } from "./example.ts";

const read = readScenario(EXAMPLE);
assert.ok(read.ok);
const { scenario } = read;

/** Steps, and the key that each is wrong with. */
const WRONG = [
  [{ at: "1h", fault: "link.loss", share: "130%" }, "share"],
  [{ at: "1h", fault: "link.loss", share: "a lot" }, "share"],
  [{ at: "1h", fault: "link.loss", way: "sideways" }, "way"],
  [{ at: "1h", fault: "link.loss", for: "soon" }, "for"],
  [{ at: "1h", fault: "site.fire", on: "wan" }, "on"],
  [{ at: "1h", fault: "disk.latent-sector", on: "mail/0", offset: "2GiB" }, "offset"],
  [{ at: "1h", fault: "host.crash-at-call", on: "berlin", calls: 1.5 }, "calls"],
  [{ at: "5h", fault: "link.partition" }, "at"],
  [{ at: "1h", do: "replication set", vm: "erp", frequency: "often" }, "frequency"],
  [{ at: "1h", do: "failover start", vm: "erp", point: { before: "nothing" } }, "point"],
  [{ at: "1h", do: "failover resolve", vm: "erp", keep: "paris" }, "keep"],
  [{ at: "1h", do: "failover start", vm: "nobody" }, "vm"],
] as const;

Deno.test("a step is wrong with one key, in the words of the language", () => {
  for (const [step, key] of WRONG) {
    const [first, ...more] = stepProblems(scenario, step);
    assert.equal(first?.key, key, JSON.stringify(step));
    assert.deepEqual(more, [], JSON.stringify(step));
    const whole = readScenario(appendStep(EXAMPLE, step));
    assert.ok(!whole.ok);
    assert.deepEqual(whole.problems.map(({ message }) => message), [first.message]);
  }
});

Deno.test("a step that fits is not wrong, also where it is about others", () => {
  const fitting = [
    { at: "1h", fault: "link.loss", share: "30%", way: "forth", for: "10m" },
    { at: "3h", do: "failover start", vm: "erp", point: { before: "fire" } },
    { at: "3h", do: "failover start", vm: "erp", point: { newest: 2 }, unverified: true },
    { at: "1h", do: "replication set", vm: "mail", frequency: "1m", retention: "last 3" },
  ];
  for (const step of fitting) {
    assert.deepEqual(stepProblems(scenario, step), []);
    assert.ok(readScenario(appendStep(EXAMPLE, step)).ok);
  }
});
