/**
 * What one server has of the machine, and how histories follow each other, for the reference model.
 *
 * @module
 */

import type { GuestDisks, Image } from "./image.ts";

/** The two servers. */
export type SiteName = "a" | "b";

/** The other one. */
export function other(site: SiteName): SiteName {
  return site === "a" ? "b" : "a";
}

/** What is expected of a verb. */
export type Expected = "done" | "refused" | "either";

/** A stretch of history with one writer. */
export interface Generation {
  readonly parent: Generation | undefined;
}

/** The history of a machine that is new. */
export function firstGeneration(): Generation {
  return { parent: undefined };
}

/** A history that goes on from another one. */
export function followedBy(parent: Generation): Generation {
  return { parent };
}

/** True when `one` is what `other` has grown out of. */
export function isOlder(one: Generation, than: Generation): boolean {
  for (let at = than.parent; at !== undefined; at = at.parent) if (at === one) return true;
  return false;
}

/** What a disk is to its machine: `joining` until a point is known to have it, `out` where it is left out of replication. */
export type Part = "in" | "joining" | "out" | "gone";

/** A disk that its machine had at a point, and that the point does not have: how many blocks it had, and why. */
export interface Lack {
  readonly blocks: number;
  readonly part: "joining" | "out";
}

/** What a point lacks, by the disks' places. */
export type Lacks = readonly (Lack | undefined)[];

/** A recovery point. */
export interface Point {
  readonly id: string;
  readonly image: Image;
  readonly generation: Generation;
  /** `undefined` where nobody can tell between which two changes of the disks it was cut. */
  readonly lacks: Lacks | undefined;
}

/** What a guest's disks were at a moment: what a point that is cut then has of them. */
export interface Moment {
  /** All that is replicated. */
  readonly image: Image;
  readonly parts: readonly Part[];
  readonly lacks: Lacks;
}

/** The machine at the server where its guest runs. */
export interface Primary {
  readonly role: "primary";
  /** Changes when the machine is added anew. */
  readonly relation: number;
  readonly generation: Generation;
  readonly phase: "off" | "ready" | "started";
  /** Its replica has had a point, as far as it knows. */
  readonly seeded: boolean;
  /** Its past, or its replica's, lets nobody say whether a replica that is gone is made anew by itself. */
  readonly odd: boolean;
  /** By the disks' places, each of which is used once. */
  readonly parts: readonly Part[];
}

/** The machine at the server that receives it. */
export interface Replica {
  readonly role: "replica";
  readonly relation: number;
  readonly generation: Generation;
  /** Those that are listed, oldest first. */
  readonly points: readonly Point[];
  /** Those that were listed once: where more are to be kept again, one may come back that is there still. */
  readonly once: readonly Point[];
  readonly failover: { readonly point: string; readonly guest: GuestDisks } | undefined;
  /** Its failover is complete: what its disk files hold. */
  readonly completed: Image | undefined;
  /** In a failover, open or complete: what the machine's disks are where it goes on from there. */
  readonly parts: readonly Part[];
  /** What it held last as the primary that it was; `held` where nobody else has it. */
  readonly tail: { readonly id: string; readonly held: boolean } | undefined;
  /** Test failovers, each of which holds a point. */
  readonly tests: number;
  /** A hold that has ended, or a crash, may have left points that the next apply drops. */
  readonly slack: number;
}

/** What one server has of the machine. */
export type Standing = { readonly role: "none" } | Primary | Replica;

/** What can be seen of one server. */
export interface SiteView {
  readonly role: "none" | "primary" | "replica" | "unopened";
  readonly state: string;
  /** Every point as it is listed and reads. */
  readonly points: readonly {
    readonly id: string;
    /** `undefined` for one that cannot be read at this time. */
    readonly image: Image | undefined;
    readonly broken: string;
  }[];
  /** What the guest's disks hold: of a primary, of a failover, or of a completed one. */
  readonly guest: Image | undefined;
}
