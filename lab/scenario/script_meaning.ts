/**
 * From the written form of a script to its steps: each is read by its own shape, names are looked up, and what waits for
 * something waits for what there is.
 *
 * @module
 */
// Long because: three kinds of steps, read one after the other, and what they wait for.

import type { Json, JsonObject } from "../../engine/core/base/json.ts";
import type { FaultDefinition } from "../../engine/sim/faults/definition.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { carefulProblem } from "./careful_meaning.ts";
import {
  type DrillScenario,
  type DrillWorld,
  type FaultStep,
  type GuestStep,
  OCCURRENCES,
  type Side,
  type Step,
  type StepHead,
  type VerbStep,
  type When,
} from "./drill_scenario.ts";
import { shown, wordOf } from "./form.ts";
import type { Issues } from "./issues.ts";
import { Names } from "./names.ts";
import { hint } from "./nearest.ts";
import { quantityText } from "./quantities.ts";
import type { Path } from "./source.ts";
import { argumentName, RENAMED_ARGUMENTS, VERB_WORDS } from "./verb_words.ts";
import { blockMeans, grainProblem, sectorMeans } from "./world_meaning.ts";
import { faultStep, GUEST_WORDS, guestStep, verbStep } from "./written_steps.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The steps of a script that is a list of these. */
export class ScriptMeaning {
  readonly #world: DrillWorld;
  readonly #names: Names;
  readonly #issues: Issues;
  readonly #end: number;
  /** The script is done by a run of its own, which has to know every time beforehand. */
  readonly #attended: boolean;

  constructor(
    { world, end, attended }: Pick<DrillScenario, "world" | "end" | "attended">,
    issues: Issues,
  ) {
    this.#world = world;
    this.#attended = attended === true;
    this.#names = new Names(world);
    this.#issues = issues;
    this.#end = end;
  }

  /** Every step; those that cannot be read are left out, and that was said. */
  steps(script: readonly unknown[]): Step[] {
    const found: { readonly step: Step; readonly path: Path }[] = [];
    for (const [at, written] of script.entries()) {
      if (this.#issues.full) break;
      const path = ["script", at];
      const body = this.#body(written, path);
      if (body === undefined) continue;
      const head = this.#head(body.fields, at, path);
      if (this.#attended) this.#checkAttended(head, body.step, path);
      found.push({ step: { ...head, ...body.step }, path });
    }
    const steps = found.map(({ step }) => step);
    this.#checkIds(found);
    if (steps.length === script.length) this.#checkWaits(found);
    return steps;
  }

  #checkAttended({ when }: StepHead, step: FaultStep | VerbStep | GuestStep, path: Path): void {
    const wrong = (key: string, what: string) =>
      this.#issues.add([...path, key], `In an attended drill ${what}`);
    if ("after" in when) wrong("after", 'every step begins "at" a time');
    const point = step.kind === "verb" ? step.args["point"] : undefined;
    if ((point as { before?: unknown } | undefined)?.before !== undefined) {
      wrong("point", 'a point is "newest" or { newest: N }');
    }
    if (step.kind === "guest" && (step.guest === "stop" || step.guest === "start")) {
      wrong("guest", "administrators stop and start guests");
    }
  }

  #head({ id, at, after, wait }: Fields, index: number, path: Path): StepHead {
    const line = this.#issues.source.line(path);
    return {
      id: id === undefined ? String(index + 1) : String(id),
      when: this.#when(at, after, wait, path),
      line,
    };
  }

  #when(at: unknown, after: unknown, wait: unknown, path: Path): When {
    if (after !== undefined) {
      if (at !== undefined) {
        this.#issues.add(
          [...path, "at"],
          'A step begins "at" a time or "after" something, not both',
          "key",
        );
      }
      return { after: String(after), wait: Number(wait ?? 0) };
    }
    if (wait !== undefined) {
      this.#issues.add(
        [...path, "wait"],
        '"wait" belongs to "after"; write the time as "at"',
        "key",
      );
    }
    if (at === undefined) {
      this.#issues.add(path, 'It is not said when: write "at: 2h" or "after: STEP"');
    } else if (Number(at) >= this.#end) {
      const end = quantityText("time", this.#end);
      this.#issues.add([...path, "at"], `The drill is over at ${end}; set its "end" later`);
    }
    return { at: Number(at ?? 0) };
  }

  /** A step by the key that says of what kind it is. */
  #body(
    written: unknown,
    path: Path,
  ): { readonly fields: Fields; readonly step: FaultStep | VerbStep | GuestStep } | undefined {
    if (written === null || typeof written !== "object" || Array.isArray(written)) {
      this.#issues.add(path, `Expected a step, found ${shown(written)}`);
      return undefined;
    }
    const fields = written as Fields;
    const kinds = ["fault", "do", "guest"].filter((key) => fields[key] !== undefined);
    if (kinds.length !== 1) {
      this.#issues.add(path, 'A step has one of "fault", "do" and "guest"');
      return undefined;
    }
    const word = wordOf(fields[kinds[0] as string]);
    if (kinds[0] === "fault") return this.#fault(word, fields, path);
    if (kinds[0] === "do") return this.#verb(word, fields, path);
    return this.#guest(word, fields, path);
  }

  #unknown(
    key: string,
    what: string,
    word: string,
    words: readonly string[],
    path: Path,
  ): undefined {
    this.#issues.add([...path, key], `No ${what} is called ${shown(word)}${hint(word, words)}`);
    return undefined;
  }

  #fault(id: string, written: Fields, path: Path) {
    const fault = FAULTS.get(id);
    if (fault === undefined) return this.#unknown("fault", "fault", id, [...FAULTS.keys()], path);
    if (written["for"] !== undefined && !fault.lasting) {
      const down = fault.parameters.some(({ name }) => name === "down")
        ? '; "down" says for how long'
        : "";
      this.#issues.add([...path, "for"], `${id} happens at one moment${down}`, "key");
      return undefined;
    }
    const fields = this.#issues.read(faultStep(fault), written, path) as Fields | undefined;
    if (fields === undefined) return undefined;
    const target = this.#names.target(fields["on"] as string | undefined, fault.targets);
    if ("wrong" in target) {
      this.#issues.add(fields["on"] === undefined ? path : [...path, "on"], target.wrong);
      return undefined;
    }
    const params = Object.fromEntries(
      fault.parameters.map(({ name }) => [name, fields[name] as number | string]),
    );
    this.#checkOffset(fault, target.name, params, path);
    const lasts = Number(fields["for"] ?? 0);
    return {
      fields,
      step: { kind: "fault", fault: id, on: target.name, for: lasts, params } as const,
    };
  }

  /** A place on a disk is on it. */
  #checkOffset(fault: FaultDefinition, on: string, params: Fields, path: Path): void {
    if (!fault.parameters.some(({ name }) => name === "offset")) return;
    const [vm = "", disk = "0"] = on.split(/[/@]/);
    this.#checkRange(vm, Number(disk), Number(params["offset"]), 1, path);
  }

  #checkRange(vm: string, disk: number, offset: number, length: number, path: Path): void {
    const size = this.#world.machines.find(({ name }) => name === vm)?.disks[disk];
    if (size === undefined) {
      this.#issues.add(
        [...path, "disk"],
        `"${vm}" has the disks 0 to ${this.#names.disks(vm) - 1}`,
      );
    } else if (offset + length > this.#largest(vm, disk, size)) {
      this.#issues.add(
        [...path, "offset"],
        `Disk ${disk} of "${vm}" ends at ${quantityText("size", size)}`,
      );
    }
  }

  #growths: { readonly vm: string; readonly disk: number; readonly size: number }[] = [];

  #largest(vm: string, disk: number, size: number): number {
    const grown = this.#growths.filter((each) => each.vm === vm && each.disk === disk);
    return Math.max(size, ...grown.map((each) => each.size));
  }

  #verb(verb: string, written: Fields, path: Path) {
    const word = VERB_WORDS[verb];
    if (word === undefined || !Object.hasOwn(VERB_WORDS, verb)) {
      return this.#unknown("do", "verb", verb, Object.keys(VERB_WORDS), path);
    }
    const fields = this.#issues.read(verbStep(verb), written, path) as Fields | undefined;
    if (fields === undefined) return undefined;
    const on = fields["on"] as string | undefined;
    const wrong = on === undefined ? undefined : this.#names.site(on);
    if (wrong !== undefined) this.#issues.add([...path, "on"], wrong);
    const aboutMachine = word.machine || verb === "replication import";
    const vm = aboutMachine ? this.#machine(fields, path) : "";
    if (!aboutMachine && on === undefined) {
      const sites = this.#names.sites.join(" or ");
      this.#issues.add(path, `Say which server is asked: "on" is ${sites}`);
    }
    const args = this.#arguments(verb, fields, path);
    if (verb === "vm disk grow") this.#grown(vm, args, path);
    const manner = this.#manner(fields, path);
    const step = { kind: "verb", verb, vm, on: on ?? "", args, ...manner } as const;
    const careless = step.careful === true ? carefulProblem(step, this.#world) : undefined;
    if (careless !== undefined) this.#issues.add([...path, careless.key], careless.wrong);
    return { fields, step };
  }

  /** Which side is asked, and how. */
  #manner(
    { on, side, careful, writes }: Fields,
    path: Path,
  ): Pick<VerbStep, "side" | "careful" | "writes"> {
    if (on !== undefined && side !== undefined) {
      this.#issues.add([...path, "side"], '"on" says already whose server is asked', "key");
    }
    if (writes !== undefined && careful !== true) {
      this.#issues.add([...path, "writes"], '"writes" belongs to "careful: true"', "key");
    }
    return {
      ...(side === undefined ? {} : { side: side as Side }),
      ...(careful === true ? { careful } : {}),
      ...(writes === undefined ? {} : { writes: Number(writes) }),
    };
  }

  #arguments(verb: string, fields: Fields, path: Path): JsonObject {
    const args: Record<string, Json> = {};
    for (const [written, kind] of Object.entries(VERB_WORDS[verb]?.args ?? {})) {
      const bare = argumentName(written);
      const value = fields[RENAMED_ARGUMENTS[bare] ?? bare];
      if (kind === "package" && value === undefined) args[bare] = {};
      else if (value === undefined) continue;
      else if (kind === "point") args[bare] = pointMeant(value);
      else if (kind === "side") args[bare] = this.#side(String(value), [...path, bare]);
      else args[bare] = value as Json;
    }
    return args;
  }

  /** The side that stays: a site, or digits of its branch. */
  #side(value: string, path: Path): Json {
    if (this.#names.sites.includes(value)) return { at: value };
    if (/^[0-9a-f]{8,32}$/.test(value)) return value;
    const wrong = this.#names.site(value);
    if (wrong !== undefined) this.#issues.add(path, wrong);
    return value;
  }

  #grown(vm: string, { disk, size }: JsonObject, path: Path): void {
    const wrong = grainProblem(Number(size), blockMeans(this.#world), this.#world);
    if (wrong !== undefined) this.#issues.add([...path, "size"], `The size of a disk ${wrong}`);
    this.#growths.push({ vm, disk: Number(disk), size: Number(size) });
  }

  #machine(fields: Fields, path: Path): string {
    const named = fields["vm"] as string | undefined;
    const machine = this.#names.machine(named);
    if ("name" in machine) return machine.name;
    this.#issues.add(named === undefined ? path : [...path, "vm"], machine.wrong);
    return "";
  }

  #guest(word: string, written: Fields, path: Path) {
    const guest = GUEST_WORDS.find((each) => each === word);
    if (guest === undefined) {
      return this.#unknown("guest", "thing for a guest to do", word, GUEST_WORDS, path);
    }
    const fields = this.#issues.read(guestStep(guest), written, path) as Fields | undefined;
    if (fields === undefined) return undefined;
    const vm = this.#machine(fields, path);
    const disk = Number(fields["disk"] ?? 0);
    const touches = guest === "write" || guest === "zero" || guest === "read";
    const unit = sectorMeans(this.#world);
    const offset = Number(fields["offset"] ?? 0);
    const length = touches ? Number(fields["length"] ?? Math.max(unit, 4096)) : 0;
    if (touches && vm !== "") {
      for (const [key, bytes] of [["offset", offset], ["length", length]] as const) {
        const wrong = grainProblem(bytes, unit, this.#world);
        if (wrong !== undefined) this.#issues.add([...path, key], `The ${key} ${wrong}`);
      }
      this.#checkRange(vm, disk, offset, length, path);
    }
    const rough = fields["rough"] === true;
    return {
      fields,
      step: { kind: "guest", guest, vm, disk, offset, length, rough } as const,
    };
  }

  #checkIds(found: readonly { readonly step: Step; readonly path: Path }[]): void {
    const seen = new Map<string, number>();
    for (const { step: { id, line }, path } of found) {
      const other = seen.get(id);
      if (other !== undefined) {
        this.#issues.add([...path, "id"], `"${id}" is the id of the step in line ${other} already`);
      }
      seen.set(id, line);
    }
  }

  /** What a step waits for is there, comes, and does not wait for the step itself. */
  #checkWaits(found: readonly { readonly step: Step; readonly path: Path }[]): void {
    const byId = new Map(found.map(({ step }) => [step.id, step]));
    const waits = new Map<string, string>();
    for (const { step: { id, when }, path } of found) {
      if (!("after" in when) || this.#issues.full) continue;
      const awaited = awaitedStep(when.after, byId);
      if (awaited !== undefined) {
        waits.set(id, awaited.id);
        if (neverEnds(awaited) && awaited.id === when.after) {
          this.#issues.add(
            [...path, "after"],
            `Step "${awaited.id}" heals only at the end: give it "for", or write "after: ${awaited.id}.begin"`,
          );
        }
      } else if (!this.#occurs(when.after)) {
        this.#issues.add([...path, "after"], this.#nothing(when.after, [...byId.keys()]));
      }
    }
    const circles = inCircles(waits);
    for (const { step: { id }, path } of found) {
      if (!circles.has(id)) continue;
      this.#issues.add([...path, "after"], `Step "${id}" waits for itself: ${circleOf(id, waits)}`);
    }
    this.#checkPoints(found, byId);
  }

  /** `point: { before: STEP }` names a step. */
  #checkPoints(
    found: readonly { readonly step: Step; readonly path: Path }[],
    byId: ReadonlyMap<string, Step>,
  ): void {
    for (const { step, path } of found) {
      if (step.kind !== "verb") continue;
      const before = (step.args["point"] as { before?: unknown } | undefined)?.before;
      if (before === undefined || byId.has(String(before))) continue;
      const word = String(before);
      this.#issues.add(
        [...path, "point"],
        `No step is called ${shown(word)}${hint(word, [...byId.keys()])}`,
      );
    }
  }

  #occurs(after: string): boolean {
    const dot = after.lastIndexOf(".");
    return this.#names.machines.includes(after.slice(0, dot)) &&
      (OCCURRENCES as readonly string[]).includes(after.slice(dot + 1));
  }

  #nothing(after: string, ids: readonly string[]): string {
    const occurrences = this.#names.machines.flatMap((vm) =>
      OCCURRENCES.map((occurrence) => `${vm}.${occurrence}`)
    );
    const words = [...ids, ...ids.map((id) => `${id}.begin`), ...occurrences];
    return `Nothing is called ${shown(after)}: "after" is a step, "STEP.begin" or "VM.OCCURRENCE"${
      hint(after, words)
    }`;
  }
}

/** A point that nobody knows before the run. */
function pointMeant(value: unknown): Json {
  if (value === "newest") return { newest: 0 };
  const before = (value as { before?: unknown }).before;
  return before === undefined ? value as Json : { before: String(before) };
}

function awaitedStep(after: string, byId: ReadonlyMap<string, Step>): Step | undefined {
  return byId.get(after) ??
    (after.endsWith(".begin") ? byId.get(after.slice(0, -".begin".length)) : undefined);
}

function neverEnds(step: Step): boolean {
  return step.kind === "fault" && step.for === 0 && FAULTS.get(step.fault)?.lasting === true;
}

/** Steps that are themselves among those that they wait for. */
function inCircles(waits: ReadonlyMap<string, string>): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const begin of waits.keys()) {
    const way = new Set<string>();
    let at: string | undefined = begin;
    for (; at !== undefined && !seen.has(at); at = waits.get(at)) {
      seen.add(at);
      way.add(at);
    }
    for (; at !== undefined && way.has(at) && !found.has(at); at = waits.get(at)) found.add(at);
  }
  return found;
}

function circleOf(id: string, waits: ReadonlyMap<string, string>): string {
  const names = [id];
  for (let next = waits.get(id); next !== undefined && names.length < 8; next = waits.get(next)) {
    names.push(next);
    if (next === id) break;
  }
  return names.join(" after ");
}
