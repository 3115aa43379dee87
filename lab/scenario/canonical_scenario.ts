/**
 * A scenario as canonical JSON: the same language as people write, with sorted keys, nothing left out, and quantities as
 * exact texts.
 *
 * Rule: it reads back to the same scenario, but for the lines that it was read from.
 *
 * @module
 */

import { canonicalText, type Json, type JsonObject } from "../../engine/core/base/json.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import type {
  DrillMachine,
  DrillScenario,
  DrillWorld,
  Expectation,
  FaultStep,
  FirstCopySpec,
  GuestStep,
  Range,
  SiteSpec,
  Step,
  VerbStep,
  Workload,
} from "./drill_scenario.ts";
import { type Measure, quantityText } from "./quantities.ts";
import { argumentName, RENAMED_ARGUMENTS, VERB_WORDS } from "./verb_words.ts";

const time = (value: number) => quantityText("time", value);
const size = (value: number) => quantityText("size", value);
const rate = (value: number) => quantityText("rate", value);
const share = (value: number) => quantityText("share", value);

/** The one text of a scenario. */
export function canonicalScenario(scenario: DrillScenario): string {
  return `${canonicalText(writtenScenario(scenario))}\n`;
}

/** A scenario in the words of its language. */
export function writtenScenario(scenario: DrillScenario): JsonObject {
  const { formatVersion, name, title, story, seed, engineHash, attended, world, script, expect } =
    scenario;
  return {
    formatVersion,
    name,
    title,
    story,
    seed,
    engineHash,
    attended,
    world: worldWritten(world),
    script: script.map(writtenStep),
    expect: expect.map(expectationWritten),
    end: time(scenario.end),
  };
}

function worldWritten({ scale, block, grain, sites, link, machines }: DrillWorld): JsonObject {
  const { name, rtt, jitter } = link;
  const between = sites.map((site) => site.name);
  return {
    scale,
    block: size(block),
    grain: grain === undefined ? undefined : { ...grain, packet: size(grain.packet) },
    sites: Object.fromEntries(sites.map((site) => [site.name, siteWritten(site)])),
    links: { [name]: { between, rtt: time(rtt), jitter: time(jitter), rate: rate(link.rate) } },
    machines: Object.fromEntries(
      machines.map((machine) => [machine.name, machineWritten(machine, sites[0].name)]),
    ),
  };
}

function siteWritten({ storage: { bandwidth, ...times }, clock }: SiteSpec): JsonObject {
  const written = Object.entries(times).map(([key, value]) => [key, time(value)]);
  return {
    storage: { ...Object.fromEntries(written), bandwidth: rate(bandwidth) },
    clock: time(clock),
  };
}

function machineWritten(machine: DrillMachine, at: string): JsonObject {
  const { disks, used, device, workloads, replication, objective: { rpo, rto } } = machine;
  const { frequency, bandwidth, appConsistent, firstCopy, ...rest } = replication;
  return {
    at,
    disks: disks.map(size),
    used: share(used),
    device,
    workloads: workloads.map(workloadWritten),
    replication: {
      ...rest,
      frequency: time(frequency),
      bandwidth: rate(bandwidth),
      appConsistent: time(appConsistent),
      firstCopy: firstCopyWritten(firstCopy),
    },
    objective: { rpo: time(rpo), rto: time(rto) },
  };
}

function firstCopyWritten(copy: FirstCopySpec): JsonObject {
  switch (copy.way) {
    case "network":
      return copy;
    case "scheduled":
      return { way: copy.way, after: time(copy.after) };
    case "existing-copy":
      return { way: copy.way, stale: share(copy.stale) };
    case "media":
      return { way: copy.way, delay: time(copy.delay), harm: copy.harm && { ...copy.harm } };
  }
}

function workloadWritten(workload: Workload): JsonObject {
  const { id, kind, disk, commit, peak, ...rest } = workload;
  return {
    id,
    kind,
    disk,
    commit,
    peak,
    rate: rate(rest.rate),
    size: size(rest.size),
    from: time(rest.from),
    until: time(rest.until),
    span: share(rest.span),
    rough: share(rest.rough),
    on: time(rest.on),
    off: time(rest.off),
    hot: share(rest.hot),
    hotWrites: share(rest.hotWrites),
    night: share(rest.night),
  };
}

/** A step in the words of the language. */
export function writtenStep(step: Step): JsonObject {
  const { id, when } = step;
  const began = "at" in when
    ? { at: time(when.at) }
    : { after: when.after, ...(when.wait === 0 ? {} : { wait: time(when.wait) }) };
  return { id, ...began, ...bodyWritten(step) };
}

function bodyWritten(step: FaultStep | VerbStep | GuestStep): JsonObject {
  if (step.kind === "fault") return faultWritten(step);
  return step.kind === "verb" ? verbWritten(step) : guestWritten(step);
}

function faultWritten({ fault, on, for: lasts, params }: FaultStep): JsonObject {
  const written: Record<string, Json> = {};
  for (const { name, kind } of FAULTS.get(fault)?.parameters ?? []) {
    const value = params[name] as Json;
    const measured = kind !== "word" && kind !== "count" && typeof value === "number";
    written[name] = measured ? quantityText(kind, value) : value;
  }
  return { fault, on, ...(lasts === 0 ? {} : { for: time(lasts) }), ...written };
}

const MEASURES: Readonly<Record<string, Measure>> = { time: "time", size: "size", rate: "rate" };

function verbWritten({ verb, vm, on, side, args, careful, writes }: VerbStep): JsonObject {
  const written: Record<string, Json> = {};
  for (const [name, kind] of Object.entries(VERB_WORDS[verb]?.args ?? {})) {
    const bare = argumentName(name);
    const value = args[bare];
    if (value === undefined || (kind === "package" && typeof value !== "string")) continue;
    const measure = MEASURES[kind];
    written[RENAMED_ARGUMENTS[bare] ?? bare] = measure !== undefined && typeof value === "number"
      ? quantityText(measure, value)
      : kind === "rates"
      ? ratesWritten(value as JsonObject)
      : kind === "side" && typeof value !== "string"
      ? (value as JsonObject)["at"] as string
      : value;
  }
  return {
    do: verb,
    ...(vm === "" ? {} : { vm }),
    ...(on === "" ? {} : { on }),
    ...(side === undefined ? {} : { side }),
    ...(careful === undefined ? {} : { careful }),
    ...(writes === undefined ? {} : { writes }),
    ...written,
  };
}

function ratesWritten(rates: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(rates).map(([key, value]) => [key, rate(Number(value))]),
  );
}

function guestWritten({ guest, vm, disk, offset, length, rough }: GuestStep): JsonObject {
  const touches = guest === "write" || guest === "zero" || guest === "read";
  return {
    guest,
    vm,
    ...(touches || guest === "flush" ? { disk } : {}),
    ...(touches ? { offset: size(offset), length: size(length) } : {}),
    ...(guest === "write" ? { rough } : {}),
  };
}

function expectationWritten(expectation: Expectation): JsonObject {
  switch (expectation.kind) {
    case "invariants":
      return { invariants: expectation.ids as Json };
    case "converges":
      return { converges: expectation.cycles };
    case "step":
      return { step: expectation.step, outcome: expectation.outcome };
    case "machine": {
      const { vm, rpo, rto, lostWrites, lostBytes, worstRpo, runsAt } = expectation;
      return {
        vm,
        rpo: rangeWritten(rpo, time),
        rto: rangeWritten(rto, time),
        lostWrites: rangeWritten(lostWrites, (value) => value),
        lostBytes: rangeWritten(lostBytes, size),
        worstRpo: rangeWritten(worstRpo, time),
        runsAt,
      };
    }
  }
}

function rangeWritten(range: Range | undefined, write: (value: number) => Json): Json | undefined {
  if (range === undefined) return undefined;
  const entries = Object.entries(range) as [string, number][];
  return Object.fromEntries(entries.map(([key, value]) => [key, write(value)]));
}
