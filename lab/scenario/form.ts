/**
 * Pieces of the written form: quantities, names, maps with the keys that they have, and what is said of what is not so.
 *
 * Rule: one definition reads, bounds and describes itself for the published schema. What is read is in base units.
 *
 * @module
 */

import * as z from "zod/mini";
import { BOUNDS } from "./bounds.ts";
import { hint } from "./nearest.ts";
import {
  exactQuantity,
  type Measure,
  QUANTITY_EXAMPLES,
  QUANTITY_PATTERNS,
  quantityText,
} from "./quantities.ts";

// Pages forbid code that is made of text, which it would try.
z.config({ jitless: true });

/** Something that is wrong with a part of a value. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The key is wrong, not what stands behind it. */
  readonly key: boolean;
}

const WRITTEN = new Map<Measure, z.ZodMiniType<string | 0>>();

/** A quantity as it is written: one definition for all of a measure. */
export function writtenQuantity(measure: Measure): z.ZodMiniType<string | 0> {
  const made = WRITTEN.get(measure);
  if (made !== undefined) return made;
  const error = ({ input }: { readonly input?: unknown }) =>
    input === undefined
      ? missing()
      : `Expected ${QUANTITY_EXAMPLES[measure]}, found ${shown(input)}`;
  const schema = z.union(
    [z.string().check(z.regex(QUANTITY_PATTERNS[measure], { error })), z.literal(0)],
    { error },
  );
  WRITTEN.set(measure, schema);
  return schema;
}

/** A quantity from `min` to `max`, in base units. */
export function quantity(measure: Measure, min: number, max: number) {
  const read = z.transform((text: string | 0, payload) => {
    const value = text === 0 ? 0n : exactQuantity(measure, text);
    const message = value === undefined
      ? `Expected ${QUANTITY_EXAMPLES[measure]} that is whole, found ${shown(text)}`
      : value < min || value > max
      ? `Expected ${quantityText(measure, min)} to ${quantityText(measure, max)}, found ${
        shown(text)
      }`
      : undefined;
    if (message !== undefined) payload.issues.push({ code: "custom", message, input: text });
    return Number(value ?? 0);
  });
  return z.pipe(writtenQuantity(measure), read);
}

/** A whole number from `min` to `max`. */
export function count(min: number, max: number) {
  return z.int().check(z.minimum(min), z.maximum(max));
}

/** A text that is written like this, or else `wrong` is said of it. */
export function word(pattern: RegExp, wrong: string) {
  const error = ({ input }: { readonly input?: unknown }) => `${wrong}; found ${shown(input)}`;
  return z.string().check(z.regex(pattern, { error }));
}

/** A name of a site, a link or a machine. */
export const NAME = word(
  /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/,
  'A name is letters, digits, "-", "." and "_", at most 64, and does not begin with "."',
);

/** A text of at most so many characters. */
export function text(most: number) {
  return z.string().check(z.maxLength(most));
}

/** True or false. */
export function flag() {
  return z.boolean();
}

/** A map that has these keys and no others. */
export const record = z.strictObject;

/** What is wrong with `value` by `schema`, or what it reads as. */
export function readBy<T>(
  schema: z.ZodMiniType<T>,
  value: unknown,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: Issue[] } {
  const result = schema.safeParse(value, { error: explain });
  if (result.success) return { ok: true, value: result.data };
  return {
    ok: false,
    issues: distinct(result.error.issues.flatMap((issue) => flatten(issue, []))),
  };
}

/** What two checks say of one part is said once. */
function distinct(issues: readonly Issue[]): Issue[] {
  const said = new Map(issues.map((issue) => [JSON.stringify(issue), issue]));
  return [...said.values()];
}

/** What is said where nothing better is known. */
const IMPOSSIBLE = "Not possible here";

type Raw = Parameters<z.core.$ZodErrorMap>[0];

/** What is wrong, in one sentence; one line for each key that nobody knows. */
function explain(issue: Raw): string {
  const { code, input } = issue;
  if (input === undefined) return missing();
  switch (code) {
    case "invalid_type":
      return `Expected ${TYPES[issue.expected] ?? issue.expected}, found ${shown(input)}`;
    case "unrecognized_keys": {
      const def = (issue.inst as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def;
      const known = Object.keys(def?.shape ?? {});
      return issue.keys.slice(0, BOUNDS.problems).map((key) =>
        `Nothing here is called ${shown(key)}${hint(key, known)}`
      )
        .join("\n");
    }
    case "invalid_value": {
      const words = issue.values.map(String);
      return `${IMPOSSIBLE}: ${shown(input)}${hint(wordOf(input), words)}`;
    }
    case "too_small":
      return `Expected at least ${issue.minimum}${lengthOf(issue.origin)}, found ${found(input)}`;
    case "too_big":
      return `Expected at most ${issue.maximum}${lengthOf(issue.origin)}, found ${found(input)}`;
    default:
      return `${IMPOSSIBLE}: ${shown(input)}`;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: "a map",
  record: "a map",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function lengthOf(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " entries" : "";
}

function found(input: unknown): string {
  if (typeof input === "string" || Array.isArray(input)) return String(input.length);
  return shown(input);
}

function missing(): string {
  return "It is missing";
}

/** A value as a word, where it is like one. */
export function wordOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value !== null && typeof value === "object") return "a map";
  const whole = JSON.stringify(value) ?? "nothing";
  return whole.length > 60 ? `${whole.slice(0, 57)}…` : whole;
}

/** An issue of a union is that of the choice that was meant: the one whose kind of value it is. */
function flatten(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Issue[] {
  const path = [...above, ...issue.path] as (string | number)[];
  if (issue.code === "invalid_union" && issue.message.startsWith(IMPOSSIBLE)) {
    const meant = issue.errors.find((issues) =>
      !issues.some(({ path, code }) =>
        path.length === 0 && (code === "invalid_type" || code === "invalid_value")
      )
    );
    if (meant !== undefined && meant.length > 0) {
      return meant.flatMap((each) => flatten(each, path));
    }
  }
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split("\n");
    return issue.keys.slice(0, BOUNDS.problems).map((key, at) => ({
      path: [...path, key],
      message: messages[at] ?? issue.message,
      key: true,
    }));
  }
  const last = path.at(-1);
  const message = issue.message === missing() && last !== undefined
    ? `${JSON.stringify(String(last))} is missing`
    : issue.message;
  return [{ path, message, key: false }];
}
