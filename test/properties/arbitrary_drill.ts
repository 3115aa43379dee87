/**
 * Random drills for fast-check: a small world, a few steps of every kind of fault that the registry has and of verbs, written
 * in the language of scenarios.
 *
 * Rule: what is drawn is what people write, as a plain value; it shrinks to fewer and plainer steps.
 *
 * @module
 */

import fc from "fast-check";
import type { FaultDefinition, FaultParameter } from "../../engine/sim/faults/definition.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { quantityText } from "../../lab/scenario/quantities.ts";

/** Something as it is written. */
export type Written = Readonly<Record<string, unknown>>;

const SITES = ["near", "far"] as const;
const SECOND = 1_000_000;

/** A time of whole milliseconds, as text. */
function times(least: number, most: number): fc.Arbitrary<string> {
  return fc.integer({ min: Math.ceil(least / 1000), max: Math.floor(most / 1000) })
    .map((millis) => quantityText("time", millis * 1000));
}

/** A parameter as it is written; times no longer than a short drill bears. */
function parameters(of: FaultParameter): fc.Arbitrary<unknown> {
  if (of.kind === "word") return fc.constantFrom(...of.words);
  const { kind, min } = of;
  const bound = {
    time: 5 * SECOND,
    size: 512 * 1024 - 512,
    rate: 1_000_000,
    share: 300_000,
    count: 50,
  };
  const max = Math.max(min, Math.min(of.max, bound[kind]));
  const least = Math.max(min, kind === "time" ? -5 * SECOND : min);
  const amounts = fc.integer({ min: least, max });
  return kind === "count" ? amounts : amounts.map((amount) => quantityText(kind, amount));
}

/** What a fault may hit in the world that is drawn. */
function targets({ targets: [kind] }: FaultDefinition): fc.Arbitrary<string> {
  if (kind === "site") return fc.constantFrom(...SITES);
  if (kind === "link") return fc.constant("wan");
  return fc.constant(kind === "machine" ? "vm" : "vm/0");
}

/** A step with a fault of this kind. */
export function faultSteps(fault: FaultDefinition, end: number): fc.Arbitrary<Written> {
  const lasting = fault.lasting ? { for: times(1000, end / 4) } : {};
  const given = fault.parameters.map((each) => [each.name, parameters(each)]);
  return fc.record({
    at: times(2 * SECOND, end - 1000),
    fault: fc.constant(fault.id),
    on: targets(fault),
    ...lasting,
    ...Object.fromEntries(given) as Record<string, fc.Arbitrary<unknown>>,
  });
}

/** A step with any fault that may be drawn at random, each as often as its prior says. */
export function anyFault(end: number): fc.Arbitrary<Written> {
  const drawn = [...FAULTS.values()].filter(({ prior }) => prior > 0);
  return fc.oneof(
    ...drawn.map((fault) => ({
      weight: Math.ceil(fault.prior / 10_000),
      arbitrary: faultSteps(fault, end),
    })),
  );
}

const VERBS: readonly Written[] = [
  { do: "replication cycle" },
  { do: "replication pause" },
  { do: "replication resume" },
  { do: "replication verify" },
  { do: "replication set", frequency: "2s", compression: false },
  { do: "failover planned" },
  { do: "failover test", point: "newest" },
  { do: "failover start", point: { newest: 1 } },
  { do: "failover cancel" },
  { do: "failover complete" },
  { do: "failover reverse", bandwidth: "100kB/s" },
  { do: "server set", on: "far", bandwidthTo: { "near:7700": "1MB/s" } },
];

function verbSteps(end: number): fc.Arbitrary<Written> {
  const at = times(2 * SECOND, end - 1000);
  return fc.tuple(fc.constantFrom(...VERBS), at).map(([verb, at]) => ({ ...verb, at }));
}

function guestSteps(end: number): fc.Arbitrary<Written> {
  return fc.record({
    at: times(2 * SECOND, end - 1000),
    guest: fc.constantFrom("write", "zero", "read"),
    offset: fc.integer({ min: 0, max: 31 }).map((block) => `${4 * block}KiB`),
    length: fc.constantFrom("4KiB", "16KiB"),
  });
}

const workloads: fc.Arbitrary<Written> = fc.record({
  kind: fc.constantFrom(
    ...["steady", "diurnal", "bursts", "zipf", "sequential", "database", "ransomware"],
  ),
  rate: fc.constantFrom("2/s", "10/s"),
  size: fc.constantFrom("4KiB", "8KiB"),
  on: fc.constant("1s"),
  off: fc.constant("2s"),
});

/** A drill of half a minute: one machine of 512 KiB, its guest's work, and up to `most` steps. */
export function drills(most: number): fc.Arbitrary<Written> {
  const end = 30 * SECOND;
  const steps = fc.oneof(
    { weight: 4, arbitrary: anyFault(end) },
    { weight: 1, arbitrary: verbSteps(end) },
    { weight: 1, arbitrary: guestSteps(end) },
  );
  return fc.record({
    name: fc.constant("drawn"),
    seed: fc.nat(),
    world: fc.record({
      sites: fc.constant({ near: {}, far: { clock: "-3s" } }),
      machines: fc.record({
        vm: fc.record({
          disks: fc.constant(["512KiB"]),
          device: fc.boolean(),
          workloads: fc.array(workloads, { maxLength: 2 }),
          replication: fc.record({
            frequency: fc.constantFrom("1s", "3s"),
            retention: fc.constantFrom("last 4", "all 10s, 5s 1m"),
            compression: fc.boolean(),
          }),
        }),
      }),
    }),
    script: fc.array(steps, { maxLength: most }),
    expect: fc.constant([{ invariants: "all" }, { converges: 3 }]),
    end: fc.constant(quantityText("time", end)),
  });
}
