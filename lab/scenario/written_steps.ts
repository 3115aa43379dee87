/**
 * The written form of steps: one shape for each kind of fault, made from the registry, for each verb, and for each thing that
 * a guest may be told.
 *
 * @module
 */

import * as z from "zod/mini";
import { DISKS_MAX } from "../../engine/core/base/limits.ts";
import { GiB, TiB } from "../../engine/core/base/units.ts";
import type { FaultDefinition, FaultParameter } from "../../engine/sim/faults/definition.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { BOUNDS } from "./bounds.ts";
import { count, flag, NAME, quantity, record, text, word } from "./form.ts";
import { quantityText } from "./quantities.ts";
import {
  type ArgumentKind,
  argumentName,
  CAREFUL_VERBS,
  RENAMED_ARGUMENTS,
  VERB_WORDS,
} from "./verb_words.ts";
import { STEP_ID, time } from "./written_world.ts";

type Shape = Record<string, z.ZodMiniType>;

/** What a step may wait for. */
export const AWAITED = z.union([text(200), count(0, BOUNDS.steps)]);

/** What all steps have. */
const HEAD = {
  id: z.optional(STEP_ID),
  at: z.optional(time()),
  after: z.optional(AWAITED),
  wait: z.optional(time()),
};

function parameter(of: FaultParameter): z.ZodMiniType {
  if (of.kind === "word") return z.prefault(z.enum(of.words as [string]), of.usual);
  const number = of.kind === "count" ? count(of.min, of.max) : quantity(of.kind, of.min, of.max);
  const usual = of.kind === "count" ? of.usual : quantityText(of.kind, of.usual);
  return z.prefault(number as z.ZodMiniType<number, string | number>, usual);
}

/** What `make` makes of a word, made once. */
function once<Word, Made>(make: (word: Word) => Made): (word: Word) => Made {
  const made = new Map<Word, Made>();
  return (word) => {
    const found = made.get(word) ?? make(word);
    made.set(word, found);
    return found;
  };
}

/** A step with a fault. */
export const faultStep = once(makeFaultStep);

function makeFaultStep({ id, lasting, parameters }: FaultDefinition): z.ZodMiniType {
  const shape: Shape = { ...HEAD, fault: z.literal(id), on: z.optional(text(100)) };
  if (lasting) shape["for"] = z.optional(quantity("time", 1, BOUNDS.time));
  for (const each of parameters) shape[each.name] = parameter(each);
  return record(shape);
}

const POINT = z.union([
  z.literal("newest"),
  word(
    /^[0-9a-f]{8,32}$/,
    'Expected "newest", { newest: N }, { before: STEP }, or digits of a point',
  ),
  record({ newest: count(0, 10_000) }),
  record({ before: STEP_ID }),
]);

function argument(kind: ArgumentKind): z.ZodMiniType {
  switch (kind) {
    case "text":
    case "package":
      return text(4096);
    case "texts":
      return z.array(text(4096)).check(z.maxLength(DISKS_MAX));
    case "flag":
      return flag();
    case "count":
      return count(0, 1_000_000);
    case "time":
      return time();
    case "size":
      return quantity("size", 1, 1024 * TiB);
    case "rate":
      return quantity("rate", 0, 1024 * GiB);
    case "rates":
      return z.record(text(300), quantity("rate", 0, 1024 * GiB));
    case "point":
      return POINT;
    case "side":
      return NAME;
  }
}

/** A step with a verb. */
export const verbStep = once(makeVerbStep);

function makeVerbStep(verb: string): z.ZodMiniType {
  const word = VERB_WORDS[verb];
  const shape: Shape = { ...HEAD, do: z.literal(verb), on: z.optional(NAME) };
  if (word?.machine !== false || verb === "replication import") shape["vm"] = z.optional(NAME);
  if (word?.machine !== false) shape["side"] = z.optional(z.enum(["primary", "replica"]));
  if ((CAREFUL_VERBS as readonly string[]).includes(verb)) shape["careful"] = z.optional(flag());
  if (verb === "failover test") shape["writes"] = z.optional(count(0, 1000));
  for (const [written, kind] of Object.entries(word?.args ?? {})) {
    const bare = argumentName(written);
    const needed = written === bare && kind !== "package";
    const schema = argument(kind);
    shape[RENAMED_ARGUMENTS[bare] ?? bare] = needed ? schema : z.optional(schema);
  }
  return record(shape);
}

/** What a guest may be told. */
export const GUEST_WORDS = [
  "write",
  "zero",
  "read",
  "flush",
  "reconnect",
  "stop",
  "start",
] as const;

/** A step with a guest. */
export const guestStep = once(makeGuestStep);

function makeGuestStep(word: typeof GUEST_WORDS[number]): z.ZodMiniType {
  const shape: Shape = { ...HEAD, guest: z.literal(word), vm: z.optional(NAME) };
  const touches = word === "write" || word === "zero" || word === "read";
  if (touches || word === "flush") shape["disk"] = z.prefault(count(0, DISKS_MAX - 1), 0);
  if (touches) {
    shape["offset"] = z.prefault(quantity("size", 0, 1024 * TiB), 0);
    shape["length"] = z.optional(quantity("size", 512, GiB));
  }
  if (word === "write") shape["rough"] = z.prefault(flag(), false);
  return record(shape);
}

/** Every step there is, for the schema. */
export function everyStep(): z.ZodMiniType[] {
  return [
    ...[...FAULTS.values()].map(faultStep),
    ...Object.keys(VERB_WORDS).map(verbStep),
    ...GUEST_WORDS.map(guestStep),
  ];
}
