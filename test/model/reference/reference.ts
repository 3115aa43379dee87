/**
 * The reference model: what an administrator may expect of two servers that replicate one machine, in
 * plain values. Which verb is legal, which points must be listed, what each holds, who is primary, and
 * what may be lost. Here: what becomes of the machine by what is done.
 *
 * Rule: no code of the engine, not even a type but those of base. It knows nothing of deltas, bitmaps,
 * logs or messages: only of what can be seen from outside.
 *
 * @module
 */

import {
  changed,
  type DiskChange,
  expectChange,
  lacksOf,
  longestDisks,
  momentOf,
  moved,
  offered,
  partsBehind,
  placesOf,
} from "./disks.ts";
import { firstDifference, GuestDisks, type Image, without } from "./image.ts";
import { judge } from "./judge.ts";
import { expect } from "./legal.ts";
import {
  type Expected,
  firstGeneration,
  followedBy,
  type Lacks,
  type Moment,
  other,
  type Part,
  type Point,
  type Replica,
  type SiteName,
  type SiteView,
} from "./standing.ts";
import { NONE, Story } from "./story.ts";

/** A machine `vm` on two servers. */
export class Reference extends Story {
  /** What must become of `verb` at `site`, whose server is up. */
  expect(verb: string, site: SiteName): Expected {
    return expect(this, verb, site);
  }

  /** What must become of a change of the disk at `place`, where the machine is seen in `state`. */
  expectChange(site: SiteName, change: DiskChange, place: number, state: string): Expected {
    return expectChange(this, site, change, place, state);
  }

  /** Such a change was done; the place of the disk. `blocks`: of one that is added, or how many it has now. */
  diskChanged(site: SiteName, change: DiskChange, place: number, blocks: number): number {
    return changed(this, site, change, place, blocks);
  }

  /** True when it is known what a failover to the point offers. */
  isClear(site: SiteName, point: Point): boolean {
    const here = this.replica(site);
    return here !== undefined && offered(here, point) !== undefined;
  }

  /** `vm add` at `a`. */
  added(): void {
    const relation = ++this.relations;
    const generation = firstGeneration();
    const odd = false;
    const parts = (this.disks.a?.image ?? []).map((): Part => "in");
    const off = { phase: "off", seeded: false, odd } as const;
    this.standing.a = { role: "primary", relation, generation, ...off, parts };
    this.since.a = [];
    this.note("a");
  }

  /** `vm remove` or `replication disable` of what is at `site`. */
  ended(verb: string, site: SiteName): void {
    const here = this.standing[site];
    if (here.role === "primary" && verb !== "vm remove") {
      // Whoever enables it again sends all of it.
      const parts = here.parts.map((part) => part === "joining" ? "in" : part);
      this.standing[site] = { ...here, phase: "off", seeded: false, parts };
      this.note(site);
      return;
    }
    // What was applied to a replica's disks when it went is nobody's promise.
    if (here.role === "replica") this.disks[site] = undefined;
    if (here.role === "primary") this.departed[site] = here.relation;
    // One that was elsewhere meanwhile may have come back to other files.
    if (here.role === "primary" && here.odd) this.disks[site] = undefined;
    this.standing[site] = NONE;
  }

  /** So many points are to be kept from here on; the replica learns it from its primary. */
  keeping(wanted: number): void {
    this.keepKnown = true;
    const { least, most } = this.kept;
    this.kept = { wanted, least: Math.min(least, wanted), most: Math.max(most, wanted) };
  }

  /** `replication enable`. */
  enabled(site: SiteName): void {
    this.keeping(this.keep);
    this.change(site, { phase: "ready" });
  }

  /** `replication start`: a primary that knows that its replica is gone seeds it again, and says so. */
  started(site: SiteName, state: string): void {
    const seeding = state === "InitialReplicationInProgress";
    this.change(site, { phase: "started", ...(seeding ? { seeded: false } : {}) });
  }
  /** A guest's write was acknowledged by the server at `site`. */
  wrote(site: SiteName, disk: number, block: number, count: number, stamp: number): void {
    const guest = this.guest(site);
    guest?.write(disk, block, count, stamp);
    if (guest === undefined || guest !== this.disks[site]) return;
    if (this.parts(site)[disk] !== "out") this.note(site);
  }

  /** A guest's flush was acknowledged. */
  flushed(site: SiteName, disk: number): void {
    this.guest(site)?.flush(disk);
  }
  /** A server died; `dark`: with the power of its host. */
  died(site: SiteName, dark: boolean): void {
    this.up[site] = false;
    this.dark[site] ||= dark;
    const here = this.replica(site);
    // Dropping may have been cut short: the next apply goes on with it.
    if (here !== undefined) this.standing[site] = { ...here, slack: 1 };
  }

  /** A server was started again. */
  cameBack(site: SiteName): void {
    this.up[site] = true;
    this.returned[site] = true;
  }

  /** `failover start` on `point`; what is wrong with that, or "". */
  failedOver(site: SiteName, point: string): string {
    const here = this.replica(site);
    const chosen = here?.points.find(({ id }) => id === point);
    if (here === undefined || chosen === undefined) return `failed over to ${point}, not listed`;
    const image = offered(here, chosen);
    if (image === undefined) return `nobody can tell what disks ${point} was cut of`;
    const parts = partsBehind(here, chosen, image);
    const stays = here.tail !== undefined || (site === "b" && this.onCopies);
    this.longest[site] = stays ? longestDisks(here, this.disks[other(site)]?.image ?? []) : [];
    this.standing[site] = { ...here, failover: { point, guest: new GuestDisks(image) }, parts };
    return "";
  }

  /** A test failover was started, which holds its point, or deleted: then that goes with the next apply. */
  tested(site: SiteName, started: boolean): void {
    const here = this.replica(site);
    if (here === undefined) return;
    this.standing[site] = started ? { ...here, tests: 1 } : { ...here, tests: 0, slack: 1 };
  }

  /** What is wrong with what the disks of a test machine on `point` show; "" for nothing. */
  testShows(site: SiteName, point: string, found: Image): string {
    const here = this.replica(site);
    const chosen = here?.points.find(({ id }) => id === point);
    const wanted = here === undefined || chosen === undefined ? undefined : offered(here, chosen);
    if (wanted === undefined) return `it is on ${point}, which is not listed`;
    return firstDifference(found, wanted);
  }

  /** `failover cancel`: what the guest wrote is gone, what was received stays. */
  cancelled(site: SiteName): void {
    const here = this.replica(site);
    if (here !== undefined) this.standing[site] = { ...here, failover: undefined, slack: 1 };
  }

  /** `failover complete`: the machine is what its guest left, in one point of its own. */
  completed(site: SiteName, point: string): void {
    const here = this.replica(site);
    const image = here?.failover?.guest.image;
    if (here === undefined || image === undefined) return;
    const generation = followedBy(this.#branch(here));
    // What nobody else has stays, until somebody says that it may go.
    const kept = here.points.filter(({ id }) => here.tail?.held === true && id === here.tail.id);
    // What stands in for a disk that was left out is a disk of that point, and left out of those that follow.
    const { lacks } = momentOf(image, here.parts);
    const points = [...kept, { id: point, image, generation, lacks }];
    const ended = { failover: undefined, completed: image, once: points };
    this.standing[site] = { ...here, ...ended, points, generation };
  }

  /** The history that a failover goes on from: that of its point. */
  #branch(here: Replica): Replica["generation"] {
    const chosen = here.points.find(({ id }) => id === here.failover?.point);
    return chosen?.generation ?? here.generation;
  }

  /** `failover reverse`: the machine's guest runs here from now on, and the other side is its replica. */
  reversed(site: SiteName): void {
    const here = this.replica(site);
    const image = here?.failover?.guest.image ?? here?.completed;
    if (here === undefined || image === undefined) return;
    const open = here.completed === undefined;
    // What was chosen moves with it; what it may not have heard yet does not.
    if (this.kept.least !== this.kept.most) this.keepKnown = false;
    const generation = open ? followedBy(this.#branch(here)) : here.generation;
    const { relation } = here;
    const known = { seeded: true, odd: true, parts: here.parts };
    this.standing[site] = { role: "primary", relation, generation, phase: "started", ...known };
    // A guest that goes on keeps its writes, and what of them a loss of power may take.
    this.disks[site] = here.failover?.guest ?? new GuestDisks(image);
    this.since[site] = [];
    this.note(site);
  }

  /** `failover planned` at `site`: the machine runs at the other one, with every byte. */
  planned(site: SiteName): void {
    const here = this.standing[site];
    const image = this.disks[site]?.image;
    if (here.role !== "primary" || image === undefined) return;
    const { relation } = here;
    const generation = followedBy(here.generation);
    if (this.kept.least !== this.kept.most) this.keepKnown = false;
    const { parts } = here;
    const known = { phase: "started", seeded: true, odd: true, parts } as const;
    this.standing[other(site)] = { role: "primary", relation, generation, ...known };
    this.disks[other(site)] = new GuestDisks(moved(image, parts));
    this.since[other(site)] = [];
    this.note(other(site));
    // Its last contents were sent: nobody but it has nothing.
    this.since[site] = [];
    this.note(site);
  }

  /** A copy of the replica at `b` is put away. */
  backedUp(): void {
    const here = this.replica("b");
    this.backup = here?.failover === undefined && !this.onCopies ? here : undefined;
    this.backupKept = this.kept;
  }

  /** True when there is a copy that could be put back. */
  get hasBackup(): boolean {
    return this.backup !== undefined && !this.onCopies;
  }

  /** The first copy is made from files at `b`. They are in no copy of the replica's folder. */
  lent(): void {
    this.onCopies = true;
    this.backup = undefined;
  }

  /** Replication is paused at `site`; at none when it was resumed. */
  pausing(site: SiteName | undefined): void {
    this.paused = site;
  }

  /** The copy takes the place of whatever is there. */
  restored(): void {
    this.standing.b = this.backup ?? NONE;
    this.unsettled = true;
    // It keeps as many as were to be kept yesterday, until its primary says otherwise.
    const { wanted, least, most } = this.kept;
    const listed = this.backup?.points.length ?? 0;
    this.kept = {
      wanted,
      least: Math.min(least, this.backupKept.least),
      most: Math.max(most, this.backupKept.most, listed),
    };
    this.change("a", { odd: true });
  }

  /** A cycle at `site` named a point, listed with this `image` then: it is of the disks at its `cut`, if nothing came between. */
  told(site: SiteName, point: string, image: Image | undefined, cut: Moment | undefined): string {
    if (image === undefined) return `point ${point} was told of and is not listed`;
    if (cut === undefined) return "";
    this.unsettled = false;
    const { wanted } = this.kept;
    if (this.keepKnown) this.kept = { wanted, least: wanted, most: wanted };
    const lacks = lacksOf(cut, image);
    const sent = without(cut.image, placesOf(cut.parts, "joining"));
    if (lacks === undefined) return `point ${point}: ${firstDifference(image, sent)}`;
    this.#noteLacks(other(site), point, lacks);
    return "";
  }

  /** A point is from behind everything that was done: so it is known what it lacks. */
  #noteLacks(site: SiteName, point: string, lacks: Lacks): void {
    const here = this.replica(site);
    if (here === undefined) return;
    const once = here.once.map((each) => each.id === point ? { ...each, lacks } : each);
    const listed = new Set(here.points.map(({ id }) => id));
    this.standing[site] = { ...here, once, points: once.filter(({ id }) => listed.has(id)) };
  }

  /** What is wrong with what is seen; "" for nothing. Learns what only the servers can know. */
  judge(views: Readonly<Partial<Record<SiteName, SiteView>>>): string {
    return judge(this, views);
  }
}
