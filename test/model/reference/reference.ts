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

import { firstDifference, GuestDisks, without } from "./image.ts";
import { judge } from "./judge.ts";
import { expect } from "./legal.ts";
import {
  type Expected,
  firstGeneration,
  followedBy,
  other,
  type Replica,
  type SiteName,
  type SiteView,
} from "./standing.ts";
import { NONE, Story } from "./story.ts";

/** A machine `vm` on two servers. */
export class Reference extends Story {
  /** One disk more at `a`, of zeros; its index. */
  diskAdded(blocks: number): number {
    const index = this.most++;
    this.disks.a?.add(blocks);
    this.joining.add(index);
    if (this.disks.a !== undefined) this.since.a = [...this.since.a, this.disks.a.image];
    return index;
  }

  /** What must become of `verb` at `site`, whose server is up. */
  expect(verb: string, site: SiteName): Expected {
    return expect(this, verb, site);
  }

  /** `vm add` at `a`. */
  added(): void {
    const relation = ++this.relations;
    const generation = firstGeneration();
    const odd = false;
    this.standing.a = { role: "primary", relation, generation, phase: "off", seeded: false, odd };
    this.since.a = this.disks.a === undefined ? [] : [this.disks.a.image];
  }

  /** `vm remove` or `replication disable` of what is at `site`. */
  ended(verb: string, site: SiteName): void {
    const here = this.standing[site];
    if (here.role === "primary" && verb !== "vm remove") {
      this.standing[site] = { ...here, phase: "off", seeded: false };
      return;
    }
    // What was applied to a replica's disks when it went is nobody's promise.
    if (here.role === "replica") this.disks[site] = undefined;
    if (here.role === "primary") this.departed[site] = here.relation;
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
    this.since[site] = [...this.since[site], guest.image];
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
    this.standing[site] = { ...here, failover: { point, guest: new GuestDisks(chosen.image) } };
    return "";
  }

  /** A test failover was started, which holds its point, or deleted: then that goes with the next apply. */
  tested(site: SiteName, started: boolean): void {
    const here = this.replica(site);
    if (here === undefined) return;
    this.standing[site] = started ? { ...here, tests: 1 } : { ...here, tests: 0, slack: 1 };
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
    const points = [...kept, { id: point, image, generation }];
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
    const known = { seeded: true, odd: true };
    this.standing[site] = { role: "primary", relation, generation, phase: "started", ...known };
    // A guest that goes on keeps its writes, and what of them a loss of power may take.
    this.disks[site] = here.failover?.guest ?? new GuestDisks(image);
    this.since[site] = [image];
  }

  /** `failover planned` at `site`: the machine runs at the other one, with every byte. */
  planned(site: SiteName): void {
    const here = this.standing[site];
    const image = this.disks[site]?.image;
    if (here.role !== "primary" || image === undefined) return;
    const { relation } = here;
    const generation = followedBy(here.generation);
    if (this.kept.least !== this.kept.most) this.keepKnown = false;
    const known = { phase: "started", seeded: true, odd: true } as const;
    this.standing[other(site)] = { role: "primary", relation, generation, ...known };
    this.disks[other(site)] = new GuestDisks(image);
    this.since[other(site)] = [image];
    // Its last contents were sent: nobody but it has nothing.
    this.since[site] = [image];
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

  /** `replication cycle` at `site` named a point: it is staged, and holds what the disks held `exact`ly then. */
  told(site: SiteName, point: string, view: SiteView, exact: boolean): string {
    const listed = view.points.find(({ id }) => id === point);
    if (listed === undefined) return `point ${point} was told of and is not listed`;
    if (exact) this.unsettled = false;
    const { wanted } = this.kept;
    if (exact && this.keepKnown) this.kept = { wanted, least: wanted, most: wanted };
    const image = this.disks[site]?.image;
    if (!exact || image === undefined || listed.image === undefined) return "";
    return firstDifference(listed.image, without(image, this.joining));
  }

  /** What is wrong with what is seen; "" for nothing. Learns what only the servers can know. */
  judge(views: Readonly<Partial<Record<SiteName, SiteView>>>): string {
    return judge(this, views);
  }
}
