/**
 * A machine on the server where its guest runs: its disks, its relationship, and the record that makes
 * both outlive the process.
 *
 * The record is replaced whole (`relationship/record.ts`), so a crash leaves the old or the new one. A
 * replication log is created before the record says that replication is enabled, and removed after the
 * record says that it is not: a stray log is cut to nothing by the next enabling, a missing one would be
 * a change that nobody tracked.
 *
 * @module
 */
// Long because: every change of what a machine is is a change of its record, and one at a time.

import { type Failure, requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import {
  ACTIVITY_SLOTS,
  ANCESTRY_MAX,
  COW_SIZE_DEFAULT,
  DISKS_MAX,
  EXTENT_SIZE_MAX,
} from "../base/limits.ts";
import type { GenerationId, MachineId, PointId, Token } from "../base/units.ts";
import { checkDiskSize, type Geometry } from "../block/geometry.ts";
import { type Ancestry, beginGeneration, firstGeneration } from "../lineage/generation.ts";
import type { Branch } from "../lineage/branch.ts";
import type { Writer } from "../lineage/writer.ts";
import type { Folder } from "../ports/folder.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import type { CommandBook } from "../relationship/command_book.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { MonitoringPolicy } from "../relationship/monitoring.ts";
import { saveRecord } from "../relationship/record.ts";
import type { SeedingPlan } from "../relationship/seeding_plan.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import { nextState, type ReplicationState, type StateEvent } from "../relationship/state.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";
import { attempt } from "../runtime/together.ts";
import { TrackedDisk } from "../tracking/tracked_disk.ts";
import type { TrackingOptions } from "../tracking/tracking_base.ts";
import { locked, noSuchDisk, nothingLeft, shrinking, tooManyDisks } from "./disk_refusals.ts";
import { refuseContainer } from "./image_format.ts";
import { type DiskPart, type LostFlushes, MachineDisk, removedDisk } from "./machine_disk.ts";
import type { Planned } from "./planned.ts";
import { Presence } from "./presence.ts";
import {
  type Joins,
  MACHINE_RECORD,
  type MachineParts,
  type ParsedRecord,
  parseRecord,
  recordJson,
} from "./machine_record.ts";
import { ResyncRecord } from "./resync_record.ts";

/** What every machine of a server shares. */
export interface MachineContext {
  readonly ports: Ports;
  /** This server's name: it writes the generations made here. */
  readonly server: string;
  /** Where peers reach this server; `undefined` where it receives nothing. */
  readonly listen: string | undefined;
  readonly geometry: Geometry;
  /** Lengths and beginnings of monitoring intervals, as they are chosen at the moment. */
  readonly monitoring: () => MonitoringPolicy;
  /** Regions that may be hot at once. */
  readonly slots: number;
  /** Bound of each `.cow`, bytes. */
  readonly cowSizeMax: number;
  /** Where untrusted marks go (T7). */
  readonly marks: Folder;
  /** Bytes of a run of a first copy between two cycles, at most; `EXTENT_SIZE_MAX` by default. */
  readonly copyRun: number | undefined;
  /** What administrators set for their guests. */
  readonly commands: CommandBook;
  readonly lostFlushes: LostFlushes;
}

/** Bounds of tracking on a real server. */
export const STANDARD_TRACKING = { slots: ACTIVITY_SLOTS, cowSizeMax: COW_SIZE_DEFAULT };

/** A machine whose guest runs, or may run, here. */
export class PrimaryMachine {
  readonly id: MachineId;
  readonly name: string;
  #disks: readonly MachineDisk[];
  /** Who this is to the replica. */
  readonly presence: Presence;
  /** Where its generation parted from the one before, if it was failed over to this server (L2). */
  readonly branch: Branch | undefined;
  /** What is due and was asked of its resynchronization. */
  readonly resync: ResyncRecord;
  readonly #context: MachineContext;
  readonly #folder: Folder;
  #state: ReplicationState;
  #settings: RelationshipSettings | undefined;
  #plan: SeedingPlan | undefined;
  #because: Failure | undefined;
  #ancestry: Ancestry;
  #yieldsTo: GenerationId | undefined;
  #planned: Planned | undefined;
  #joins: Joins | undefined;
  /** One change of the record at a time: two that are written at once leave neither. */
  readonly #saving = new Mutex();

  private constructor(context: MachineContext, folder: Folder, parts: MachineParts) {
    this.#context = context;
    this.#folder = folder;
    this.id = parts.id;
    this.name = parts.name;
    this.#disks = parts.disks;
    this.#state = parts.state;
    this.#settings = parts.settings;
    this.#plan = parts.plan;
    this.#because = parts.because;
    this.#ancestry = parts.ancestry;
    this.presence = new Presence(parts.writer);
    this.branch = parts.branch;
    this.#yieldsTo = parts.yieldsTo;
    this.#planned = parts.planned;
    this.#joins = parts.joins;
    this.resync = new ResyncRecord(context.ports.codec.kernel, folder);
  }

  /** Adds a machine with the disks at `paths`; its folder is new and empty. */
  static *add(
    context: MachineContext,
    folder: Folder,
    name: string,
    paths: readonly string[],
  ): Task<PrimaryMachine> {
    const disks: MachineDisk[] = [];
    try {
      for (const path of paths) {
        const guest = yield* context.ports.openGuestDisk(path);
        disks.push(newDisk(context, path, guest));
        yield* refuseContainer(guest.disk, path);
        checkDiskSize(guest.disk.size, context.geometry.blockSize, path);
      }
      const entropy = context.ports.entropy;
      const generation = newIdentity<GenerationId>(entropy);
      const machine = new PrimaryMachine(context, folder, {
        id: newIdentity<MachineId>(entropy),
        name,
        disks,
        state: "Disabled",
        settings: undefined,
        plan: undefined,
        because: undefined,
        ancestry: [firstGeneration(generation, context.server)],
        writer: [],
        branch: undefined,
        yieldsTo: undefined,
        planned: undefined,
        joins: undefined,
      });
      yield* machine.#save(machine.#state, undefined);
      return machine;
    } catch (error) {
      for (const disk of disks) yield* disk.close();
      throw error;
    }
  }

  /**
   * Writes the record of a machine that was failed over to this server and is its primary from then on;
   * its folder is new and empty. Crash before: it is a replica still. After: it is opened from the record.
   */
  static *writeRecord(
    context: MachineContext,
    folder: Folder,
    { id, name, paths, excluded, settings, ancestry, branch }: Promoted,
  ): Task<JsonObject> {
    const record = recordJson({
      id,
      name,
      paths,
      parts: paths.map((path, index) => {
        if (path === "") return "removed";
        return (excluded[index] ?? 0) > 0 ? "excluded" : "replicated";
      }),
      state: "Replicating",
      settings,
      plan: undefined,
      because: undefined,
      ancestry,
      writer: [],
      branch,
      yieldsTo: undefined,
      planned: undefined,
      joins: undefined,
    });
    yield* saveRecord(context.ports.codec.kernel, folder, MACHINE_RECORD, record);
    return record;
  }

  /** Opens a machine from its record; recovers the tracking of every disk. */
  static *open(context: MachineContext, folder: Folder, record: JsonObject): Task<PrimaryMachine> {
    const parsed = parseRecord(record);
    if (parsed === undefined) {
      throw requestFailure(
        "damaged",
        `The record of a machine in ${folder.path} makes no sense`,
        "Restore the data folder from a backup, or remove the machine and add it again",
      );
    }
    const disks: MachineDisk[] = [];
    try {
      for (const [index, path] of parsed.paths.entries()) {
        const part = parsed.parts[index] ?? "replicated";
        if (part === "removed") {
          disks.push(removedDisk(folder, context.ports.clock));
          continue;
        }
        const guest = yield* context.ports.openGuestDisk(path);
        const disk = newDisk(context, path, guest);
        disk.part = part;
        disks.push(disk);
        if (parsed.state === "Disabled" || part === "excluded") continue;
        const options = trackingOptions(context, parsed.id, index);
        yield* disk.setTracked(TrackedDisk.open(context.ports, guest, options));
      }
    } catch (error) {
      for (const disk of disks) yield* disk.close();
      throw error;
    }
    const machine = new PrimaryMachine(context, folder, { ...parsed, disks });
    yield* machine.resync.load(wholeComparison(machine));
    return machine;
  }

  /** Its disks by index, gaps included. */
  get disks(): readonly MachineDisk[] {
    return this.#disks;
  }

  /** Where the relationship stands. */
  get state(): ReplicationState {
    return this.#state;
  }

  /** The relationship's settings, while there is one. */
  get settings(): RelationshipSettings | undefined {
    return this.#settings;
  }

  /** Why the relationship is in state Error; `undefined` in others, and where nobody noted it. */
  get because(): Failure | undefined {
    return this.#because;
  }

  /** How the first copy comes to the replica; `undefined` before anybody chose. */
  get plan(): SeedingPlan | undefined {
    return this.#plan;
  }

  /** What administrators set for the guests of this server. */
  get commands(): CommandBook {
    return this.#context.commands;
  }

  /** The generation of the other side that the administrator chose to keep in place of this one's (L1). */
  get yieldsTo(): GenerationId | undefined {
    return this.#yieldsTo;
  }

  /** The planned failover that was prepared, if one was. */
  get planned(): Planned | undefined {
    return this.#planned;
  }

  /** Where this server can be replicated to, once the machine runs at the other one. */
  get listen(): string | undefined {
    return this.#context.listen;
  }

  /** How this server divides the machine's disks. */
  get geometry(): Geometry {
    return this.tracked[0]?.geometry ?? this.#context.geometry;
  }

  /** The machine's generations, newest first. */
  get ancestry(): Ancestry {
    return this.#ancestry;
  }

  /** The generation in force. */
  get generation(): GenerationId {
    return (this.#ancestry[0] as Ancestry[number]).generation;
  }

  /** The incarnations to present to the replica: a new one for each conversation (L1). */
  present(): Task<Writer> {
    const save = (writer: Writer) => this.#save(this.#state, this.#settings, { writer });
    return this.#saving.during(this.presence.present(this.#context.ports.entropy, save));
  }

  /** Bytes of every disk that points have, by index, as they are told; 0 where there is none. */
  get sizes(): readonly number[] {
    return this.sizesWith([]);
  }

  /** The same of a point with which the first copies of `joins` end. */
  sizesWith(joins: readonly number[]): readonly number[] {
    return this.disks.map(({ part, size }, index) =>
      part === "replicated" || joins.includes(index) ? size : 0
    );
  }

  /** Bytes of every disk of which anything is sent, by index; 0 where nothing is. */
  get announced(): readonly number[] {
    return this.disks.map(({ part, size }) =>
      part === "replicated" || part === "joining" ? size : 0
    );
  }

  /** Bytes of the disks whose first copy is under way and does not end with `joins`, by index; 0 for every other. */
  arrivingBut(joins: readonly number[]): readonly number[] {
    return this.disks.map(({ part, size }, index) =>
      part === "joining" && !joins.includes(index) ? size : 0
    );
  }

  /** Bytes of a run of a first copy between two cycles, at most. */
  get copyRun(): number {
    return this.#context.copyRun ?? EXTENT_SIZE_MAX;
  }

  /** Bytes of the disks that are served and not replicated, by index; 0 for every other. */
  get placeholders(): readonly number[] {
    return this.disks.map((disk) => disk.part === "excluded" ? disk.size : 0);
  }

  /** The tracked disks; all of them while a relationship exists. */
  get tracked(): readonly TrackedDisk[] {
    return this.#trackedAs(undefined);
  }

  /** Those that points have. */
  get replicated(): readonly TrackedDisk[] {
    return this.#trackedAs("replicated");
  }

  /** Those whose first copy is under way. */
  get joining(): readonly TrackedDisk[] {
    return this.#trackedAs("joining");
  }

  /** The tracked disks that play a part; of any part without one. */
  #trackedAs(part: MachineDisk["part"] | undefined): readonly TrackedDisk[] {
    const found: TrackedDisk[] = [];
    for (const disk of this.disks) {
      if (disk.tracked === undefined || (part !== undefined && disk.part !== part)) continue;
      found.push(disk.tracked);
    }
    return found;
  }

  /** Refuses an event that is not legal in this state; changes nothing. */
  check(event: StateEvent): void {
    nextState(this.#state, event, this.name);
  }

  /**
   * Moves to the state after `event`, durably; a refusal changes nothing. `because` is what is wrong, where
   * that is why: it stands in the record until another state is entered.
   */
  enter(event: StateEvent, because?: Failure): Task<void> {
    return this.#saving.during(this.#entering(event, because));
  }

  /** With the settings of the moment when its turn has come. */
  *#entering(event: StateEvent, because: Failure | undefined): Task<void> {
    yield* this.#enter(event, this.#settings, because);
  }

  /** Moves to the state after `event` and keeps `plan`, both at once; with no event the plan alone. */
  enterWith(event: StateEvent | undefined, plan: SeedingPlan | undefined): Task<void> {
    return this.#saving.during(this.#enterWith(event, plan));
  }

  *#enterWith(event: StateEvent | undefined, plan: SeedingPlan | undefined): Task<void> {
    const from = this.#state;
    const to = event === undefined ? from : nextState(from, event, this.name);
    yield* this.#save(this.#resting(to), this.#settings, { plan });
    this.#plan = plan;
    this.#moved(to);
  }

  /** Where it comes to rest that enters `to`: with a first copy under way its disks are being changed. */
  #resting(to: ReplicationState): ReplicationState {
    if (to !== "Replicating" || this.joining.length === 0) return to;
    return nextState(to, "change-disks", this.name);
  }

  *#enter(
    event: StateEvent,
    settings: RelationshipSettings | undefined,
    because?: Failure,
  ): Task<void> {
    const from = this.#state;
    const to = nextState(from, event, this.name);
    if (to === from) return;
    yield* this.#save(this.#resting(to), settings, { because });
    this.#settings = settings;
    this.#because = because;
    this.#moved(to);
  }

  /** Locks the machine for a planned failover, with the token that the replica will get; both at once. */
  prepare(token: Token): Task<void> {
    const planned = { token, point: undefined, cutAt: 0 };
    return this.#saving.during(this.#enterPlanned("prepare-failover", planned));
  }

  /** The replica holds the planned point of that token; nothing where the machine was taken back meanwhile. */
  noteHandedOver(token: Token, point: PointId, cutAt: number): Task<void> {
    return this.#saving.during(this.#noteHandedOver(token, point, cutAt));
  }

  *#noteHandedOver(token: Token, point: PointId, cutAt: number): Task<void> {
    if (this.#planned?.token !== token) return;
    const planned = { ...this.#planned, point, cutAt };
    yield* this.#save(this.#state, this.#settings, { planned });
    this.#planned = planned;
  }

  /** The replica has given the token back: the machine is ours again. */
  takeBack(): Task<void> {
    return this.#saving.during(this.#enterPlanned("cancel-failover", undefined));
  }

  /**
   * Takes the machine back without the replica's word: what is written from here on is of a generation of
   * its own, so that two sides that went on are told apart (L4).
   */
  takeBackByForce(generation: GenerationId, branch: PointId): Task<void> {
    return this.#saving.during(this.#takeBackByForce(generation, branch));
  }

  *#takeBackByForce(generation: GenerationId, branch: PointId): Task<void> {
    const writer = this.#context.server;
    const ancestry = beginGeneration(this.#ancestry, generation, branch, writer, "forced");
    yield* this.#enterPlanned("cancel-failover", undefined, ancestry);
  }

  /**
   * The administrator's word in a split brain: this side stays. Its history goes on in a generation that knows
   * the other side's as well, so that the other one follows and keeps what only it has as a point (L1).
   */
  outrank(generation: GenerationId, branch: PointId, theirs: Ancestry): Task<void> {
    return this.#saving.during(this.#outrank(generation, branch, theirs));
  }

  *#outrank(generation: GenerationId, branch: PointId, theirs: Ancestry): Task<void> {
    const writer = this.#context.server;
    const own = beginGeneration(this.#ancestry, generation, branch, writer, "resolved");
    const known = new Set(own.map((record) => record.generation));
    const others = theirs.filter((record) => !known.has(record.generation));
    const ancestry = [...own, ...others].slice(0, ANCESTRY_MAX);
    const to = this.#state === "Error" ? nextState(this.#state, "resume", this.name) : this.#state;
    yield* this.#save(this.#resting(to), this.#settings, { ancestry, yieldsTo: undefined });
    this.#ancestry = ancestry;
    this.#yieldsTo = undefined;
    this.#moved(to);
  }

  /** The administrator's word in a split brain: the side of \`generation\` stays, and this one gives way. */
  yieldTo(generation: GenerationId): Task<void> {
    return this.#saving.during(this.#yieldTo(generation));
  }

  *#yieldTo(generation: GenerationId): Task<void> {
    yield* this.#save(this.#state, this.#settings, { yieldsTo: generation });
    this.#yieldsTo = generation;
  }

  *#enterPlanned(
    event: StateEvent,
    planned: Planned | undefined,
    ancestry: Ancestry = this.#ancestry,
  ): Task<void> {
    const to = nextState(this.#state, event, this.name);
    yield* this.#save(this.#resting(to), this.#settings, { planned, ancestry });
    this.#planned = planned;
    this.#ancestry = ancestry;
    this.#moved(to);
  }

  #moved(to: ReplicationState): void {
    const from = this.#state;
    if (to === from) return;
    this.#state = to;
    if (to !== "Error") this.#because = undefined;
    this.#context.ports.observer.emit({ kind: "state", machine: this.name, from, to });
    this.#moved(this.#resting(to));
  }

  /** Goes on with other settings, durably; a refusal changes nothing. */
  change(change: (settings: RelationshipSettings) => RelationshipSettings): Task<void> {
    return this.#saving.during(this.#change(change));
  }

  *#change(change: (settings: RelationshipSettings) => RelationshipSettings): Task<void> {
    if (this.#settings === undefined) {
      throw requestFailure(
        "wrong-state",
        `"${this.name}" is not replicated: there are no settings to change`,
        'Enable replication first: "warmsite replication enable"',
      );
    }
    const settings = change(this.#settings);
    yield* this.#save(this.#state, settings);
    this.#settings = settings;
  }

  /** Begins to track every disk and keeps the settings: the relationship exists from then on. */
  *enable(settings: RelationshipSettings): Task<void> {
    nextState(this.#state, "enable", this.name);
    try {
      if (this.disks.every(({ part }) => part !== "replicated")) throw nothingLeft(this.name);
      for (const [index, disk] of this.disks.entries()) {
        if (disk.part === "replicated") yield* this.#track(index, disk);
      }
      yield* this.#saving.during(this.#enter("enable", settings));
    } catch (error) {
      // What was begun ends, so that enabling can be tried again.
      yield* this.#untrack();
      throw error;
    }
  }

  /**
   * Makes disk `index` `size` bytes long, for its guest from its next connection on and for the replica from
   * the next point on (C6). A crash leaves the old size, or the new one with all that is tracked.
   */
  *grow(index: number, size: number): Task<void> {
    const disk = this.disks[index];
    if (disk === undefined || disk.part === "removed") throw noSuchDisk(this.name, index);
    if (this.#state === "PreparedForFailover") throw locked(this.name);
    if (size < disk.size) throw shrinking(disk, size);
    checkDiskSize(size, this.#context.geometry.blockSize, disk.path);
    yield* disk.grow(size);
  }

  *#track(index: number, disk: MachineDisk): Task<void> {
    const options = trackingOptions(this.#context, this.id, index);
    yield* disk.setTracked(TrackedDisk.create(this.#context.ports, disk.guest, options));
  }

  /**
   * Begins to track a disk that joins the others. All of it is changed, whatever that is relative to: so to the
   * point that the others are, and to those that they have issued since (T4).
   */
  *#join(index: number, disk: MachineDisk): Task<void> {
    if (this.#state === "Disabled") return;
    const first = this.tracked[0];
    yield* this.#track(index, disk);
    const { tracked } = disk;
    if (tracked === undefined || first?.base.kind !== "point") return;
    yield* tracked.setBase(first.base);
    for (const point of first.issued) yield* tracked.issue(point);
  }

  /** What a disk is at first that is to be replicated. */
  get #newPart(): DiskPart {
    return SETTLED.includes(this.#state) ? "replicated" : "joining";
  }

  /**
   * The first copies of `disks` end with `point`, which nobody has staged yet: durably, so that whoever hears that it
   * is the newest one knows what it has. Nothing is written where that is known, or was never said of it.
   */
  noteJoins(point: PointId, disks: readonly number[]): Task<void> {
    return this.#saving.during(this.#noteJoins(point, disks));
  }

  *#noteJoins(point: PointId, disks: readonly number[]): Task<void> {
    const before = this.#joins?.point === point ? this.#joins.disks : [];
    if (before.join() === disks.join()) return;
    const joins = disks.length === 0 ? undefined : { point, disks };
    yield* this.#save(this.#state, this.#settings, { joins });
    this.#joins = joins;
  }

  /** The replica holds `point`: disks whose first copies ended with it are replicated like any other from then on. */
  settleJoins(point: PointId): Task<void> {
    return this.#saving.during(this.#settleJoins(point));
  }

  *#settleJoins(point: PointId): Task<void> {
    const { disks = [] } = this.#joins?.point === point ? this.#joins : {};
    const joined = this.disks.filter(({ part }, index) =>
      part === "joining" && disks.includes(index)
    );
    for (const disk of joined) disk.part = "replicated";
    const to = this.#updated();
    if (joined.length === 0 && to === this.#state) return;
    try {
      yield* this.#save(to, this.#settings, { joins: undefined });
    } catch (error) {
      for (const disk of joined) disk.part = "joining";
      throw error;
    }
    this.#joins = undefined;
    this.#moved(to);
  }

  /** The state behind a change that may have been the last one that was waited for. */
  #updated(disks: readonly MachineDisk[] = this.disks): ReplicationState {
    const waits = this.#state === "WaitingForUpdateCompletion";
    if (!waits || disks.some(({ part }) => part === "joining")) return this.#state;
    return nextState(this.#state, "finish-disk-update", this.name);
  }

  /** The disk of that index; `no-such-disk` for none, or one that was removed. */
  disk(index: number): MachineDisk {
    const disk = this.disks[index];
    if (disk !== undefined && disk.part !== "removed") return disk;
    throw noSuchDisk(this.name, index);
  }

  /**
   * Adds the disk at `path`, behind those that there are. While the machine is replicated it is tracked from the
   * beginning, every block changed, and the state says that the disks are being changed until a point has it.
   * Its log is made before the record names it: a crash before that leaves a log that the next one replaces,
   * a crash after it a disk of the machine.
   */
  *addDisk(path: string): Task<number> {
    this.#checkChange();
    const index = this.disks.length;
    if (index >= DISKS_MAX) throw tooManyDisks(this.name);
    const guest = yield* this.#context.ports.openGuestDisk(path);
    const disk = newDisk(this.#context, path, guest);
    try {
      yield* refuseContainer(guest.disk, path);
      checkDiskSize(guest.disk.size, this.#context.geometry.blockSize, path);
      yield* this.#join(index, disk);
      disk.part = this.#newPart;
      yield* this.#changeDisks([...this.disks, disk], true);
    } catch (error) {
      yield* this.#dropLog(disk);
      yield* disk.close();
      throw error;
    }
    return index;
  }

  /** Whether the set of disks may be changed in this state; a refusal changes nothing. */
  #checkChange(): void {
    if (!SETTLED.includes(this.#state)) this.check("change-disks");
  }

  /** Goes on with other disks, durably; `more` to replicate moves the state on as well, both at once. */
  #changeDisks(disks: readonly MachineDisk[], more: boolean): Task<void> {
    return this.#saving.during(this.#changingDisks(disks, more));
  }

  *#changingDisks(disks: readonly MachineDisk[], more: boolean): Task<void> {
    const stays = !more || SETTLED.includes(this.#state);
    const to = stays ? this.#updated(disks) : nextState(this.#state, "change-disks", this.name);
    yield* this.#save(to, this.#settings, { disks });
    this.#disks = disks;
    this.#moved(to);
  }

  /**
   * Ends the tracking of a disk, of which the record says that it is not replicated, or does not say that it is. What cannot
   * be removed of its log is left over, which the next one replaces: nothing fails for it that is done.
   */
  *#dropLog(disk: MachineDisk): Task<void> {
    const { tracked } = disk;
    if (tracked === undefined) return;
    yield* disk.setTracked(stopTracking(tracked));
    yield* attempt(TrackedDisk.remove(disk.guest));
  }

  /**
   * Takes a disk out of the machine; nobody is attached to it, and nothing of it is being sent. Its index stays
   * a gap. Crash before the record: it is there still. After: its log is left over, as the file itself is.
   */
  *removeDisk(index: number): Task<void> {
    const disk = this.disk(index);
    this.checkRemoval(disk);
    const gap = removedDisk(this.#folder, this.#context.ports.clock);
    yield* this.#changeDisks(this.disks.map((each) => each === disk ? gap : each), false);
    yield* this.#dropLog(disk);
    yield* disk.close();
  }

  /** Refuses to take a disk out in this state, or the last one; changes nothing. */
  checkRemoval(disk: MachineDisk): void {
    this.#checkChange();
    this.#checkLeft(disk);
  }

  #checkLeft(without: MachineDisk): void {
    const left = this.disks.filter((each) => each !== without && each.part !== "removed");
    const replicated = left.some(({ part }) => part === "replicated");
    if (left.length === 0 || (this.#state !== "Disabled" && !replicated)) {
      throw nothingLeft(this.name);
    }
  }

  /**
   * Leaves a disk out of replication, or takes it in again; it is served all the same. Nothing of it is being sent.
   * Crash before the record: it is what it was. After: a log that is left over, or one in which all is changed.
   */
  *excludeDisk(index: number, excluded: boolean): Task<void> {
    const disk = this.disk(index);
    const before = disk.part;
    const part: DiskPart = excluded ? "excluded" : this.#newPart;
    if ((before === "excluded") === excluded) return;
    this.#checkChange();
    if (excluded) this.#checkLeft(disk);
    else yield* this.#join(index, disk);
    disk.part = part;
    try {
      yield* this.#changeDisks(this.disks, !excluded);
    } catch (error) {
      disk.part = before;
      if (!excluded) yield* this.#dropLog(disk);
      throw error;
    }
    if (excluded) yield* this.#dropLog(disk);
  }

  /** Ends the relationship: tracking stops and its logs are removed. */
  *disable(): Task<void> {
    yield* this.#saving.during(this.#disable());
    yield* this.#untrack();
  }

  *#disable(): Task<void> {
    const to = nextState(this.#state, "disable", this.name);
    // Whoever enables it again sends all of it.
    for (const disk of this.disks) if (disk.part === "joining") disk.part = "replicated";
    yield* this.#save(to, undefined, { plan: undefined, joins: undefined });
    this.#joins = undefined;
    this.#settings = undefined;
    this.#plan = undefined;
    this.#moved(to);
  }

  *#untrack(): Task<void> {
    for (const disk of this.disks) {
      yield* this.#dropLog(disk);
    }
  }

  /** The folder of its records. */
  get folder(): Folder {
    return this.#folder;
  }

  /** What its server's administrator chose for statistics. */
  get monitoring(): () => MonitoringPolicy {
    return this.#context.monitoring;
  }

  /** Closes every disk in order; guests have left. */
  *close(): Task<void> {
    for (const disk of this.disks) yield* disk.close();
  }

  #save(
    state: ReplicationState,
    settings: RelationshipSettings | undefined,
    changed: RecordChange = {},
  ): Task<void> {
    const writer = changed.writer ?? this.presence.writer;
    const plan = "plan" in changed ? changed.plan : this.#plan;
    const planned = "planned" in changed ? changed.planned : this.#planned;
    const yieldsTo = "yieldsTo" in changed ? changed.yieldsTo : this.#yieldsTo;
    const joins = "joins" in changed ? changed.joins : this.#joins;
    const { id, name, branch } = this;
    const because = state === "Error" ? changed.because ?? this.#because : undefined;
    const disks = changed.disks ?? this.disks;
    const record = recordJson({
      id,
      name,
      paths: disks.map((disk) => disk.path),
      parts: disks.map(({ part }) => part),
      state,
      settings,
      plan,
      because,
      ancestry: changed.ancestry ?? this.#ancestry,
      writer,
      branch,
      yieldsTo,
      planned,
      joins,
    });
    return saveRecord(this.#context.ports.codec.kernel, this.#folder, MACHINE_RECORD, record);
  }
}

/** What a machine is that was failed over to this server. */
export type Promoted =
  & Pick<ParsedRecord, "id" | "name" | "paths" | "ancestry" | "branch">
  & {
    readonly settings: RelationshipSettings;
    /** Bytes of the disks that are left out of replication, by index; 0 for every other. */
    readonly excluded: readonly number[];
  };

/** States in which another set of disks changes nothing about what is being sent. */
const SETTLED: readonly ReplicationState[] = ["Disabled", "ReadyForInitialReplication"];

/** What of a record is another than before. */
interface RecordChange {
  readonly writer?: Writer;
  readonly plan?: SeedingPlan | undefined;
  readonly planned?: Planned | undefined;
  readonly yieldsTo?: GenerationId | undefined;
  readonly ancestry?: Ancestry;
  readonly because?: Failure | undefined;
  readonly disks?: readonly MachineDisk[];
  readonly joins?: Joins | undefined;
}

/** Why a disk is to be compared as a whole with a point of the replica; `undefined` when none is (T6, T7). */
function wholeComparison({ state, disks }: PrimaryMachine): string | undefined {
  if (WITHOUT_POINTS.includes(state)) return undefined;
  for (const { path, tracked } of disks) {
    if (tracked?.recovery.kind === "whole") return `"${path}": ${tracked.recovery.reason}`;
  }
  return undefined;
}

/** In these states there is no point yet that a disk could be compared with. */
const WITHOUT_POINTS: readonly ReplicationState[] = [
  "Disabled",
  "ReadyForInitialReplication",
  "InitialReplicationInProgress",
  "WaitingForInitialReplication",
];

function trackingOptions(
  context: MachineContext,
  machine: MachineId,
  disk: number,
): TrackingOptions {
  const { geometry, slots, cowSizeMax, marks } = context;
  return { geometry, slots, cowSizeMax, marks, machine, disk };
}

function newDisk(
  { ports, lostFlushes }: MachineContext,
  path: string,
  guest: GuestDisk,
): MachineDisk {
  return new MachineDisk(path, guest, undefined, ports.clock, lostFlushes);
}

/** Also where its log cannot be written any more: a disk that stayed tracked by a closed one could serve nobody. */
function* stopTracking(tracked: TrackedDisk): Task<undefined> {
  yield* attempt(tracked.detach());
  return undefined;
}
