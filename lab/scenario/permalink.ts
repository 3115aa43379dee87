/**
 * A drill as the fragment of an address: its scenario, its seed, the engine, and the moment that is looked at.
 *
 *     #v=ENGINE&seed=SEED&t=MICROSECONDS&s=SCENARIO&c=CHECKSUM
 *
 * Rule: whoever opens one gets exactly what was shared, or is told that it is not: cut short, altered, or of another engine.
 * The scenario is its text, deflated, in the alphabet of addresses.
 *
 * @module
 */

import { hashText } from "../../engine/sim/prng.ts";
import { BOUNDS } from "./bounds.ts";

/** Characters of a fragment, at most. */
export const PERMALINK_MAX = 2048;

/** What is shared. */
export interface SharedDrill {
  /** The text of the scenario. */
  readonly text: string;
  readonly seed: number;
  readonly engineHash: string;
  /** The moment that is looked at, µs. */
  readonly at: number;
}

/** A fragment, or why there is none. */
export type Permalink =
  | { readonly ok: true; readonly fragment: string }
  | { readonly ok: false; readonly message: string };

/** What a fragment holds, or why it is not run; one of another engine holds it all the same. */
export type OpenedPermalink =
  | { readonly ok: true; readonly drill: SharedDrill }
  | {
    readonly ok: false;
    readonly why: "none" | "cut-short" | "altered" | "other-engine";
    readonly message: string;
    readonly drill?: SharedDrill;
  };

/** The fragment of a drill, with its `#`. */
export async function encodePermalink(drill: SharedDrill): Promise<Permalink> {
  const packed = toBase64Url(await through(utf8(drill.text), new CompressionStream("deflate-raw")));
  const body = `v=${drill.engineHash}&seed=${drill.seed}&t=${drill.at}&s=${packed}`;
  const fragment = `#${body}&c=${checksum(body)}`;
  if (fragment.length <= PERMALINK_MAX) return { ok: true, fragment };
  const message = `The scenario is too long for a link: ${fragment.length} characters, and ` +
    `${PERMALINK_MAX} are the most. Shorten its story, or save it as a file`;
  return { ok: false, message };
}

/** What a fragment holds, for the engine with this hash. */
export async function decodePermalink(
  fragment: string,
  engineHash: string,
): Promise<OpenedPermalink> {
  const whole = fragment.replace(/^#/, "");
  if (!/^v=/.test(whole)) {
    return { ok: false, why: "none", message: "This address holds no drill" };
  }
  if (whole.length > 2 * PERMALINK_MAX) return altered("is longer than any that was made here");
  const parts = /^v=([0-9a-f]{1,64})&seed=(\d{1,16})&t=(\d{1,16})&s=([\w-]*)(?:&c=([0-9a-f]*))?$/
    .exec(whole);
  if (parts === null && whole.includes("&c=")) return altered("is not written like one");
  const [, hash = "", seed = "", at = "", packed = "", sum = ""] = parts ?? [];
  if (sum.length < 8) {
    return { ok: false, why: "cut-short", message: "The link was cut short: its end is missing" };
  }
  if (sum !== checksum(whole.slice(0, whole.lastIndexOf("&c=")))) {
    return altered("does not match its checksum");
  }
  const text = await inflated(packed);
  if (text === undefined) return altered("holds no text");
  const drill = { text, seed: Number(seed), engineHash: hash, at: Number(at) };
  if (!Number.isSafeInteger(drill.seed) || !Number.isSafeInteger(drill.at)) {
    return altered("has a number that is too large");
  }
  if (hash === engineHash) return { ok: true, drill };
  const message = `The link is of another engine (${hash.slice(0, 12)}, this one is ` +
    `${engineHash.slice(0, 12)}): the same scenario may end otherwise here`;
  return { ok: false, why: "other-engine", message, drill };
}

function altered(how: string): OpenedPermalink {
  return { ok: false, why: "altered", message: `The link was altered: it ${how}` };
}

/** Of everything before it. */
function checksum(body: string): string {
  return hashText(body, 0x5751).toString(16).padStart(8, "0");
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The text, unless it is none, or longer than any scenario. */
async function inflated(packed: string): Promise<string | undefined> {
  try {
    const bytes = await through(fromBase64Url(packed), new DecompressionStream("deflate-raw"));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** `bytes` through a stream; throws for more than a scenario may have. */
async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const most = 4 * BOUNDS.text;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(stream)) {
    length += part.length;
    if (length > most) throw new RangeError("Longer than any scenario");
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")),
    (character) => character.charCodeAt(0),
  );
}
