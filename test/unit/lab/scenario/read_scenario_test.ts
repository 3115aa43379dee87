/**
 * Reading scenarios: what people write becomes what is meant, and what cannot be is said with its place.
 *
 * @module
 */
// Long because: one case for each thing that can be wrong with a scenario.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import type { DrillScenario } from "../../../../lab/scenario/drill_scenario.ts";
import {
  canonicalScenario,
  type Problem,
  readScenario,
} from "../../../../lab/scenario/read_scenario.ts";
import { drills } from "../../../properties/arbitrary_drill.ts";
import { EXAMPLE } from "./example.ts";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const GiB = 2 ** 30;

function readWell(text: string): DrillScenario {
  const result = readScenario(text);
  if (result.ok) return result.scenario;
  throw new Error(result.problems.map(({ line, message }) => `${line}: ${message}`).join("\n"));
}

/** Scenarios are equal but for the lines from which they were read. */
function withoutLines(scenario: DrillScenario): unknown {
  return JSON.parse(JSON.stringify(scenario, (key, value) => key === "line" ? undefined : value));
}

Deno.test("what people write is read in base units", () => {
  const { world, script, expect, end, seed, title } = readWell(EXAMPLE);
  equal(seed, 42);
  equal(title, "The first site burns down");
  equal(end, 4 * HOUR);
  equal(world.block, 512);
  deepEqual(world.sites.map(({ name, clock }) => [name, clock]), [["berlin", -3_000_000], [
    "munich",
    0,
  ]]);
  deepEqual(world.link, { name: "wan", rtt: 20_000, jitter: 1000, rate: 12_500_000 });
  const [erp, mail] = world.machines;
  deepEqual(erp?.disks, [32 * GiB, GiB]);
  deepEqual(erp?.workloads.map(({ id, rate, until }) => [id, rate, until]), [
    ["database", 20 * 65536, 4 * HOUR],
    ["diurnal", 2_000_000, 3 * HOUR],
  ]);
  deepEqual(erp?.replication.firstCopy, { way: "media", delay: 20 * MINUTE });
  deepEqual(erp?.objective, { rpo: 10 * MINUTE, rto: 15 * MINUTE });
  equal(mail?.workloads[0]?.kind, "steady");
  deepEqual(script[0], {
    id: "1",
    when: { at: 2 * HOUR },
    line: 29,
    kind: "fault",
    fault: "link.loss",
    on: "wan",
    for: 10 * MINUTE,
    params: { share: 300_000, way: "both" },
  });
  deepEqual(script[2], {
    id: "over",
    when: { after: "fire.begin", wait: 5 * MINUTE },
    line: 31,
    kind: "verb",
    verb: "failover start",
    vm: "erp",
    on: "",
    args: { point: { newest: 0 } },
  });
  const verbs = script.flatMap((step) => step.kind === "verb" ? [step.args] : []);
  deepEqual(verbs.slice(2), [{ bandwidthTo: { "berlin:7700": 1_000_000 } }, { at: "22:00" }, {
    keep: { at: "munich" },
  }]);
  deepEqual(expect[0], {
    kind: "machine",
    vm: "erp",
    rpo: { max: 10 * MINUTE },
    lostWrites: { about: 300 },
    runsAt: "munich",
    line: 39,
  });
});

Deno.test("a short file is enough", () => {
  const { world, expect, end, script } = readWell(
    "name: short\nworld: {machines: {vm: {disks: [64MiB]}}}",
  );
  equal(world.scale, 1);
  equal(world.block, 4096);
  deepEqual(world.sites.map(({ name }) => name), ["a", "b"]);
  equal(world.machines[0]?.replication.frequency, 5 * MINUTE);
  deepEqual(script, []);
  deepEqual(expect, [{ kind: "invariants", ids: "all", line: 0 }]);
  equal(end, HOUR);
});

Deno.test("machines begin at the site that is named, which is the first one then", () => {
  const { world } = readWell(
    EXAMPLE.replace("disks: [32GiB, 1GiB]", "at: munich\n      disks: [32GiB, 1GiB]"),
  );
  deepEqual(world.sites.map(({ name }) => name), ["munich", "berlin"]);
});

Deno.test("canonical JSON reads back to the equal scenario", () => {
  const scenario = readWell(EXAMPLE);
  const canonical = canonicalScenario(scenario);
  deepEqual(withoutLines(readWell(canonical)), withoutLines(scenario));
  equal(canonicalScenario(readWell(canonical)), canonical);
});

Deno.test("a script of as many steps as there may be is stored and read again, as YAML and as JSON", () => {
  const step = { at: "1s", do: "vm list", on: "a" };
  const yaml = small(`script:\n${Array(2400).fill("- {at: 1s, do: vm list, on: a}").join("\n")}`);
  const json = JSON.stringify({
    ...{ name: "small", end: "4h", world: { machines: { vm: { disks: ["1MiB"] } } } },
    script: Array(5000).fill(step),
  });
  for (const [text, steps] of [[yaml, 2400], [json, 5000]] as const) {
    const scenario = readWell(text);
    equal(scenario.script.length, steps);
    deepEqual(withoutLines(readWell(canonicalScenario(scenario))), withoutLines(scenario));
  }
});

Deno.test("whatever the registry has can be written, and canonical JSON of it reads back to the equal scenario", () => {
  fc.assert(
    fc.property(drills(12), (written) => {
      const scenario = readWell(JSON.stringify(written));
      equal(scenario.script.length, (written["script"] as unknown[]).length);
      deepEqual(withoutLines(readWell(canonicalScenario(scenario))), withoutLines(scenario));
    }),
    { numRuns: 100 },
  );
});

/** A scenario of one machine with these lines behind it. */
const small = (lines: string) =>
  `name: small\nend: 4h\nworld: {machines: {vm: {disks: [1MiB]}}}\n${lines}\n`;
const step = (fields: string) => small(`script:\n  - {${fields}}`);

const WRONG: readonly (readonly [what: string, text: string, covered: string, message: RegExp])[] =
  [
    ["nothing", "", "", /^The file says nothing: a scenario has a "name", a "world"/],
    ["no YAML", "name: [", "", /^Not YAML: /],
    [
      "two scenarios",
      `${small("")}---\n${small("")}`,
      "---",
      /^A file has one scenario, and another/,
    ],
    [
      "another format",
      small("formatVersion: 2"),
      "2",
      /^Format 1 is the only one that is read here, found 2$/,
    ],
    ["a time too large", small("").replace("4h", "1000000d"), "1000000d", /^Expected 1s to 400d, /],
    [
      "a seed too large",
      small("seed: 99999999999999999999"),
      "99999999999999999999",
      /at most 9007/,
    ],
    [
      "an invariant that there is not",
      small("expect:\n  - {invariants: [I1, I99]}"),
      "I99",
      /^No invariant is called "I99"; there are I1 to I13, .*, I55 to I60$/,
    ],
    [
      "an invariant without a list",
      small("expect:\n  - {invariants: I16}"),
      "I16",
      /^Expected "all", or a list such as \[I16\] of I1 to I13, .*; found "I16"$/,
    ],
    [
      "a verb of which only the family is right",
      step("at: 1h, do: failover begin"),
      "failover begin",
      /"failover begin"; there are .*failover test, .*failover start/,
    ],
    ["a key that is unknown", small("scrpt: []"), "scrpt", /"scrpt"; did you mean "script"\?/],
    ["a key twice", small("end: 5h"), "end", /"end" stands here twice/],
    [
      "a name is missing",
      "world: {machines: {vm: {disks: [1MiB]}}}",
      "world: {machines: {vm: {disks: [1MiB]}}}",
      /"name" is missing/,
    ],
    ["a unit that there is not", small("").replace("4h", "4 hrs"), "4 hrs", /a time such as 2h5m/],
    [
      "a part of a base unit",
      small("").replace("4h", "0.1us"),
      "0.1us",
      /that is whole, found "0.1us"/,
    ],
    [
      "a fault that there is not",
      step("at: 1h, fault: link.los"),
      "link.los",
      /did you mean "link.loss"\?/,
    ],
    [
      "a part of a fault's name",
      step("at: 1h, fault: torn"),
      "torn",
      /did you mean "disk.torn-write"\?/,
    ],
    [
      "a verb that there is not",
      step("at: 1h, do: failover strt"),
      "failover strt",
      /did you mean "failover start"\?/,
    ],
    [
      "an argument that there is not",
      step("at: 1h, do: failover start, pont: newest"),
      "pont",
      /did you mean "point"\?/,
    ],
    [
      "a parameter out of range",
      step("at: 1h, fault: disk.slow, factor: 1, on: vm"),
      "1",
      /at least 2/,
    ],
    [
      "a target of another kind",
      step("at: 1h, fault: site.fire, on: vm"),
      "vm",
      /cannot hit "vm"; there are a, b/,
    ],
    ["no target", step("at: 1h, fault: site.fire"), "{at: 1h, fault: site.fire}", /"on" is a, b/],
    [
      "a machine that there is not",
      step("at: 1h, do: failover start, vm: mv"),
      "mv",
      /there are vm/,
    ],
    ["no time", step("fault: link.reset"), "{fault: link.reset}", /not said when/],
    ["two times", step("at: 1h, after: vm.protected, fault: link.reset"), "at", /not both/],
    ["a time behind the end", step("at: 5h, fault: link.reset"), "5h", /over at 4h/],
    [
      "a moment that lasts",
      step("at: 1h, fault: host.kill, on: a, for: 5m"),
      "for",
      /"down" says/,
    ],
    [
      "two kinds of step",
      step("at: 1h, fault: link.reset, do: vm list"),
      "{at: 1h, fault: link.reset, do: vm list}",
      /one of "fault", "do" and "guest"/,
    ],
    [
      "an unknown after",
      step("after: vm.protectd, fault: link.reset"),
      "vm.protectd",
      /did you mean "vm.protected"\?/,
    ],
    [
      "an after that never comes",
      small("script:\n  - {at: 1h, fault: link.partition}\n  - {after: 1, fault: link.reset}"),
      "1",
      /heals only at the end/,
    ],
    [
      "a circle",
      small(
        "script:\n  - {id: x, after: y, fault: link.reset}\n  - {id: y, after: x, fault: link.reset}",
      ),
      "y",
      /waits for itself: x after y after x/,
    ],
    [
      "an id twice",
      small(
        "script:\n  - {id: x, at: 1h, fault: link.reset}\n  - {id: x, at: 2h, fault: link.reset}",
      ),
      "x",
      /line 5 already/,
    ],
    [
      "a disk that there is not",
      step("at: 1h, fault: disk.slow, on: vm/3"),
      "vm/3",
      /cannot hit "vm\/3"; did you mean "vm\/0"\?/,
    ],
    ["a place behind the disk", step("at: 1h, guest: write, offset: 1MiB"), "1MiB", /ends at 1MiB/],
    [
      "a place that does not divide",
      step("at: 1h, guest: write, offset: 100B"),
      "100B",
      /multiple of 512B/,
    ],
    [
      "a server's verb without server",
      step("at: 1h, do: server show"),
      "{at: 1h, do: server show}",
      /"on" is a or b/,
    ],
    [
      "a retention that is none",
      small("").replace("[1MiB]", "[1MiB], replication: {retention: some}"),
      "{retention: some}",
      /Not a retention/,
    ],
    [
      "a disk that does not divide",
      small("").replace("1MiB", "5kB"),
      "5kB",
      /multiple of 4KiB: write 4KiB/,
    ],
    [
      "too large disks",
      small("").replace("1MiB", "2TiB"),
      "{vm: {disks: [2TiB]}}",
      /write "scale: 1024" or more/,
    ],
    [
      "too many requests",
      small("").replace("4h", "400d"),
      "{vm: {disks: [1MiB]}}",
      /simulated requests/,
    ],
    ["a drill too long", small("").replace("4h", "500d"), "500d", /Expected 1s to 400d/],
    [
      "a third site",
      small("").replace("{machines", "{sites: {a: , b: , c: }, machines"),
      "{a: , b: , c: }",
      /has two sites, found 3/,
    ],
    [
      "a name twice",
      small("").replace("{machines", "{sites: {VM: , b: }, machines"),
      "vm",
      /name of one of the sites/,
    ],
    [
      "machines at several sites",
      small("").replace("vm: {", "vm: {at: a, ").replace("}}}", "}, w: {at: b, disks: [1MiB]}}}"),
      "b",
      /All machines begin at the same site/,
    ],
    [
      "an expectation of nothing",
      small("expect: [{rpo: 5m}]"),
      "{rpo: 5m}",
      /one of vm, invariants, converges, step/,
    ],
    [
      "an expectation of another step",
      small("expect: [{step: x}]"),
      "x",
      /No step is called "x"/,
    ],
  ];

/** The text that a problem is about, of one line. */
function coveredBy(text: string, { line, column, endLine, endColumn }: Problem): string {
  const row = text.split("\n")[line - 1] ?? "";
  return row.slice(column - 1, endLine === line ? endColumn - 1 : undefined);
}

for (const [what, text, covered, message] of WRONG) {
  Deno.test(`reading refuses ${what}, and says where and what`, () => {
    const result = readScenario(text);
    ok(!result.ok);
    const [problem] = result.problems;
    ok(problem !== undefined);
    match(problem.message, message);
    equal(coveredBy(text, problem), covered, problem.message);
  });
}

const BOMB = `a: &a [1,1,1,1,1,1,1,1,1,1]
${
  [..."bcdefgh"].map((key, at) => `${key}: &${key} [${Array(10).fill(`*${"abcdefgh"[at]}`)}]`).join(
    "\n",
  )
}`;

const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ["an alias bomb", BOMB],
  ["an alias of itself", "name: &a [*a]"],
  ["very many aliases", `name: &a x\nstory: [${Array(11_000).fill("*a").join()}]`],
  ["a dense list", `name: [${Array(11_900).fill("!a 1").join()}`],
  ["a long line of JSON", JSON.stringify({ name: 1, script: Array(50_000).fill({}) })],
  ["a deep list", "[".repeat(250_000)],
  ["a deep list of dashes", "- ".repeat(120_000)],
  ["a long text", "x".repeat(300_000)],
  ["nothing but ends", `- ${"}".repeat(250_000)}`],
  ["nothing but quotes", `name: [${'"'.repeat(250_000)}]`],
  ["mistakes, as many as are parsed", `name: [${"-,".repeat(11_900)}]`],
  ["very many keys", Array.from({ length: 11_900 }, (_, at) => `k${at}: 1`).join("\n")],
  ["more keys than that", Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join("\n")],
  ["very many steps", small(`script: [${Array(6000).fill("{}")}]`)],
  ["very many faulty steps", small(`script: [${Array(3900).fill("{at: 1s, fault: link.los}")}]`)],
  [
    "a long chain",
    small(
      `script:\n${
        Array.from({ length: 2400 }, (_, at) => `- {after: ${at + 2}, do: vm list, on: a}`).join(
          "\n",
        )
      }`,
    ),
  ],
  ["keys that are no words", "? {a: 1}\n: 2"],
  ["a prototype", '{"__proto__": {"name": "x"}, "constructor": 1}'],
  ["nameless verbs", step("at: 1h, do: toString")],
  [
    "maps for words",
    small(
      "script: [{fault: {a: 1}}, {do: [1]}, {guest: {}}, {at: {}, fault: link.reset}]\nexpect: [{vm: {}}, 3]",
    ),
  ],
];

for (const [what, text] of HOSTILE) {
  Deno.test(`${what} ends in a clear error within a second`, () => {
    // Time of this process alone: the machine may be busy with something else.
    const begun = process.cpuUsage();
    const result = readScenario(text);
    ok(!result.ok);
    ok(result.problems.length >= 1 && result.problems.length <= 20);
    const { user, system } = process.cpuUsage(begun);
    ok(user + system < 1_000_000, `${user + system} µs`);
  });
}

Deno.test("YAML beyond the bound is not parsed", () => {
  const text = small(`script:\n${Array(5000).fill("- {at: 1s, do: vm list, on: a}").join("\n")}`);
  const begun = process.cpuUsage();
  const result = readScenario(text);
  const { user, system } = process.cpuUsage(begun);
  ok(!result.ok);
  match(
    result.problems[0]?.message ?? "",
    /^The file has more than 24000 commas.*; JSON on one line/,
  );
  ok(user + system < 100_000, `${user + system} µs`);
});

/** Texts near the example: pieces taken out, doubled, or replaced by what may confuse. */
const mutated = fc.array(
  fc.record({
    at: fc.nat(EXAMPLE.length),
    length: fc.nat(40),
    text: fc.oneof(
      fc.constantFrom(
        "",
        "{",
        "]",
        ": ",
        "&a ",
        "*a",
        "\n",
        "\t",
        '"',
        "- ",
        "!!map ",
        "0",
        "-1h",
        "99999999999999999999d",
        "~",
        "null",
        "%YAML 1.1\n---\n",
        "<<: ",
      ),
      fc.string({ maxLength: 8 }),
    ),
  }),
  { minLength: 1, maxLength: 6 },
).map((changes) =>
  changes.reduce(
    (text, { at, length, text: piece }) => text.slice(0, at) + piece + text.slice(at + length),
    EXAMPLE,
  )
);

Deno.test("whatever the text is, it is read or refused, and what is read can be written", () => {
  let read = 0;
  fc.assert(
    fc.property(mutated, (text) => {
      const result = readScenario(text);
      if (!result.ok) return result.problems.every(({ line, column }) => line >= 1 && column >= 1);
      read++;
      const again = readScenario(canonicalScenario(result.scenario));
      deepEqual(again.ok && withoutLines(again.scenario), withoutLines(result.scenario));
      return true;
    }),
    { numRuns: 400 },
  );
  ok(read > 0);
});

Deno.test("a scale at which the link would carry next to nothing is refused with one that works", () => {
  const drill = (scale: number) =>
    `name: slow\nworld:\n  scale: ${scale}\n  links: {wan: {rate: 25Mbit}}\n` +
    "  machines: {erp: {disks: [512GiB]}}\n";
  ok(readScenario(drill(8192)).ok);
  const refused = readScenario(drill(65_536));
  const [problem] = refused.ok ? [] : refused.problems;
  match(problem?.message ?? "", /write "scale: 8192" or less/);
  equal(problem?.line, 3);
});

Deno.test("mistakes in the head and the world hide none in the script", () => {
  const read = readScenario(
    "name: Two Words\nend: long\nworld:\n  machines: {vm: {disks: [1MiB], usd: 5%}}\n" +
      "  links: {wan: {rtt: 20mm}}\nscript:\n  - {at: 1h, fault: link.los}\n  - {at: 9h, do: failover start}\n",
  );
  ok(!read.ok);
  deepEqual(read.problems.map(({ line }) => line).toSorted(), [1, 2, 4, 5, 7]);
  const unknown = readScenario(
    "name: x\nworld: {machines: {vm: 5}}\nscript:\n  - {at: 1h, do: foo}\n",
  );
  ok(!unknown.ok);
  equal(unknown.problems.length, 1, "A machine that cannot be read is none that a step misses");
});
