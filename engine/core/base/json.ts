/**
 * Canonical JSON for control messages and small state: keys sorted, no floats that are not safe
 * integers, one text per value.
 *
 * @module
 */

import { assert } from "./assert.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** What canonical JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of canonical JSON; keys that are `undefined` are left out. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** How deep a value may be nested, in and out. */
export const JSON_DEPTH_MAX = 16;

/** Text that JSON spells as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** `value` as its one canonical text. */
export function canonicalText(value: Json, depth = 0): string {
  assert(depth <= JSON_DEPTH_MAX, "A canonical value is not nested too deep");
  if (typeof value === "string") return quoted(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    assert(Number.isSafeInteger(value), "Canonical numbers are safe integers");
    return String(value);
  }
  if (isList(value)) {
    return `[${value.map((item) => canonicalText(item, depth + 1)).join(",")}]`;
  }
  let fields = "";
  for (const key of Object.keys(value).sort()) {
    const field = value[key];
    if (field === undefined) continue;
    if (fields !== "") fields += ",";
    fields += `${quoted(key)}:${canonicalText(field, depth + 1)}`;
  }
  return `{${fields}}`;
}

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** `value` as canonical UTF-8 bytes. */
export function canonicalBytes(value: Json): Uint8Array {
  return encodeUtf8(canonicalText(value));
}

/** The value that `bytes` spell; `undefined` for what is not JSON, too deep, or holds a float. */
export function parseCanonical(bytes: Uint8Array): Json | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined || nestsTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value, 0) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value as an object, or `undefined` when it is anything else. */
export function asObject(value: Json | undefined): JsonObject | undefined {
  return value !== null && typeof value === "object" && !isList(value) ? value : undefined;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Counted on the text, so that JSON.parse never recurses deeper than a peer may ask. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) quoted = !quoted;
    else if (quoted) at += code === 0x5c ? 1 : 0;
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    if (depth > 4 * JSON_DEPTH_MAX) return true;
  }
  return false;
}

function isJson(value: unknown, depth: number): value is Json {
  if (depth > JSON_DEPTH_MAX) return false;
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  if (typeof value !== "object") return false;
  return Object.values(value).every((item) => isJson(item, depth + 1));
}
