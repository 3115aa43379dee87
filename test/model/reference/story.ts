/**
 * What has become of the machine as far as its administrator can know: who is what at which server, what disks hold, and
 * how much of it is certain.
 *
 * Rule: no code of the engine, not even a type but those of base. It knows nothing of deltas, bitmaps,
 * logs or messages: only of what can be seen from outside.
 *
 * @module
 */

import { GuestDisks, type Image } from "./image.ts";
import {
  isOlder,
  other,
  type Point,
  type Primary,
  type Replica,
  type SiteName,
  type Standing,
} from "./standing.ts";

/** Nothing of the machine. */
export const NONE: Standing = { role: "none" };

/** What is known of a machine `vm` on two servers. */
export class Story {
  /** Points that are kept where nothing else is said. */
  readonly keep: number;
  /** How many are kept: between a change of the setting and the next point, either may be. */
  kept: { readonly wanted: number; readonly least: number; readonly most: number };
  readonly standing: Record<SiteName, Standing> = { a: NONE, b: NONE };
  readonly up: Record<SiteName, boolean> = { a: true, b: true };
  linked = true;
  /** The guest's disks at each server; `undefined` where there are none, or nobody knows what they hold. */
  readonly disks: Record<SiteName, GuestDisks | undefined>;
  /** What a guest's disks held since the newest point of them was cut, oldest first. */
  readonly since: Record<SiteName, readonly Image[]>;
  /** The relationship of a primary that was removed: its replica may have a last point that nobody has seen yet. */
  readonly departed: Partial<Record<SiteName, number>> = {};
  /** Servers whose power went, until it was seen what that left of their guests' disks. */
  readonly dark: Record<SiteName, boolean> = { a: false, b: false };
  /** Servers that were started again while the machine ran at the other one. */
  readonly returned: Record<SiteName, boolean> = { a: false, b: false };
  /** A backup of the replica at `b`. */
  backup: Replica | undefined;
  /** How many it may have been told to keep. */
  backupKept = { least: 0, most: 0 };
  relations = 0;
  /** Disks whose first copy is not known to be whole: points may be without them. */
  readonly joining = new Set<number>();
  readonly first: number;
  most: number;
  /** The side at which replication is paused. */
  paused: SiteName | undefined;
  /** The replica at `b` lies, or lay, in files that somebody else made. */
  onCopies = false;
  /** The primary may be comparing whole disks by itself: not everything is legal meanwhile. */
  unsettled = false;
  /** False where a replica became the primary that may not have heard yet how many points to keep. */
  keepKnown = true;

  constructor(keep: number, blank: Image) {
    this.keep = keep;
    this.kept = { wanted: keep, least: keep, most: keep };
    this.disks = { a: new GuestDisks(blank), b: undefined };
    this.since = { a: [blank], b: [] };
    this.first = this.most = blank.length;
  }

  /** True when something of one server reaches the other. */
  get talking(): boolean {
    return this.linked && this.up.a && this.up.b;
  }

  /** Disks that were added so far. */
  get diskCount(): number {
    return this.most - this.first;
  }

  /** True when a failover to the point has every disk of the machine: what others have is told elsewhere. */
  isWhole({ image }: Point): boolean {
    return this.joining.size === 0 && image.length === this.most;
  }

  /** The replica at `site`, if that is what is there. */
  replica(site: SiteName): Replica | undefined {
    const here = this.standing[site];
    return here.role === "replica" ? here : undefined;
  }

  /** The server where the machine's newest history is written, or would be. */
  get writer(): SiteName {
    const { a, b } = this.standing;
    if (b.role !== "primary") return "a";
    return a.role === "primary" && !isOlder(a.generation, b.generation) ? "a" : "b";
  }

  /** True when the primary at `site` becomes the replica of the other one as soon as they talk. */
  yields(site: SiteName): boolean {
    const [here, there] = [this.standing[site], this.standing[other(site)]];
    if (here.role !== "primary" || there.role !== "primary") return false;
    return here.relation === there.relation && here.phase !== "off" && there.phase !== "off" &&
      isOlder(here.generation, there.generation);
  }

  /** What is known of the primary at `site`, where one is, has changed. */
  change(site: SiteName, change: Partial<Primary>): void {
    const here = this.standing[site];
    if (here.role === "primary") this.standing[site] = { ...here, ...change };
  }

  /** The disks of the guest that runs at `site`: its own, or those of an open failover. */
  guest(site: SiteName): GuestDisks | undefined {
    return this.replica(site) === undefined
      ? this.disks[site]
      : this.replica(site)?.failover?.guest;
  }

  /** Where the machine at `site` runs for sure: in a failover that is open or complete, or as a newer primary. */
  runsAt(site: SiteName): Standing | undefined {
    const there = this.standing[site];
    if (there.role === "replica") {
      return (there.failover ?? there.completed) === undefined ? undefined : there;
    }
    return there.role === "primary" && this.yields(other(site)) ? there : undefined;
  }

  /** Its guest's disks may not be served at `site`, which came back while it ran at the other server. */
  heldBack(site: SiteName): boolean {
    return this.returned[site] && this.standing[site].role === "primary";
  }
}
