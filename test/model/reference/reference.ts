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

import { firstDifference, GuestDisks, type Image, sameImage, without } from "./image.ts";
import {
  type Expected,
  firstGeneration,
  followedBy,
  isOlder,
  other,
  type Point,
  type Primary,
  type Replica,
  type SiteName,
  type SiteView,
  type Standing,
} from "./standing.ts";

const NONE: Standing = { role: "none" };

/** A machine `vm` on two servers. */
export class Reference {
  /** Points that are kept where nothing else is said. */
  readonly keep: number;
  /** How many are kept: between a change of the setting and the next point, either may be. */
  #kept: { readonly wanted: number; readonly least: number; readonly most: number };
  readonly standing: Record<SiteName, Standing> = { a: NONE, b: NONE };
  readonly up: Record<SiteName, boolean> = { a: true, b: true };
  linked = true;
  /** The guest's disks at each server; `undefined` where there are none, or nobody knows what they hold. */
  readonly disks: Record<SiteName, GuestDisks | undefined>;
  /** What a guest's disks held since the newest point of them was cut, oldest first. */
  readonly #since: Record<SiteName, readonly Image[]>;
  /** The relationship of a primary that was removed: its replica may have a last point that nobody has seen yet. */
  readonly #departed: Partial<Record<SiteName, number>> = {};
  readonly #dark: Record<SiteName, boolean> = { a: false, b: false };
  /** Servers that were started again while the machine ran at the other one. */
  readonly #returned: Record<SiteName, boolean> = { a: false, b: false };
  /** A backup of the replica at `b`. */
  #backup: Replica | undefined;
  /** How many it may have been told to keep. */
  #backupKept = { least: 0, most: 0 };
  #relations = 0;
  /** Disks whose first copy is not known to be whole: points may be without them. */
  readonly #joining = new Set<number>();
  readonly #first: number;
  #most: number;
  /** The side at which replication is paused. */
  #paused: SiteName | undefined;
  /** The replica at `b` lies, or lay, in files that somebody else made. */
  #lent = false;
  /** The primary may be comparing whole disks by itself: not everything is legal meanwhile. */
  #unsettled = false;
  /** False where a replica became the primary that may not have heard yet how many points to keep. */
  #keepKnown = true;

  constructor(keep: number, blank: Image) {
    this.keep = keep;
    this.#kept = { wanted: keep, least: keep, most: keep };
    this.disks = { a: new GuestDisks(blank), b: undefined };
    this.#since = { a: [blank], b: [] };
    this.#first = this.#most = blank.length;
  }

  /** True when something of one server reaches the other. */
  get talking(): boolean {
    return this.linked && this.up.a && this.up.b;
  }

  /** Disks that were added so far. */
  get diskCount(): number {
    return this.#most - this.#first;
  }

  /** True when a failover to the point has every disk of the machine: what others have is told elsewhere. */
  isWhole({ image }: Point): boolean {
    return this.#joining.size === 0 && image.length === this.#most;
  }

  /** One disk more at `a`, of zeros; its index. */
  diskAdded(blocks: number): number {
    const index = this.#most++;
    this.disks.a?.add(blocks);
    this.#joining.add(index);
    if (this.disks.a !== undefined) this.#since.a = [...this.#since.a, this.disks.a.image];
    return index;
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

  /** What must become of `verb` at `site`, whose server is up. */
  expect(verb: string, site: SiteName): Expected {
    const here = this.standing[site];
    const primary = here.role === "primary" ? here : undefined;
    const replica = this.replica(site);
    switch (verb) {
      case "vm add":
        return site === "a" && here.role === "none" ? "done" : "refused";
      case "vm remove":
        return primary?.phase === "off" ? "done" : removing(site, replica);
      case "replication enable":
        return primary?.phase === "off" ? "done" : "refused";
      case "replication start":
        return primary !== undefined && primary.phase !== "off" ? "done" : "refused";
      case "replication cycle":
        return this.#cycling(site, primary);
      case "replication disable":
        return primary !== undefined && primary.phase !== "off" ? "done" : removing(site, replica);
      case "failover start":
        if (replica === undefined || replica.failover !== undefined) return "refused";
        return replica.completed === undefined && replica.points.length > 0 ? "done" : "refused";
      case "failover cancel":
      case "failover complete":
        return replica?.failover !== undefined ? "done" : "refused";
      case "replication set":
        return primary !== undefined && primary.phase !== "off" ? "done" : "refused";
      case "failover test":
        if (replica === undefined || replica.points.length === 0) return "refused";
        return (replica.failover ?? replica.completed) === undefined ? "done" : "either";
      case "replication resync start":
      case "failover planned": {
        const cycle = this.#cycling(site, primary);
        const there = this.replica(other(site));
        const whole = there?.points.at(-1)?.image.length === this.#most;
        const unsure = this.#unsettled || !whole || this.#joining.size > 0;
        return cycle === "done" && unsure ? "either" : cycle;
      }
      case "failover reverse":
        if (replica === undefined) return "refused";
        return (replica.failover ?? replica.completed) === undefined ? "refused" : "done";
      default:
        throw new Error(`The model knows no verb "${verb}"`);
    }
  }

  #cycling(site: SiteName, here: Primary | undefined): Expected {
    if (here === undefined || here.phase !== "started" || !this.talking) return "refused";
    const there = this.standing[other(site)];
    switch (there.role) {
      // Nothing was staged yet, or all of it is gone: it is seeded, but only when somebody says so.
      case "none":
        return here.seeded || here.odd ? "either" : "done";
      // Who holds the newer history makes the other one its replica.
      case "primary":
        return this.#yields(other(site)) ? "done" : "refused";
      case "replica":
        if (there.relation !== here.relation) return "refused";
        if (there.points.length === 0) return here.seeded || here.odd ? "either" : "done";
        if ((there.failover ?? there.completed) !== undefined) return "refused";
        if (there.generation === here.generation) return "done";
        return isOlder(there.generation, here.generation)
          ? there.tail === undefined ? "either" : "done"
          : "refused";
    }
  }

  /** True when the primary at `site` becomes the replica of the other one as soon as they talk. */
  #yields(site: SiteName): boolean {
    const [here, there] = [this.standing[site], this.standing[other(site)]];
    if (here.role !== "primary" || there.role !== "primary") return false;
    return here.relation === there.relation && here.phase !== "off" && there.phase !== "off" &&
      isOlder(here.generation, there.generation);
  }

  /** `vm add` at `a`. */
  added(): void {
    const relation = ++this.#relations;
    const generation = firstGeneration();
    const odd = false;
    this.standing.a = { role: "primary", relation, generation, phase: "off", seeded: false, odd };
    this.#since.a = this.disks.a === undefined ? [] : [this.disks.a.image];
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
    if (here.role === "primary") this.#departed[site] = here.relation;
    this.standing[site] = NONE;
  }

  /** So many points are to be kept from here on; the replica learns it from its primary. */
  keeping(wanted: number): void {
    this.#keepKnown = true;
    const { least, most } = this.#kept;
    this.#kept = { wanted, least: Math.min(least, wanted), most: Math.max(most, wanted) };
  }

  /** `replication enable`. */
  enabled(site: SiteName): void {
    this.keeping(this.keep);
    this.#change(site, { phase: "ready" });
  }

  /** `replication start`: a primary that knows that its replica is gone seeds it again, and says so. */
  started(site: SiteName, state: string): void {
    const seeding = state === "InitialReplicationInProgress";
    this.#change(site, { phase: "started", ...(seeding ? { seeded: false } : {}) });
  }

  #change(site: SiteName, change: Partial<Primary>): void {
    const here = this.standing[site];
    if (here.role === "primary") this.standing[site] = { ...here, ...change };
  }

  /** A guest's write was acknowledged by the server at `site`. */
  wrote(site: SiteName, disk: number, block: number, count: number, stamp: number): void {
    const guest = this.#guest(site);
    guest?.write(disk, block, count, stamp);
    if (guest === undefined || guest !== this.disks[site]) return;
    this.#since[site] = [...this.#since[site], guest.image];
  }

  /** A guest's flush was acknowledged. */
  flushed(site: SiteName, disk: number): void {
    this.#guest(site)?.flush(disk);
  }

  #guest(site: SiteName): GuestDisks | undefined {
    return this.replica(site) === undefined
      ? this.disks[site]
      : this.replica(site)?.failover?.guest;
  }

  /** A server died; `dark`: with the power of its host. */
  died(site: SiteName, dark: boolean): void {
    this.up[site] = false;
    this.#dark[site] ||= dark;
    const here = this.replica(site);
    // Dropping may have been cut short: the next apply goes on with it.
    if (here !== undefined) this.standing[site] = { ...here, slack: 1 };
  }

  /** A server was started again. */
  cameBack(site: SiteName): void {
    this.up[site] = true;
    this.#returned[site] = true;
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
    if (this.#kept.least !== this.#kept.most) this.#keepKnown = false;
    const generation = open ? followedBy(this.#branch(here)) : here.generation;
    const { relation } = here;
    const known = { seeded: true, odd: true };
    this.standing[site] = { role: "primary", relation, generation, phase: "started", ...known };
    // A guest that goes on keeps its writes, and what of them a loss of power may take.
    this.disks[site] = here.failover?.guest ?? new GuestDisks(image);
    this.#since[site] = [image];
  }

  /** `failover planned` at `site`: the machine runs at the other one, with every byte. */
  planned(site: SiteName): void {
    const here = this.standing[site];
    const image = this.disks[site]?.image;
    if (here.role !== "primary" || image === undefined) return;
    const { relation } = here;
    const generation = followedBy(here.generation);
    if (this.#kept.least !== this.#kept.most) this.#keepKnown = false;
    const known = { phase: "started", seeded: true, odd: true } as const;
    this.standing[other(site)] = { role: "primary", relation, generation, ...known };
    this.disks[other(site)] = new GuestDisks(image);
    this.#since[other(site)] = [image];
    // Its last contents were sent: nobody but it has nothing.
    this.#since[site] = [image];
  }

  /** A copy of the replica at `b` is put away. */
  backedUp(): void {
    const here = this.replica("b");
    this.#backup = here?.failover === undefined && !this.#lent ? here : undefined;
    this.#backupKept = this.#kept;
  }

  /** True when there is a copy that could be put back. */
  get hasBackup(): boolean {
    return this.#backup !== undefined && !this.#lent;
  }

  /** The first copy is made from files at `b`. They are in no copy of the replica's folder. */
  lent(): void {
    this.#lent = true;
    this.#backup = undefined;
  }

  /** Replication is paused at `site`; at none when it was resumed. */
  pausing(site: SiteName | undefined): void {
    this.#paused = site;
  }

  /** The copy takes the place of whatever is there. */
  restored(): void {
    this.standing.b = this.#backup ?? NONE;
    this.#unsettled = true;
    // It keeps as many as were to be kept yesterday, until its primary says otherwise.
    const { wanted, least, most } = this.#kept;
    const listed = this.#backup?.points.length ?? 0;
    this.#kept = {
      wanted,
      least: Math.min(least, this.#backupKept.least),
      most: Math.max(most, this.#backupKept.most, listed),
    };
    this.#change("a", { odd: true });
  }

  /** `replication cycle` at `site` named a point: it is staged, and holds what the disks held `exact`ly then. */
  told(site: SiteName, point: string, view: SiteView, exact: boolean): string {
    const listed = view.points.find(({ id }) => id === point);
    if (listed === undefined) return `point ${point} was told of and is not listed`;
    if (exact) this.#unsettled = false;
    const { wanted } = this.#kept;
    if (exact && this.#keepKnown) this.#kept = { wanted, least: wanted, most: wanted };
    const image = this.disks[site]?.image;
    if (!exact || image === undefined || listed.image === undefined) return "";
    return firstDifference(listed.image, without(image, this.#joining));
  }

  /** What is wrong with what is seen; "" for nothing. Learns what only the servers can know. */
  judge(views: Readonly<Partial<Record<SiteName, SiteView>>>): string {
    for (const site of ["a", "b"] as const) {
      const view = views[site];
      if (view === undefined) continue;
      const wrong = this.#judgeRole(site, view);
      if (wrong !== "") return `at ${site}: ${wrong}`;
    }
    // First what a loss of power left of a guest's disks: points may hold that.
    const order: SiteName[] = this.standing.b.role === "primary" ? ["b", "a"] : ["a", "b"];
    for (const site of order) {
      const view = views[site];
      if (view === undefined) continue;
      const here = this.standing[site];
      const wrong = here.role === "replica"
        ? this.#judgeReplica(site, here, view)
        : this.#judgePrimary(site, here, view);
      if (wrong !== "") return `at ${site}: ${wrong}`;
      // What a loss of power left is not known while nobody is shown it.
      if (here.role !== "primary" || view.guest !== undefined) this.#dark[site] = false;
    }
    return "";
  }

  /** Who is primary and who is replica: it changes by verbs, and where a primary yields to a newer one. */
  #judgeRole(site: SiteName, view: SiteView): string {
    if (view.role === this.standing[site].role) return "";
    if (view.role === "replica" && this.#yields(site)) return this.#demoted(site, view);
    const there = this.standing[other(site)];
    const invited = there.role === "primary" && there.phase === "started";
    if (view.role === "replica" && this.standing[site].role === "none" && invited) {
      const { relation, generation } = there;
      const nothing = { failover: undefined, completed: undefined, tail: undefined };
      this.standing[site] = {
        role: "replica",
        relation,
        generation,
        points: [],
        once: [],
        ...nothing,
        slack: 0,
        tests: 0,
      };
      return "";
    }
    return `the machine's role is ${view.role}, not ${this.standing[site].role}`;
  }

  /** A primary has become the replica of the other one: its disks are a point, and kept if nobody has it. */
  #demoted(site: SiteName, view: SiteView): string {
    const here = this.standing[site] as Primary;
    const [newest] = this.#since[site];
    const [tail] = view.points;
    const own = this.disks[site]?.image;
    const shared = newest !== undefined && own !== undefined && sameImage(newest, own);
    // What the other side has as well is not held: the first point behind it may have dropped it.
    if (shared && (tail?.image === undefined || !sameImage(tail.image, newest))) {
      return this.#becomeReplica(site, here, [], { id: "", held: false });
    }
    if (tail?.image === undefined) return "a primary that became a replica has lost its disks";
    const wrong = this.#dark[site]
      ? this.disks[site]?.survived(tail.image) ?? ""
      : firstDifference(tail.image, own ?? tail.image);
    if (wrong !== "") return `its losing tail: ${wrong}`;
    const alone = newest === undefined || !sameImage(newest, tail.image);
    const { generation } = here;
    const points: readonly Point[] = [{ id: tail.id, image: tail.image, generation }];
    return this.#becomeReplica(site, here, points, { id: tail.id, held: alone });
  }

  #becomeReplica(
    site: SiteName,
    { relation, generation }: Primary,
    points: readonly Point[],
    tail: Replica["tail"],
  ): string {
    const nothing = { failover: undefined, completed: undefined, slack: 0, tests: 0, once: points };
    this.standing[site] = { role: "replica", relation, generation, points, ...nothing, tail };
    this.disks[site] = undefined;
    return "";
  }

  #judgePrimary(site: SiteName, here: Standing, view: SiteView): string {
    const found = view.guest;
    if (here.role === "primary" || site === "a") {
      // Whoever came back while the machine runs over there, or did last, does not serve it.
      if (found === undefined && this.#heldBack(site)) return "";
      if (found === undefined) return "the guest has no disks";
      if (this.#runsAt(other(site)) === undefined) this.#returned[site] = false;
      const disks = this.disks[site] ?? new GuestDisks(found);
      this.disks[site] = disks;
      const wrong = this.#dark[site] ? disks.survived(found) : firstDifference(found, disks.image);
      if (wrong !== "") return wrong;
      if (this.#dark[site]) this.#since[site] = [...this.#since[site], found];
    }
    if (this.#paused === site && view.state !== "Suspended") return `paused, and ${view.state}`;
    const off = view.state === "Disabled" || view.state === "none";
    if (off !== (here.role === "none" || (here as Primary).phase === "off")) {
      return `state ${view.state}`;
    }
    return "";
  }

  /** Where the machine at \`site\` runs for sure: in a failover that is open or complete, or as a newer primary. */
  #runsAt(site: SiteName): Standing | undefined {
    const there = this.standing[site];
    if (there.role === "replica") {
      return (there.failover ?? there.completed) === undefined ? undefined : there;
    }
    return there.role === "primary" && this.#yields(other(site)) ? there : undefined;
  }

  #heldBack(site: SiteName): boolean {
    return this.#returned[site] && this.standing[site].role === "primary";
  }

  #judgeReplica(site: SiteName, here: Replica, view: SiteView): string {
    const known = [...here.once];
    let { generation } = here;
    for (const { id, image, broken } of view.points) {
      if (broken !== "") return `point ${id} is broken: ${broken}`;
      const point = known.find((each) => each.id === id);
      if (point !== undefined) {
        const wrong = image === undefined ? "" : firstDifference(image, point.image);
        if (wrong !== "") return `point ${id}: ${wrong}`;
        continue;
      }
      if (image === undefined) return `point ${id} is new and cannot be read`;
      const wrong = this.#cutNow(site, here, id, image);
      if (wrong !== "") return wrong;
      generation = (this.standing[other(site)] as Primary).generation;
      known.splice(this.#placeOf(id, known, view), 0, { id, image, generation });
    }
    const wrong = this.#judgeRetention(site, { ...here, generation }, known, view);
    return wrong === "" ? this.#judgeFailover(site, this.replica(site) as Replica, view) : wrong;
  }

  /**
   * Where a new point belongs: behind all others. But while another number of points is about to be kept, one may come
   * back that nobody has seen, for a newer one had taken its place before anybody looked.
   */
  #placeOf(id: string, known: readonly Point[], { points }: SiteView): number {
    if (this.#kept.least === this.#kept.most) return known.length;
    const behind = points.slice(points.findIndex((each) => each.id === id) + 1);
    const next = known.findIndex((each) => behind.some((later) => later.id === each.id));
    return next < 0 ? known.length : next;
  }

  /** A point that the model did not know: it must be newer than all others and hold what disks held. */
  #cutNow(site: SiteName, here: Replica, id: string, image: Image): string {
    const from = other(site);
    const there = this.standing[from];
    if ((here.failover ?? here.completed) !== undefined) {
      return `point ${id} was staged in a failover`;
    }
    if (this.#paused !== undefined) return `point ${id} was staged while it was paused`;
    const writer = there.role === "none"
      ? this.#departed[from]
      : there.role === "primary" && there.relation;
    if (writer !== here.relation) return `point ${id} of another machine`;
    const since = this.#since[from];
    const at = since.findIndex((each) =>
      sameImage(image, each) || sameImage(image, without(each, this.#joining))
    );
    if (at < 0) {
      const now = since.at(-1) ?? [];
      return `point ${id}: ${firstDifference(image, now)}; nor ever before`;
    }
    this.#since[from] = since.slice(at);
    // A first copy that was whole once is so from there on.
    for (const disk of this.#joining) {
      if ((image[disk]?.length ?? 0) > 0) this.#joining.delete(disk);
    }
    if (there.role === "primary") this.#change(from, { seeded: true });
    return "";
  }

  #judgeRetention(site: SiteName, here: Replica, known: readonly Point[], view: SiteView): string {
    const listed = new Set(view.points.map(({ id }) => id));
    const held = [here.failover?.point, here.tail?.held === true ? here.tail.id : undefined];
    // What was not listed need not come back.
    const were = known.filter((point) => !here.once.includes(point) || here.points.includes(point));
    const from = were.length - this.#kept.least;
    const must = were.filter(({ id }, at) => at >= from || held.includes(id));
    const gone = must.find(({ id }) => !listed.has(id));
    if (gone !== undefined) return `point ${gone.id} is gone`;
    const order = known.filter(({ id }) => listed.has(id)).map(({ id }) => id).join();
    if (order !== view.points.map(({ id }) => id).join()) {
      return `points are out of order: ${view.points.map(({ id }) => id)}, not ${order}`;
    }
    const fresh = view.points.at(-1)?.id !== here.points.at(-1)?.id;
    const slack = fresh ? 0 : here.slack;
    // A tail that the other side has as well may be held too: nobody can tell from outside.
    const extra = (here.failover === undefined ? 0 : 1) + (here.tail === undefined ? 0 : 1) +
      here.tests;
    const most = this.#kept.most + extra + slack;
    if (listed.size > most) return `${listed.size} points are listed, ${most} may be`;
    const points = known.filter(({ id }) => listed.has(id));
    this.standing[site] = { ...here, points, once: known, slack };
    return "";
  }

  #judgeFailover(site: SiteName, here: Replica, { state, guest }: SiteView): string {
    const { failover, completed, tail, points } = here;
    if (failover === undefined && completed === undefined) {
      // Until the first point of its new primary is there it is the old one's disks.
      if (tail !== undefined && points.at(-1)?.id === tail.id && state === "FailbackInProgress") {
        return "";
      }
      const paused = this.#paused === site;
      const usual = paused
        ? "Suspended"
        : points.length === 0
        ? "WaitingForInitialReplication"
        : "Replicating";
      return state === usual ? "" : `state ${state}, not ${usual}`;
    }
    const wanted = failover === undefined ? "FailedOver" : "FailedOverWaitingCompletion";
    if (state !== wanted) return `state ${state}, not ${wanted}`;
    if (guest === undefined) return "the failed-over machine has no disks";
    if (failover !== undefined && this.#dark[site]) return failover.guest.survived(guest);
    return firstDifference(guest, failover?.guest.image ?? completed as Image);
  }
}

/** A replica goes, but never the only contents of a machine. */
function removing(site: SiteName, replica: Replica | undefined): Expected {
  if (replica === undefined) return "refused";
  // Disks that were a guest's own stay where they are, whoever goes.
  if (replica.completed !== undefined && replica.tail !== undefined && site === "a") return "done";
  return (replica.failover ?? replica.completed) === undefined ? "done" : "refused";
}
