/**
 * Field descriptors: from one small table per message come its type, its validation and its line in
 * the documentation.
 *
 * Rule: a check looks at values a peer made and answers with a problem in words; it never throws and
 * never trips an assertion. This file knows no message.
 *
 * @module
 */

import type { Side } from "../base/failure.ts";
import type { Json } from "../base/json.ts";
import { asObject } from "../base/json.ts";
import { isName } from "../base/name.ts";
import { isIdentity } from "../base/units.ts";

/** What a field of a message may hold. `T` exists for the type alone. */
export interface Field<T> {
  /** For documentation, e.g. `integer 0 to 4096`. */
  readonly describe: string;
  /** The problem with `value`, in words that follow the field's name; `undefined` when it is sound. */
  check(value: Json | undefined): string | undefined;
  /** Never there: carries the type of the field. */
  readonly type?: T;
}

/** The fields of an object, by name. */
export interface Fields {
  readonly [name: string]: Field<unknown>;
}

/** The type that a field descriptor stands for. */
export type FieldType<F> = F extends Field<infer T> ? T : never;

/** The type of an object with the given fields. */
export type ObjectOf<F extends Fields> = { readonly [Name in keyof F]: FieldType<F[Name]> };

function field<T>(describe: string, sound: (value: Json | undefined) => boolean): Field<T> {
  return { describe, check: (value) => sound(value) ? undefined : `is not: ${describe}` };
}

/** An integer from `least` to `most`. */
export function integer(least: number, most: number): Field<number> {
  return field(`integer ${least} to ${most}`, (value) => {
    return typeof value === "number" && Number.isSafeInteger(value) && value >= least &&
      value <= most;
  });
}

/** 32 hex digits; `what` names the identity. */
export function identity<T extends string>(what: string): Field<T> {
  return field(`${what}, 32 hex digits`, isIdentity);
}

/** The name of a machine or a server. */
export function name(what: string): Field<string> {
  return field(`name of a ${what}`, isName);
}

/** Any text of at most `most` UTF-16 units without control characters: for people to read. */
export function text(most: number): Field<string> {
  return field(`text, at most ${most} characters`, (value) => {
    // deno-lint-ignore no-control-regex -- a text for people must not steer their terminals
    return typeof value === "string" && value.length <= most && !/[\0-\x1f\x7f]/.test(value);
  });
}

/** A text of ours as `text` fields carry it. */
export function legible(words: string): string {
  // deno-lint-ignore no-control-regex -- what others made of these must not steer a terminal
  return words.replace(/[\0-\x1f\x7f]/g, " ").slice(0, 1024);
}

/** A word for programs: lower-case letters, digits and `-`, 1 to 64. */
export function word<T extends string = string>(): Field<T> {
  return field("word of a-z, 0-9 and -, at most 64", (value) => {
    return typeof value === "string" && /^[a-z0-9-]{1,64}$/.test(value);
  });
}

/** One of a closed list of words. */
export function oneOf<T extends string>(...words: readonly T[]): Field<T> {
  const known = new Set<string>(words);
  return field(words.map((each) => JSON.stringify(each)).join(" or "), (value) => {
    return typeof value === "string" && known.has(value);
  });
}

/** A BLAKE3 digest as 64 hex digits, or nothing where there is none to tell. */
export function digestOrNone(): Field<string> {
  return field('64 hex digits or ""', (value) => {
    return typeof value === "string" && /^([0-9a-f]{64})?$/.test(value);
  });
}

/** A secret of 32 bytes as 64 hex digits. */
export function key(): Field<string> {
  return field("64 hex digits, secret", (value) => {
    return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  });
}

/** A value, or `null` where there is none. */
export function nullable<T>(inner: Field<T>): Field<T | null> {
  return {
    describe: `${inner.describe}; or null`,
    check: (value) => value === null ? undefined : inner.check(value),
  };
}

/** A value, or no field at all. */
export function optional<T>(inner: Field<T>): Field<T | undefined> {
  return {
    describe: `${inner.describe}; or absent`,
    check: (value) => value === undefined ? undefined : inner.check(value),
  };
}

/** A list of `least` to `most` values. */
export function list<T>(inner: Field<T>, least: number, most: number): Field<readonly T[]> {
  return {
    describe: `list of ${least} to ${most} of (${inner.describe})`,
    check(value) {
      if (!isList(value)) return "is not a list";
      if (value.length < least || value.length > most) {
        return `does not have ${least} to ${most} items`;
      }
      for (const item of value) {
        const problem = inner.check(item);
        if (problem !== undefined) return `holds an item that ${problem}`;
      }
      return undefined;
    },
  };
}

/** An object with exactly these fields. */
export function object<F extends Fields>(fields: F): Field<ObjectOf<F>> {
  const described = Object.entries(fields).map(([key, each]) => `${key}: ${each.describe}`);
  return {
    describe: `{ ${described.join("; ")} }`,
    check: (value) => checkFields(fields, value, undefined),
  };
}

/** The problem with `value` as an object of exactly `fields`, and `extra` when given. */
export function checkFields(
  fields: Fields,
  value: Json | undefined,
  extra: string | undefined,
): string | undefined {
  const given = asObject(value);
  if (given === undefined) return "is not an object";
  for (const key of Object.keys(given)) {
    if (key === extra || Object.hasOwn(fields, key)) continue;
    return `has a field that nobody knows: ${JSON.stringify(key.slice(0, 40))}`;
  }
  for (const [key, each] of Object.entries(fields)) {
    const problem = each.check(Object.hasOwn(given, key) ? given[key] : undefined);
    if (problem !== undefined) return `has a bad field: "${key}" ${problem}`;
  }
  return undefined;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The code of a peer's failure: any word, for only `refusal.ts` says which of them mean anything here. */
export function failureCode(): Field<string> {
  return word();
}

/** Whose fault it was, seen from the sender. */
export function side(): Field<Side> {
  return oneOf<Side>("local", "peer", "request");
}
