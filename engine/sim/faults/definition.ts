/**
 * What the registry says of a kind of fault.
 *
 * Rule: plain data, and one pure function that says what the simulator is to do. Nothing here knows how a person
 * writes a time or a size, nor how the world is made to suffer.
 *
 * @module
 */

import type { FaultAction, HostName, OperatorAction, Place } from "../scenario/scenario.ts";

/** What can be hit. */
export type TargetKind = "site" | "link" | "machine" | "disk";

/**
 * What a parameter measures, in base units: `time` in µs, `size` in bytes, `rate` in bytes a second, `share` in
 * millionths, `count` a number; `word` one of `words`.
 */
export type ParameterKind = "time" | "size" | "rate" | "share" | "count" | "word";

/** A number that a fault can be given. */
export interface NumberParameter {
  readonly name: string;
  readonly kind: Exclude<ParameterKind, "word">;
  /** What it means, in one sentence. */
  readonly about: string;
  readonly min: number;
  readonly max: number;
  /** What it is where nothing is said. */
  readonly usual: number;
}

/** A choice that a fault can be given. */
export interface WordParameter {
  readonly name: string;
  readonly kind: "word";
  /** What it means, in one sentence. */
  readonly about: string;
  readonly words: readonly string[];
  /** Which it is where nothing is said. */
  readonly usual: string;
}

/** Something that a fault can be given. */
export type FaultParameter = NumberParameter | WordParameter;

/** What is hit, once it is known where that is. */
export type Target =
  | { readonly kind: "site"; readonly host: HostName }
  | { readonly kind: "link" }
  /** A machine, and the host where its primary is. */
  | { readonly kind: "machine"; readonly vm: number; readonly home: HostName }
  | {
    readonly kind: "disk";
    readonly vm: number;
    readonly disk: number;
    readonly home: HostName;
    /** Sectors of the simulated disk, 512 bytes each. */
    readonly sectors: number;
  };

/** One fault as it is to happen, in the units of the simulated world. */
export interface Hit {
  readonly target: Target;
  /** For how long, µs. */
  readonly lasts: number;
  /** A parameter that is a number. */
  number(name: string): number;
  /** A parameter that is a word. */
  word(name: string): string;
}

/** A kind of fault. */
export interface FaultDefinition {
  /** `family.kind`; never used for anything else. */
  readonly id: string;
  /** What it is called, in a few words. */
  readonly title: string;
  /** What happens, in one sentence. */
  readonly about: string;
  /** What the simulated world does. */
  readonly modelled: string;
  /** What it leaves out. */
  readonly notModelled: string;
  /** What can be hit; the first one is the usual one. */
  readonly targets: readonly TargetKind[];
  readonly parameters: readonly FaultParameter[];
  /** It goes on for a while, or else happens at one moment. */
  readonly lasting: boolean;
  /** How it ends, and what is left of it. */
  readonly heals: string;
  /** What was acknowledged and replicated stays recoverable under it. */
  readonly recoverable: boolean;
  /** A real server can be made to suffer it. */
  readonly real: boolean;
  /** In so many of a million random drills it may happen at all. */
  readonly prior: number;
  /** What the simulator is to do at the moment at which it happens. */
  readonly lower: (hit: Hit) => readonly Suffering[];
}

/** What the simulator does for a fault: something goes wrong, or a server is stopped in order. */
export type Suffering = FaultAction | (OperatorAction & { readonly kind: "restart" });

/** A parameter that is a number; from `min` to `max`. */
export function amount(
  name: string,
  kind: NumberParameter["kind"],
  [min, usual, max]: readonly [min: number, usual: number, max: number],
  about: string,
): NumberParameter {
  return { name, kind, about, min, max, usual };
}

/** A parameter that is one of `words`, the first one where nothing is said. */
export function choice(name: string, words: readonly string[], about: string): WordParameter {
  return { name, kind: "word", about, words, usual: words[0] as string };
}

/** The host that a fault of a site hits; that of the primary where a machine or a disk is meant. */
export function hostOf({ target }: Hit): HostName {
  if (target.kind === "link") return "a";
  return target.kind === "site" ? target.host : target.home;
}

/** The machine and the disk that a fault hits. */
export function diskOf({ target }: Hit): { readonly vm: number; readonly disk: number } {
  if (target.kind === "disk") return { vm: target.vm, disk: target.disk };
  return { vm: target.kind === "machine" ? target.vm : 0, disk: 0 };
}

/** Where in the storage of a host a fault hits: a machine's disk, or what `place` says of a site. */
export function storageOf(hit: Hit): { readonly host: HostName; readonly place: Place } {
  const host = hostOf(hit);
  if (hit.target.kind === "disk") return { host, place: diskOf(hit) };
  return { host, place: hit.word("place") === "logs" ? "logs" : "data" };
}

/** The sector that is `offset` bytes into a disk; the last one where the disk is not so long. */
export function sectorOf({ target }: Hit, offset: number): number {
  const sectors = target.kind === "disk" ? target.sectors : 1;
  return Math.min(Math.floor(offset / 512), sectors - 1);
}
