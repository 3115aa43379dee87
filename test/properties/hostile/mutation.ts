/**
 * Hostile inputs: sound conversations with a few fields, frames or bytes gone wrong, and every
 * checksum made right again unless it is the checksum that is wrong.
 *
 * @module
 */

import type { Json, JsonObject } from "../../../engine/core/base/json.ts";
import { encodeUtf8 } from "../../../engine/core/base/utf8.ts";
import type { Prng } from "../../../engine/sim/prng.ts";
import { conversation, frameBytes, type LooseFrame, type Speaker } from "./conversation.ts";

/** What one end sends, and whether it then hangs up. */
export interface HostileInput {
  /** To be sent in this order; a sound conversation leaves time for an answer after each. */
  readonly parts: readonly Uint8Array[];
  readonly hangsUp: boolean;
}

/** How much of a conversation an input has. */
export interface InputOptions {
  /** The whole conversation from hello on, or a few frames of it. */
  readonly whole: boolean;
}

/** A hostile input drawn from `random`. */
export function hostileInput(
  random: Prng,
  speaker: Speaker,
  { whole }: InputOptions,
): HostileInput {
  const all = conversation(speaker);
  let frames: LooseFrame[];
  if (whole) frames = all.slice(0, random.between(1, all.length));
  else {
    const start = random.below(all.length);
    frames = all.slice(start, start + random.between(1, 3));
  }
  for (let left = random.between(1, 3); left > 0; left--) mutateOrder(random, all, frames);
  const parts = frames.map(frameBytes);
  if (random.below(8) === 0 && parts.length > 0) {
    const at = random.below(parts.length);
    parts[at] = mutateBytes(random, parts[at]!);
  }
  return { parts, hangsUp: random.flip() };
}

/** Changes one thing in the row of frames; mostly a field of one of them, mostly a late one. */
function mutateOrder(random: Prng, all: readonly LooseFrame[], frames: LooseFrame[]): void {
  if (frames.length === 0) return;
  const at = Math.max(random.below(frames.length), random.below(frames.length));
  const frame = frames[at]!;
  switch (random.below(12)) {
    case 0:
      frames.splice(at, 1);
      break;
    case 1:
      frames.splice(at, 0, frame);
      break;
    case 2:
      [frames[at], frames[0]] = [frames[0]!, frame];
      break;
    case 3:
      frames.splice(at, 0, random.pick(all));
      break;
    case 4:
      frames.splice(at, 0, random.pick(conversation(random.flip() ? "primary" : "replica")));
      break;
    case 5:
      frames[at] = mutateHeader(random, frame);
      break;
    default:
      frames[at] = mutatePayload(random, frame);
  }
}

function mutateHeader(random: Prng, frame: LooseFrame): LooseFrame {
  switch (random.below(6)) {
    case 0:
      return { ...frame, version: random.below(256) };
    case 1:
      return { ...frame, type: random.below(random.flip() ? 6 : 256) };
    case 2:
      return { ...frame, channel: random.pick([0, 1, 2, 3, 65_535, random.below(65_536)]) };
    case 3:
      return { ...frame, length: hostileLength(random, frame.payload.length) };
    case 4:
      return { ...frame, checksumOff: BigInt(random.between(1, 1 << 30)) };
    default: {
      const payload = frame.payload.slice(0, random.below(frame.payload.length + 1));
      return { ...frame, payload, length: payload.length };
    }
  }
}

/** A length near the right one, at a bound, or huge. */
function hostileLength(random: Prng, length: number): number {
  const near = [length - 1, length + 1, 0, 2 * length].map((value) => Math.max(0, value));
  const bounds = [256 * 1024, 256 * 1024 + 1, 1_052_672, 1_052_673, 0x7fffffff, 0xffffffff];
  return random.pick([...near, ...bounds]);
}

function mutatePayload(random: Prng, frame: LooseFrame): LooseFrame {
  if (frame.message === undefined) return withPayload(frame, mutateRecord(random, frame.payload));
  const message = frame.message as unknown as Json;
  if (random.chance(20_000)) {
    return withPayload(frame, encodeUtf8(hostileText(random, JSON.stringify(message))));
  }
  const text = JSON.stringify(mutateJson(random, message, random.below(3)), sortedKeys);
  return withPayload(frame, encodeUtf8(text));
}

function withPayload(frame: LooseFrame, payload: Uint8Array): LooseFrame {
  return { ...frame, payload, length: payload.length };
}

/** Canonical as far as keys go, so that a mutation gets past the check of form to the check of fields. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const object = value as Record<string, unknown>;
  return Object.fromEntries(Object.keys(object).sort().map((key) => [key, object[key]]));
}

/** Changes one value somewhere in `value`, at most `depth` levels down. */
function mutateJson(random: Prng, value: Json, depth: number): Json {
  if (Array.isArray(value) && depth > 0 && value.length > 0) {
    const at = random.below(value.length);
    if (random.below(4) === 0) return [...value, ...value];
    return value.map((item, index) => index === at ? mutateJson(random, item, depth - 1) : item);
  }
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return mutateObject(random, value as JsonObject, depth);
  }
  return hostileValue(random, value);
}

function mutateObject(random: Prng, value: JsonObject, depth: number): Json {
  const keys = Object.keys(value);
  const key = random.pick(keys);
  const copy: Record<string, Json | undefined> = { ...value };
  switch (random.below(10)) {
    case 0:
      delete copy[key];
      return copy as Json;
    case 1:
      Object.defineProperty(copy, random.pick(["__proto__", "constructor", "extra", "type", ""]), {
        value: hostileValue(random, null),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      return copy as Json;
    case 2:
      copy[key] = copy[random.pick(keys)];
      return copy as Json;
    default:
      copy[key] = depth > 0
        ? mutateJson(random, copy[key] ?? null, depth - 1)
        : hostileValue(random, copy[key] ?? null);
      return copy as Json;
  }
}

/** A value of the wrong type, size or range. */
function hostileValue(random: Prng, value: Json): Json {
  switch (random.below(14)) {
    case 0:
      return null;
    case 1:
      return random.flip();
    case 2:
      return random.pick([-1, 0, 1, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER]);
    case 3:
      return random.pick([1e308, 0.5, -0.1, 2 ** 53, 2 ** 64, -(2 ** 63)]);
    case 4:
      return "";
    case 5:
      return random.pick([
        "../../etc/passwd",
        "\u0000",
        "\ud800",
        "a".repeat(65),
        "\u001b[2J",
        "é",
      ]);
    case 6:
      return [value];
    case 7:
      return { value };
    case 8:
      return random.chance(50_000) ? nested(random.between(10, 60)) : {};
    case 9:
      return random.chance(20_000) ? "x".repeat(random.between(1000, 200_000)) : [];
    case 10:
      return typeof value === "string" ? value.toUpperCase() + "0" : String(value);
    case 11:
      return typeof value === "number" ? value + random.pick([-1, 1, 511]) : 7;
    case 12:
      return typeof value === "string" ? value.slice(1) : [[], []];
    default:
      return "0123456789abcdef".repeat(2);
  }
}

function nested(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

/** Text that is nearly JSON, or JSON in another form. */
function hostileText(random: Prng, text: string): string {
  return random.pick([
    ` ${text}`,
    text.replace(":", " : "),
    text.replace(/\d+/, "1e3"),
    text.replace(/\d+/, "-0"),
    text.replace(/"(\w)/, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16)}`),
    text.slice(0, -1),
    text.replace("{", '{"type":"ping",'),
    `[${text}]`,
    "[".repeat(100_000),
    '{"a":'.repeat(20_000),
    "[".repeat(60) + "]".repeat(60),
    "",
    "null",
    `${text}\u0000`,
  ]);
}

/** Changes a field of a record, or its length. */
function mutateRecord(random: Prng, payload: Uint8Array): Uint8Array {
  if (payload.length < 20) return random.bytes(random.below(64));
  const copy = payload.slice();
  const view = new DataView(copy.buffer);
  switch (random.below(7)) {
    case 0:
      return copy.slice(0, random.below(copy.length + 1));
    case 1: {
      const longer = new Uint8Array(copy.length + random.between(1, 64));
      longer.set(copy);
      return longer;
    }
    case 2:
      view.setUint8(2, random.below(256));
      return copy;
    case 3:
      view.setUint32(random.pick([0, 4, 8, 12, 16]), hostileLength(random, copy.length), true);
      return copy;
    case 4:
      view.setUint16(0, random.below(65_536), true);
      return copy;
    case 5:
      view.setUint8(random.below(copy.length), random.below(256));
      return copy;
    default:
      view.setUint32(8, random.u32(), true);
      view.setUint32(12, random.below(1 << random.below(22)), true);
      return copy;
  }
}

/** Cuts a row of bytes, or flips one of its bits. */
function mutateBytes(random: Prng, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0 || random.flip()) return bytes.slice(0, random.below(bytes.length + 1));
  const copy = bytes.slice();
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}

/** All parts in one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
