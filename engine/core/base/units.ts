/**
 * Units: identities as types, sizes and times as constants.
 *
 * Offsets and lengths are plain numbers of bytes and times plain integers of microseconds, named so
 * at every declaration; identities are branded, because mixing two of them up is the bug that no
 * test of one of them finds.
 *
 * @module
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A recovery point: 32 hex digits, random, never used again. */
export type PointId = Branded<"PointId">;
/** A generation of a machine's history: 32 hex digits, random. */
export type GenerationId = Branded<"GenerationId">;
/** A protected machine for its whole life, on every server: 32 hex digits, random. */
export type MachineId = Branded<"MachineId">;
/** A run of one server process, or one presence of a machine's primary: 32 hex digits, random. */
export type Incarnation = Branded<"Incarnation">;
/** The right to start a machine that was prepared for a planned failover (L4): 32 hex digits, random. */
export type Token = Branded<"Token">;
/** An initial replication in progress: 32 hex digits, random. */
export type SeedId = Branded<"SeedId">;

/** 1024 bytes. */
export const KiB = 1024;
/** 1024 KiB. */
export const MiB = 1024 * KiB;
/** 1024 MiB. */
export const GiB = 1024 * MiB;
/** 1024 GiB. */
export const TiB = 1024 * GiB;

/** One millisecond in microseconds, the unit of every clock here. */
export const MILLISECOND = 1000;
/** One second in microseconds. */
export const SECOND = 1000 * MILLISECOND;
/** One minute in microseconds. */
export const MINUTE = 60 * SECOND;
/** One hour in microseconds. */
export const HOUR = 60 * MINUTE;
/** One day in microseconds. */
export const DAY = 24 * HOUR;

/** Hex digits in an identity: 128 random bits. */
export const IDENTITY_DIGITS = 32;

/** True when `text` can be one of the identities above. */
export function isIdentity(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{32}$/.test(text);
}

/** `bytes` as lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

/** The bytes that an even number of lower-case hex digits spell; `undefined` for other text. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = (digit(text.charCodeAt(2 * at)) << 4) | digit(text.charCodeAt(2 * at + 1));
  }
  return bytes;
}

/** What a character of hex is worth. */
function digit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
