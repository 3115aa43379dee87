/**
 * The reference model: what an administrator may expect of two servers that replicate one machine, in
 * plain values. Which verb is legal, which points must be listed, what each holds, who is primary, and
 * what may be lost.
 *
 * Rule: no code of the engine, not even a type but those of base. It knows nothing of deltas, bitmaps,
 * logs or messages: only of what can be seen from outside.
 *
 * @module
 */
// Long because: all that must be true of a machine stands in one place, as one would tell it.

import { firstDifference, GuestDisks, type Image, sameImage } from "./image.ts";

/** The two servers. */
export type SiteName = "a" | "b";

/** What is expected of a verb. */
export type Expected = "done" | "refused" | "either";

/** A recovery point. */
export interface Point {
  readonly id: string;
  readonly image: Image;
}

/** The machine at the server where its guest runs. */
interface Primary {
  /** Changes when the machine is added anew. */
  readonly relation: number;
  phase: "off" | "ready" | "started";
  /** Its replica has had a point, as far as it knows. */
  seeded: boolean;
}

/** The machine at the server that receives it. */
interface Replica {
  readonly relation: number;
  readonly points: readonly Point[];
  readonly failover: { readonly point: string; readonly guest: GuestDisks } | undefined;
  /** Its failover is complete: what its disk files hold. */
  readonly completed: Image | undefined;
  /** A hold that has ended, or a crash, may have left points that the next apply drops. */
  readonly slack: number;
}

/** What can be seen of one server. */
export interface SiteView {
  readonly role: "none" | "primary" | "replica" | "unopened";
  readonly state: string;
  /** Every point as it is listed and reads. */
  readonly points: readonly (Point & { readonly broken: string })[];
  /** What the guest's disks hold: of a primary, of a failover, or of a completed one. */
  readonly guest: Image | undefined;
}

/** A machine `vm` on two servers. */
export class Reference {
  /** Points that are kept. */
  readonly keep: number;
  /** What the guest's disks at `a` hold. */
  readonly disks: GuestDisks;
  primary: Primary | undefined;
  replica: Replica | undefined;
  readonly up: Record<SiteName, boolean> = { a: true, b: true };
  linked = true;
  /** A backup of the replica. */
  #backup: Replica | undefined;
  #relations = 0;
  /** What the guest's disks held since the newest point was cut, oldest first. */
  #since: Image[];
  #dark: Record<SiteName, boolean> = { a: false, b: false };

  constructor(keep: number, blank: Image) {
    this.keep = keep;
    this.disks = new GuestDisks(blank);
    this.#since = [blank];
  }

  /** True when something of one server reaches the other. */
  get talking(): boolean {
    return this.linked && this.up.a && this.up.b;
  }

  /** What must become of `verb` at `site`, whose server is up. */
  expect(verb: string, site: SiteName): Expected {
    const here = site === "a" ? this.primary : undefined;
    const there = site === "b" ? this.replica : undefined;
    switch (verb) {
      case "vm add":
        return site === "a" && here === undefined ? "done" : "refused";
      case "vm remove":
        return here?.phase === "off" ? "done" : this.#removing(there);
      case "replication enable":
        return here?.phase === "off" ? "done" : "refused";
      case "replication start":
        return here !== undefined && here.phase !== "off" ? "done" : "refused";
      case "replication cycle":
        return this.#cycling(here);
      case "replication disable":
        return here !== undefined && here.phase !== "off" ? "done" : this.#removing(there);
      case "failover start":
        if (there === undefined || there.failover !== undefined) return "refused";
        return there.completed === undefined && there.points.length > 0 ? "done" : "refused";
      case "failover cancel":
      case "failover complete":
        return there?.failover !== undefined ? "done" : "refused";
      default:
        throw new Error(`The model knows no verb "${verb}"`);
    }
  }

  /** A replica goes, but never the only contents of a machine. */
  #removing(there: Replica | undefined): Expected {
    if (there === undefined) return "refused";
    return there.failover === undefined && there.completed === undefined ? "done" : "refused";
  }

  #cycling(here: Primary | undefined): Expected {
    if (here === undefined || here.phase !== "started" || !this.talking) return "refused";
    const { replica } = this;
    // Nothing was staged yet, or all of it is gone: it is seeded, but only when somebody says so.
    if (replica === undefined || replica.points.length === 0) {
      if (replica !== undefined && replica.relation !== here.relation) return "refused";
      return here.seeded ? "either" : "done";
    }
    const free = replica.failover === undefined && replica.completed === undefined;
    return free && replica.relation === here.relation ? "done" : "refused";
  }

  /** `vm add` at `a`. */
  added(): void {
    this.primary = { relation: ++this.#relations, phase: "off", seeded: false };
  }

  /** `vm remove` or `replication disable` of what is at `site`. */
  ended(verb: string, site: SiteName): void {
    if (site === "b") this.replica = undefined;
    else if (verb === "vm remove") this.primary = undefined;
    else if (this.primary !== undefined) {
      this.primary.phase = "off";
      this.primary.seeded = false;
    }
  }

  /** `replication enable`. */
  enabled(): void {
    if (this.primary !== undefined) this.primary.phase = "ready";
  }

  /** `replication start`: a primary that knows that its replica is gone seeds it again, and says so. */
  started(state: string): void {
    if (this.primary === undefined) return;
    this.primary.phase = "started";
    if (state === "InitialReplicationInProgress") this.primary.seeded = false;
  }

  /** A guest's write was acknowledged, at `a` or, while it is failed over, at `b`. */
  wrote(site: SiteName, disk: number, block: number, count: number, stamp: number): void {
    if (site === "b") return this.replica?.failover?.guest.write(disk, block, count, stamp);
    this.disks.write(disk, block, count, stamp);
    this.#since.push(this.disks.image);
  }

  /** A guest's flush was acknowledged. */
  flushed(site: SiteName, disk: number): void {
    if (site === "b") this.replica?.failover?.guest.flush(disk);
    else this.disks.flush(disk);
  }

  /** A server died; `dark`: with the power of its host. */
  died(site: SiteName, dark: boolean): void {
    this.up[site] = false;
    this.#dark[site] ||= dark;
    // Dropping may have been cut short: the next apply goes on with it.
    if (site === "b" && this.replica !== undefined) this.replica = { ...this.replica, slack: 1 };
  }

  /** `failover start` on `point`. */
  failedOver(point: string): string {
    const { replica } = this;
    const chosen = replica?.points.find(({ id }) => id === point);
    if (replica === undefined || chosen === undefined) return `failed over to ${point}, not listed`;
    this.replica = { ...replica, failover: { point, guest: new GuestDisks(chosen.image) } };
    return "";
  }

  /** `failover cancel`: what the guest wrote is gone, what was received stays. */
  cancelled(): void {
    if (this.replica === undefined) return;
    this.replica = { ...this.replica, failover: undefined, slack: 1 };
  }

  /** `failover complete`: the machine is what its guest left, in one point of its own. */
  completed(point: string): void {
    const { replica } = this;
    const image = replica?.failover?.guest.image;
    if (replica === undefined || image === undefined) return;
    this.replica = {
      ...replica,
      failover: undefined,
      completed: image,
      points: [{ id: point, image }],
    };
  }

  /** A copy of the replica is put away. */
  backedUp(): void {
    const { replica } = this;
    this.#backup = replica?.failover === undefined ? replica : undefined;
  }

  /** True when there is a copy that could be put back. */
  get hasBackup(): boolean {
    return this.#backup !== undefined;
  }

  /** The copy takes the place of whatever is there. */
  restored(): void {
    this.replica = this.#backup;
  }

  /** `replication cycle` named a point: it is staged, and holds what the disks held `exact`ly then. */
  told(point: string, view: SiteView, exact: boolean): string {
    const listed = view.points.find(({ id }) => id === point);
    if (listed === undefined) return `point ${point} was told of and is not listed`;
    if (exact && !sameImage(listed.image, this.disks.image)) {
      return `point ${point}: ${firstDifference(listed.image, this.disks.image)}`;
    }
    return "";
  }

  /** What is wrong with what is seen; "" for nothing. Learns what only the servers can know. */
  judge(views: Readonly<Partial<Record<SiteName, SiteView>>>): string {
    for (const site of ["a", "b"] as const) {
      const view = views[site];
      if (view === undefined) continue;
      const wrong = site === "a" ? this.#judgePrimary(view) : this.#judgeReplica(view);
      if (wrong !== "") return `at ${site}: ${wrong}`;
      this.#dark[site] = false;
    }
    return "";
  }

  #judgePrimary(view: SiteView): string {
    const { primary } = this;
    const role = primary === undefined ? "none" : "primary";
    if (view.role !== role) return `the machine's role is ${view.role}, not ${role}`;
    const found = view.guest as Image;
    if (this.#dark.a) {
      const wrong = this.disks.survived(found);
      if (wrong !== "") return wrong;
      this.#since.push(found);
    }
    if (!sameImage(found, this.disks.image)) return firstDifference(found, this.disks.image);
    const off = view.state === "Disabled" || view.state === "none";
    if (off !== (primary === undefined || primary.phase === "off")) return `state ${view.state}`;
    return "";
  }

  #judgeReplica(view: SiteView): string {
    if (view.role === "unopened") return "the replica could not be opened";
    if (view.role === "none") return this.replica === undefined ? "" : "the replica is gone";
    if (this.replica === undefined && !this.#adopt()) return "a replica that nobody asked for";
    const replica = this.replica as Replica;
    const wrong = this.#judgePoints(replica, view);
    return wrong === "" ? this.#judgeFailover(this.replica as Replica, view) : wrong;
  }

  /** A primary that is replicated made itself a replica, which has nothing yet. */
  #adopt(): boolean {
    const { primary } = this;
    if (primary === undefined || primary.phase !== "started") return false;
    const nothing = { failover: undefined, completed: undefined, slack: 0 };
    this.replica = { relation: primary.relation, points: [], ...nothing };
    return true;
  }

  #judgePoints(replica: Replica, view: SiteView): string {
    const known = [...replica.points];
    for (const { id, image, broken } of view.points) {
      if (broken !== "") return `point ${id} is broken: ${broken}`;
      const point = known.find((each) => each.id === id);
      if (point !== undefined) {
        const wrong = firstDifference(image, point.image);
        if (wrong !== "") return `point ${id}: ${wrong}`;
        continue;
      }
      const wrong = this.#cutNow(replica, id, image);
      if (wrong !== "") return wrong;
      known.push({ id, image });
    }
    return this.#judgeRetention(replica, known, view);
  }

  /** A point that the model did not know: it must be newer than all others and hold what disks held. */
  #cutNow(replica: Replica, id: string, image: Image): string {
    const { primary } = this;
    if (replica.failover !== undefined || replica.completed !== undefined) {
      return `point ${id} was staged in a failover`;
    }
    if (primary === undefined || primary.relation !== replica.relation) {
      return `point ${id} of another machine`;
    }
    const at = this.#since.findIndex((each) => sameImage(each, image));
    if (at < 0) return `point ${id}: ${firstDifference(image, this.disks.image)}; nor ever before`;
    this.#since = this.#since.slice(at);
    primary.seeded = true;
    return "";
  }

  #judgeRetention(replica: Replica, known: readonly Point[], view: SiteView): string {
    const listed = new Set(view.points.map(({ id }) => id));
    const must = known.slice(-this.keep);
    const held = known.find(({ id }) => id === replica.failover?.point);
    const gone = [...must, ...held === undefined ? [] : [held]].find(({ id }) => !listed.has(id));
    if (gone !== undefined) return `point ${gone.id} is gone`;
    const order = known.filter(({ id }) => listed.has(id)).map(({ id }) => id).join();
    if (order !== view.points.map(({ id }) => id).join()) return "points are out of order";
    const fresh = view.points.at(-1)?.id !== replica.points.at(-1)?.id;
    const slack = fresh ? 0 : replica.slack;
    const most = this.keep + (held === undefined ? 0 : 1) + slack;
    if (listed.size > most) return `${listed.size} points are listed, ${most} may be`;
    this.replica = { ...replica, points: known.filter(({ id }) => listed.has(id)), slack };
    return "";
  }

  #judgeFailover(replica: Replica, { state, guest }: SiteView): string {
    const { failover, completed } = replica;
    if (failover === undefined && completed === undefined) {
      const usual = replica.points.length === 0 ? "WaitingForInitialReplication" : "Replicating";
      return state === usual ? "" : `state ${state}, not ${usual}`;
    }
    const wanted = failover === undefined ? "FailedOver" : "FailedOverWaitingCompletion";
    if (state !== wanted) return `state ${state}, not ${wanted}`;
    if (guest === undefined) return "the failed-over machine has no disks";
    if (failover !== undefined && this.#dark.b) return failover.guest.survived(guest);
    return firstDifference(guest, failover?.guest.image ?? completed as Image);
  }
}
