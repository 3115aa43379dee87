/**
 * What the palette asks for: everything that the registry and the table of verbs have, with what is usual filled in.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FAULTS } from "../../../engine/sim/faults/registry.ts";
import { appendStep } from "../../../lab/scenario/edit_script.ts";
import { readScenario } from "../../../lab/scenario/read_scenario.ts";
import { argumentName, VERB_WORDS } from "../../../lab/scenario/verb_words.ts";
import { argumentForm } from "../../../web/palette/argument_forms.ts";
import { entryOf, faultFields, stepOf, verbFields } from "../../../web/palette/fields.ts";
import { targetsOf } from "../../../web/palette/targets.ts";
import { VERB_GROUPS } from "../../../web/palette/verbs.ts";
import { EXAMPLE } from "../lab/scenario/example.ts";

const read = readScenario(EXAMPLE);
assert.ok(read.ok);
const { scenario } = read;
const POINTS = [
  { cut: 60_000_000, state: "applied" },
  { cut: 120_000_000, state: "broken" },
  { cut: 180_000_000, state: "staged" },
] as const;

/** Verbs of the palette that take something. */
const VERBS = VERB_GROUPS.flatMap(([, verbs]) => verbs)
  .map(({ act }) => String(act["do"] ?? "")).filter((verb) => verb !== "");

/** The only step of the example with that step at its end that was not there. */
function added(step: Parameters<typeof appendStep>[1]) {
  const text = appendStep(EXAMPLE, step);
  const changed = readScenario(text);
  assert.ok(changed.ok, `${JSON.stringify(step)}: ${JSON.stringify(changed)}`);
  assert.equal(text.split("\n").length, EXAMPLE.split("\n").length + 1, "One line more");
  return changed.scenario.script.at(-1)!;
}

Deno.test("every parameter of every fault is asked for, and what is usual is what the fault does by itself", () => {
  for (const fault of FAULTS.values()) {
    const [target = ""] = targetsOf(fault.targets, scenario);
    const fields = faultFields(fault, scenario, target);
    const names = fields.map(({ name }) => name);
    for (const { name } of fault.parameters) {
      assert.ok(names.includes(name), `${fault.id}: ${name}`);
    }
    assert.equal(names.includes("for"), fault.lasting, fault.id);
    for (const field of fields) {
      assert.ok(
        field.name === "on" || field.about !== "",
        `${fault.id}: ${field.name} is explained`,
      );
    }
    const terse = stepOf({ at: "1h", fault: fault.id }, fields, {});
    const silent = added(terse);
    const told = added({
      ...terse,
      ...Object.fromEntries(
        fields.map((field) => [field.name, field.written(entryOf(field, {}))]),
      ),
    });
    assert.deepEqual(told, silent, fault.id);
  }
});

Deno.test("what somebody writes is what the script says, and what stays usual is not written", () => {
  const loss = FAULTS.get("link.loss")!;
  const fields = faultFields(loss, scenario, "wan");
  const fixed = { at: "1h", fault: "link.loss" };
  const step = stepOf(fixed, fields, { share: " 30% ", way: "forth", for: "90s" });
  assert.deepEqual(step, { ...fixed, on: "wan", for: "90s", share: "30%", way: "forth" });
  assert.deepEqual(stepOf(fixed, fields, { share: "1%", for: "90s", way: "nowhere" }), {
    ...fixed,
    on: "wan",
    for: "90s",
  });
  const crash = faultFields(FAULTS.get("host.crash-at-call")!, scenario, "berlin");
  assert.equal(stepOf({}, crash, { calls: "7" })["calls"], 7);
  assert.equal(stepOf({}, crash, { calls: "seven" })["calls"], "seven", "The language refuses it");
});

Deno.test("arguments of the verbs that the palette offers become steps of the language", () => {
  const entries: Readonly<Record<string, string>> = {
    frequency: "1m",
    retention: "all 2h, hourly 1d",
    bandwidth: "100Mbit",
    rpo: "10m",
    resync: "18:30-06:00",
    startAt: "22:00",
    delete: "0a1b2c3d",
  };
  for (const verb of VERBS) {
    const fields = verbFields(verb, scenario, POINTS);
    for (const field of fields) {
      assert.notEqual(field.about, "", `${verb}: ${field.name} is explained`);
      const choices = field.options?.map(({ value }) => value) ??
        [entries[field.name] ?? field.example ?? ""];
      for (const choice of choices) {
        const step = stepOf({ at: "3h", do: verb, vm: "erp" }, fields, { [field.name]: choice });
        assert.equal(added(step).kind, "verb", verb);
      }
    }
  }
});

Deno.test("points are named as the script can: newest, by age, and from before a step", () => {
  const [point] = verbFields("failover start", scenario, POINTS);
  assert.deepEqual(point?.options?.slice(0, 2).map(({ value }) => value), ["", "1"]);
  assert.match(point!.options![1]!.label, /^the newest but 1, of /, "A broken one is not offered");
  assert.deepEqual(point!.written("1"), { newest: 1 });
  assert.deepEqual(point!.written("before fire"), { before: "fire" });
  const step = stepOf({ do: "failover start" }, [point!], { point: "" });
  assert.deepEqual(step, { do: "failover start" });
});

/** What a verb of the palette takes and the palette does not ask for. */
const LEFT_OUT = new Set([
  // There are two servers, and a machine is on both.
  "to",
  // Commands of the administrator's machine: a simulated guest has none.
  ...["freeze", "thaw", "start", "stop", "status"],
]);

Deno.test("what the palette does not ask for is left out on purpose", () => {
  for (const verb of VERBS) {
    for (const written of Object.keys(VERB_WORDS[verb]?.args ?? {})) {
      const argument = argumentName(written);
      assert.notEqual(
        argumentForm(verb, argument) === undefined,
        !LEFT_OUT.has(argument),
        `${verb}: ${argument}`,
      );
    }
  }
});
