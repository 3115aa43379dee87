/**
 * What has become of the machine as far as its administrator can know: who is what at which server, what disks hold, and
 * how much of it is certain.
 *
 * Rule: no code of the engine, not even a type but those of base. It knows nothing of deltas, bitmaps,
 * logs or messages: only of what can be seen from outside.
 *
 * @module
 */

import { momentOf } from "./disks.ts";
import { GuestDisks, type Image } from "./image.ts";
import {
  isOlder,
  type Moment,
  other,
  type Part,
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
  readonly since: Record<SiteName, readonly Moment[]>;
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
  /**
   * Blocks that disks may have where the machine goes on from an older point: one that lies where it was before is never
   * made shorter.
   */
  readonly longest: Record<SiteName, readonly number[]> = { a: [], b: [] };
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
    this.since = { a: [], b: [] };
  }

  /** True when something of one server reaches the other. */
  get talking(): boolean {
    return this.linked && this.up.a && this.up.b;
  }

  /** What the disks of the machine at `site` are to it; none where it is no primary. */
  parts(site: SiteName): readonly Part[] {
    const here = this.standing[site];
    return here.role === "primary" ? here.parts : [];
  }

  /** The disks of the primary at `site` have become what they are: a point may be cut of that. */
  note(site: SiteName): void {
    const image = this.disks[site]?.image;
    const here = this.standing[site];
    if (image === undefined || here.role !== "primary") return;
    this.since[site] = [...this.since[site], momentOf(image, here.parts)];
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

  /** True when the primary at `site` becomes the replica of the other one as soon as they talk, if its disks let it. */
  isOutrun(site: SiteName): boolean {
    const [here, there] = [this.standing[site], this.standing[other(site)]];
    if (here.role !== "primary" || there.role !== "primary") return false;
    return here.relation === there.relation && here.phase !== "off" && there.phase !== "off" &&
      isOlder(here.generation, there.generation);
  }

  /** The same of one of which it is known that its disks let it: none is larger than where the machine runs now. */
  yields(site: SiteName): boolean {
    return this.isOutrun(site) && this.larger(site, "in").length === 0;
  }

  /** Disks of the primary at `site` that are larger than at the other one, which runs the machine now. */
  larger(site: SiteName, ...which: readonly Part[]): readonly number[] {
    const [own, theirs] = [this.disks[site]?.image, this.disks[other(site)]?.image];
    const there = this.parts(other(site));
    // Those that lie where they were before may be longer than anybody has seen yet.
    const longest = this.longest[other(site)];
    return this.parts(site).flatMap((part, place) => {
      const sent = there[place] === "in" || there[place] === "joining";
      const size = own?.[place]?.length ?? 0;
      const theirSize = Math.max(theirs?.[place]?.length ?? size, longest[place] ?? 0);
      return which.includes(part) && sent && size > theirSize ? [place] : [];
    });
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
    return there.role === "primary" && this.isOutrun(other(site)) ? there : undefined;
  }

  /** Its guest's disks may not be served at `site`, which came back while it ran at the other server. */
  heldBack(site: SiteName): boolean {
    return this.returned[site] && this.standing[site].role === "primary";
  }
}
