/**
 * Looking into values that came as JSON, without trusting their shape.
 *
 * @module
 */

import type { Value, ValueObject } from "./command.ts";

/** The value as an object; what is none has no fields. */
export function fieldsOf(value: Value | undefined): ValueObject {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? value as ValueObject
    : {};
}

/** The value as a list of objects. */
export function rowsOf(value: Value | undefined): readonly ValueObject[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

/** A field as text; a dash for what is not known. */
export function textOf(value: Value | undefined): string {
  if (value === undefined || value === null || value === "") return "-";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
