/**
 * Faults of a scenario, done to the world and healed again; and what they excuse.
 *
 * @module
 */
// Long because: one arm for each kind of fault that a scenario has, and what each of them excuses.

import { DAY, MILLISECOND, SECOND } from "../../core/base/units.ts";
import { diskName } from "../../core/history/raw_disk.ts";
import { Directory } from "../directory.ts";
import type { SimHost } from "../host.ts";
import type { Reply } from "../guests/guest.ts";
import type { Fact } from "../invariants/fact.ts";
import type { Link, LinkSpeed } from "../network.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import { markUnits } from "../storage_io.ts";
import { EVENT } from "../trace.ts";
import { FileNode, type StorageFaults, type Volume } from "../volume.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, replicaOf } from "./machine_run.ts";
import { fileAt, logOf, replicaFolder, replicaLocations } from "./replica_files.ts";
import { changesSides } from "./scenario.ts";
import type { Direction, FaultAction, HostName, Place, ScriptedFault } from "./scenario.ts";
import { tryStale } from "./stale_peer.ts";
import type { Site } from "./site.ts";

/** Until when replies are excused that came late, behind the end of what made them late, µs. */
const AFTERMATH = 2 * SECOND;

/** How often and with what pause, µs, a delta on its way is looked for, of at least so many bytes. */
const ROT_TRIES = 2000;
const ROT_PAUSE = 5 * MILLISECOND;
const ROT_MIN = 2 * SECTOR_SIZE;

/** How often a clock that drifts is set, µs. */
const DRIFT_STEP = 10 * SECOND;

/** Facts that hold bytes of a machine against what its guest did. */
const CONTENTS: ReadonlySet<Fact["kind"]> = new Set(
  ["image", "moved", "survived", "added", "tracked", "verified"] as const,
);

/** Does and heals. */
export class Faults {
  readonly #drill: Drill;
  #quietSince: number | undefined;
  /** Times that somebody else wrote to a disk. */
  #outside = 0;
  /** Until when requests at a host may be slow, world time in µs. */
  readonly #slowUntil: Record<HostName, number> = { a: 0, b: 0 };
  /** Until when guests at a host cannot be thawed. */
  readonly #unthawed: Record<HostName, number> = { a: 0, b: 0 };
  /** Hosts whose storage failed requests since their server started. */
  readonly #failing: Record<HostName, boolean> = { a: false, b: false };

  constructor(drill: Drill) {
    this.#drill = drill;
  }

  /** Hosts whose bytes were damaged, or whose devices failed or were full, while a replica was there. */
  readonly #damaged: Record<HostName, boolean> = { a: false, b: false };

  /** True once bytes at the site of a machine's replica were damaged, or its devices failed or were full. */
  damaged(machine: MachineRun): boolean {
    return this.#damaged[this.#drill.awayOf(machine).name];
  }

  /** Hosts whose bytes were changed behind their backs. */
  readonly #decayed = new Set<HostName>();

  /** True once bytes at the replica were changed behind its back: it may need to be made anew. */
  rotten = false;

  /** True once a replica's state was replaced by an older one. */
  restored = false;

  /** Machines whose bytes a fault changed, or may have, in a way that no engine can notice by itself. */
  readonly #falsified = new Set<string>();

  /** Hosts whose certificate nobody believes. */
  readonly #expired = new Set<HostName>();

  /** True when a fact says something of the engine: bytes that a fault falsified say nothing. */
  isEvidence(fact: Fact): boolean {
    if (this.#falsified.size === 0) return true;
    if (fact.kind === "reply") {
      return fact.reply.judgement === undefined || !this.#falsified.has(fact.reply.vm);
    }
    return !CONTENTS.has(fact.kind) || !("vm" in fact) || !this.#falsified.has(fact.vm);
  }

  /** True when storage at a host has failed requests since its server opened, or was full. */
  doubtful(host: HostName): boolean {
    return this.#failing[host] || this.#damaged[host];
  }

  /** True when requests at a host may be slow, or may have been a moment ago. */
  slowed(host: HostName): boolean {
    return this.#drill.now < this.#slowUntil[host];
  }

  /** µs since everything healed for good; negative before. */
  get quietFor(): number {
    return this.#quietSince === undefined ? -1 : this.#drill.now - this.#quietSince;
  }

  /** True when a reply that failed or came late is no wonder. */
  excuses(reply: Reply): boolean {
    const host = reply.host as HostName;
    return this.#failing[host] || this.#drill.now - reply.took < this.#slowUntil[host];
  }

  /** Requests at `host` may be slow until `lasts` µs from here. */
  #slow(host: HostName, lasts: number): void {
    const until = this.#drill.now + lasts + AFTERMATH;
    this.#slowUntil[host] = Math.max(this.#slowUntil[host], until);
  }

  #later(micros: number, heal: () => void): void {
    this.#drill.simulated.schedule(micros, heal);
  }

  /** True where a replica is at some time of the run: where machines change sides, at both. */
  #keepsReplicas(host: HostName): boolean {
    return host === "b" || changesSides(this.#drill.scenario);
  }

  /** Bytes at a host were damaged, or its storage failed: what a replica there says is excused from here on. */
  #harm(host: HostName): void {
    if (this.#keepsReplicas(host)) this.#damaged[host] = true;
  }

  #volume(host: HostName, place: Place): Volume | undefined {
    const { host: machine } = this.#drill.sites[host];
    if (place === "data") return machine.data.volume;
    if (place === "logs") return machine.logs.volume;
    return this.#disk(host, place.vm, place.disk)?.volume;
  }

  /** A machine's disk at a host, its guest's or its replica's; where they lie at `b` is known once it has been there. */
  #disk(host: HostName, vm: number, disk: number): FileNode | undefined {
    const machine = this.#drill.machines[vm];
    if (machine === undefined) return undefined;
    const { host: there } = this.#drill.sites[host];
    if (host === "a") return there.disks.get(machine.device(disk))?.node;
    const node = replicaFolder(there, machine.spec.name)?.entries.get(diskName(disk));
    return node instanceof FileNode ? node : undefined;
  }

  /** Every disk of a machine at a host. */
  #disks(host: HostName): FileNode[] {
    return this.#drill.machines.flatMap(({ index, spec }) =>
      spec.disks.flatMap((_, disk) => this.#disk(host, index, disk) ?? [])
    );
  }

  #links(way: Direction): Link[] {
    const { net } = this.#drill.simulated;
    const links: Link[] = [];
    if (way !== "b>a") links.push(net.link("a", "b"));
    if (way !== "a>b") links.push(net.link("b", "a"));
    return links;
  }

  /** Does it. */
  // Long because: one arm for each kind of fault, and nothing shared between them.
  act(fault: FaultAction): void {
    const { simulated, sites } = this.#drill;
    switch (fault.kind) {
      case "kill":
      case "power":
        sites[fault.host].down = fault.down;
        if (fault.kind === "kill") sites[fault.host].host.kill();
        else sites[fault.host].host.powerLoss();
        return;
      case "crash": {
        const { host } = sites[fault.host];
        sites[fault.host].down = fault.down;
        simulated.crashAt(fault.host, host.calls + fault.calls, fault.when, fault.how);
        return;
      }
      case "crash-naming": {
        const { renames: left, when, how } = fault;
        sites[fault.host].down = fault.down;
        sites[fault.host].host.crashAmong = { kind: EVENT.rename, left, when, how };
        return;
      }
      case "pause":
        this.#slow(fault.host, fault.lasts);
        return sites[fault.host].host.pause(fault.lasts);
      case "lag":
        this.#slow(fault.host, fault.lasts);
        sites[fault.host].host.lag = fault.lag;
        return this.#later(fault.lasts, () => sites[fault.host].host.lag = 0);
      case "clock":
        return sites[fault.host].host.jumpWall(fault.by);
      case "io": {
        const volume = this.#volume(fault.host, fault.place);
        if (volume === undefined) return;
        volume.faults[fault.what] += fault.count;
        this.#failing[fault.host] = true;
        this.#harm(fault.host);
        if (fault.what === "failFlushes") sites[fault.host].unsound = true;
        return;
      }
      case "latent": {
        const { host, place: { vm, disk }, sector, sticky } = fault;
        this.#failing[host] = true;
        // A device with a bad sector under a replica is one that fails.
        this.#harm(host);
        this.#disk(host, vm, disk)?.latent.set(sector, sticky);
        return;
      }
      case "outside":
      case "lose-log":
      case "touch":
        return this.#whileDown(fault);
      case "freeze":
        return this.#spoilFreeze(fault);
      case "rot":
        return this.#rot(fault);
      case "rot-open":
        return this.#seekOpen(fault, ROT_TRIES);
      case "old-state":
        return this.#keepState(fault.vm, fault.age, fault.down);
      case "slow": {
        const faults = this.#volume(fault.host, fault.place)?.faults;
        if (faults === undefined) return;
        this.#slow(fault.host, fault.lasts + 50_000 * fault.factor);
        faults.slowdown = fault.factor;
        return this.#later(fault.lasts, () => faults.slowdown = 1);
      }
      case "stall": {
        const faults = this.#volume(fault.host, fault.place)?.faults;
        this.#slow(fault.host, fault.lasts);
        if (faults !== undefined) faults.stalledUntil = this.#drill.now + fault.lasts;
        return;
      }
      case "full": {
        const faults = this.#volume(fault.host, fault.place)?.faults;
        if (faults === undefined) return;
        this.#failing[fault.host] ||= this.#keepsReplicas(fault.host);
        this.#harm(fault.host);
        faults.full = true;
        return this.#later(fault.lasts, () => faults.full = false);
      }
      case "partition": {
        const links = this.#links(fault.way);
        for (const { faults } of links) faults.partitioned = true;
        return this.#later(fault.lasts, () => {
          for (const { faults } of links) faults.partitioned = false;
        });
      }
      case "link": {
        const links = this.#links(fault.way);
        for (const { faults } of links) faults[fault.what] = fault.rate;
        return this.#later(fault.lasts, () => {
          for (const { faults } of links) faults[fault.what] = 0;
        });
      }
      case "link-stall":
        for (const { faults } of this.#links(fault.way)) {
          faults.stalledUntil = this.#drill.now + fault.lasts;
        }
        return;
      case "link-slow": {
        const links = this.#links("both");
        const usual = simulated.net.usual;
        for (const link of links) link.speed = { ...usual, bandwidth: fault.bandwidth };
        return this.#later(fault.lasts, () => {
          for (const link of links) link.speed = usual;
        });
      }
      case "reset":
        return simulated.net.reset("a", "b");
      case "refuse": {
        const [link] = this.#links("a>b") as [Link];
        const key = fault.what === "refuse" ? "refuse" : "acceptThenHang";
        link.faults[key] = true;
        return this.#later(fault.lasts, () => link.faults[key] = false);
      }
      case "stale": {
        const machine = this.#drill.machines[fault.vm];
        if (machine !== undefined) tryStale(this.#drill, machine, fault.what);
        return;
      }
      case "destroy": {
        const site: Site = sites[fault.host];
        this.#harm(fault.host);
        site.down = fault.down;
        return site.host.destroy();
      }
      default:
        return this.#script(fault);
    }
  }

  /** Does what only scripts ask for. */
  // Long because: one arm for each kind of fault, and nothing shared between them.
  #script(fault: ScriptedFault): void {
    const { simulated, sites, serverOperator } = this.#drill;
    switch (fault.kind) {
      case "lost-writes": {
        const faults = this.#volume(fault.host, fault.place)?.faults;
        if (faults === undefined) return;
        faults[fault.what] += fault.count;
        // What was lost may be a state that the replica had written.
        this.restored = true;
        return this.#falsify(fault.host, fault.place);
      }
      case "storage-rate": {
        const faults = this.#volume(fault.host, fault.place)?.faults;
        if (faults === undefined) return;
        const { host, what, rate } = fault;
        faults[what] = rate;
        this.#failing[host] = true;
        this.#harm(host);
        if (what === "flushErrorRate") sites[host].unsound = true;
        if (what === "misdirectedReadRate") this.#falsify(host, fault.place);
        return this.#later(fault.lasts, () => faults[what] = 0);
      }
      case "device": {
        const faults = this.#volume(fault.host, fault.place)?.faults;
        if (faults === undefined) return;
        const { host, what } = fault;
        this.#failing[host] = true;
        this.#harm(host);
        faults[what] = true;
        return this.#later(fault.lasts, () => faults[what] = false);
      }
      case "rot-disk": {
        const machine = this.#drill.machines[fault.vm];
        if (machine === undefined) return;
        const { name } = this.#drill.awayOf(machine);
        const node = this.#disk(name, fault.vm, fault.disk);
        if (node === undefined) return;
        this.#falsify(name, fault);
        return node.rot(fault.sector * SECTOR_SIZE, fault.bit);
      }
      case "link-speed": {
        const { usual } = simulated.net;
        const links = this.#links(fault.way);
        for (const link of links) link.speed = { ...link.speed, ...fault.change };
        return this.#later(fault.lasts, () => {
          for (const link of links) link.speed = { ...link.speed, ...partOf(usual, fault.change) };
        });
      }
      case "link-burst": {
        const links = this.#links(fault.way);
        for (const { faults } of links) faults.burst = fault.burst;
        return this.#later(fault.lasts, () => {
          for (const { faults } of links) faults.burst = undefined;
        });
      }
      case "flap": {
        const { way, up, down: lasts } = fault;
        return this.#repeat(
          up + lasts,
          fault.lasts,
          () => this.act({ kind: "partition", way, lasts }),
        );
      }
      case "crash-loop": {
        const { host, how, every, down } = fault;
        return this.#repeat(every, fault.lasts, () => this.act({ kind: how, host, down }));
      }
      case "drift": {
        const { host, by } = fault;
        return this.#repeat(
          DRIFT_STEP,
          fault.lasts,
          () => sites[host].host.jumpWall((by * DRIFT_STEP) / SECOND),
        );
      }
      case "certificate": {
        const { host } = fault;
        this.#expired.add(host);
        simulated.net.authenticator = ({ name }) =>
          this.#expired.has(name as HostName)
            ? `The certificate of ${name} has expired`
            : undefined;
        return this.#later(fault.lasts, () => this.#expired.delete(host));
      }
      case "revoke":
        serverOperator.act({ kind: "authorize", allowed: false, place: "home" });
        return this.#later(
          fault.lasts,
          () => serverOperator.act({ kind: "authorize", allowed: true, place: "home" }),
        );
    }
  }

  /** Does something now and every so many µs, for so long, or until everything heals. */
  #repeat(every: number, lasts: number, again: () => void): void {
    const until = this.#drill.now + lasts;
    const next = () => {
      if (this.#quietSince !== undefined || this.#drill.now >= until) return;
      again();
      this.#later(every, next);
    };
    next();
  }

  /** Bytes at a place may be others than anybody wrote, and no checksum says so. */
  #falsify(host: HostName, place: Place): void {
    this.#decay(host);
    const named = typeof place === "string" ? undefined : this.#drill.machines[place.vm];
    for (const machine of named === undefined ? this.#drill.machines : [named]) {
      this.#falsified.add(machine.spec.name);
    }
  }

  /** Something happens to a disk of a machine, or beside it, while the server is down that has it: where that is now. */
  #whileDown(fault: FaultAction & { readonly kind: "outside" | "lose-log" | "touch" }): void {
    const machine = this.#drill.machines[fault.vm];
    if (machine === undefined) return;
    const { kind, disk, down } = fault;
    const site = kind === "touch" ? this.#drill.awayOf(machine) : this.#drill.homeOf(machine);
    // A block device has no stamp: who writes to one behind an orderly stop, also one that is under
    // way, leaves no trace (T6).
    const untold = kind === "outside" && site.current === undefined;
    if (untold && site.host.disks.get(this.#pathAt(machine, disk))?.block === true) return;
    site.down = down;
    site.host.kill();
    this.#later(down >>> 1, () => {
      const { current, host: { process } } = site;
      if (current !== undefined || process !== undefined) return;
      if (kind === "touch") return this.#touch(site, machine, disk);
      // It has moved meanwhile: what is here is its replica.
      if (machine.burnt || machine.home !== site.name) return;
      if (kind === "lose-log") this.#loseLog(site, machine, disk);
      else this.#writeOutside(site, machine, fault);
    });
  }

  /** Where a disk of a machine lies at its home. */
  #pathAt(machine: MachineRun, disk: number): string {
    return machine.paths?.[disk] ?? machine.device(disk);
  }

  /**
   * Writes a sector of a disk whose server is down, and says so to the oracle. It is so much later than
   * all before that no jump of the clock hides it.
   */
  #writeOutside(
    { host }: Site,
    machine: MachineRun,
    { disk, sector, fill }: FaultAction & { readonly kind: "outside" },
  ): void {
    // Nobody writes to what was given away, or has not been started yet where it came to.
    if (machine.planned || this.#drill.roles.boots(machine)) return;
    const path = this.#pathAt(machine, disk);
    const node = host.disks.get(path)?.node ?? fileAt(host, path);
    if (node === undefined) return;
    const { sectors } = node;
    sectors.persist(sectors.mark());
    const at = SECTOR_SIZE * sector;
    sectors.damage(at, new Uint8Array(SECTOR_SIZE).fill(fill));
    if (node.sparse) markUnits(node, at, SECTOR_SIZE, true);
    this.#stampLate(host, node);
    const image = machine.spec.disks.map((_, each) => this.#drill.contents(machine, each));
    const instant = this.#drill.instant();
    machine.history.rebase(image, instant);
    this.#drill.failbacks.wroteOutside(machine, instant);
  }

  /** A disk was changed later than any jump of the clock hides. */
  #stampLate(host: SimHost, node: FileNode): void {
    this.#outside++;
    node.changed = Math.max(node.changed, host.wall()) + 100 * DAY * this.#outside;
    node.durableChanged = node.changed;
  }

  /** Somebody tidies up beside a disk while nobody uses it. */
  #loseLog({ host }: Site, machine: MachineRun, disk: number): void {
    const log = logOf(host, this.#pathAt(machine, disk));
    if (log === undefined || !log.folder.entries.has(log.name)) return;
    log.folder.unlink(log.name);
    log.folder.persist(log.folder.mark());
    this.#drill.probe("log/lost");
  }

  /** Freezing a machine's guest goes wrong for a while, where its primary is. */
  #spoilFreeze({ vm, what, after, lasts }: FaultAction & { readonly kind: "freeze" }): void {
    const machine = this.#drill.machines[vm];
    if (machine === undefined) return;
    const { name, host: { hypervisor } } = this.#drill.homeOf(machine);
    const script = hypervisor.machine(machine.spec.name);
    if (what === "fails") script.fails.freeze = "The agent does not answer";
    else if (what === "thaw-fails") script.fails.thaw = "The agent does not answer";
    else if (what === "sticks") script.sticks = true;
    else script.breaksAfter = after;
    if (what === "thaw-fails") {
      this.#unthawed[name] = Math.max(this.#unthawed[name], this.#drill.now + lasts);
    }
    this.#later(lasts, () => {
      if (what === "fails") script.fails.freeze = "";
      else if (what === "thaw-fails") script.fails.thaw = "";
      else if (what === "sticks") script.sticks = false;
      else script.breaksAfter = 0;
    });
  }

  /** Since when nothing keeps the server at a host from thawing a guest, world time in µs; later than now: not yet. */
  thawsSince(host: HostName): number {
    return Math.max(this.#unthawed[host], this.#slowUntil[host]);
  }

  /** Copies both files of a replica's state, and puts them back later beside what there is then. */
  #keepState(vm: number, age: number, down: number): void {
    const machine = this.#drill.machines[vm];
    if (machine === undefined) return;
    const site = this.#drill.awayOf(machine);
    const { spec: { name } } = machine;
    const server = site.current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, name);
    // Who restores a replica that had no point has none, and is right.
    if (replica === undefined || replica.store.points.length === 0) return;
    const find = () => stateFiles(site.host, name);
    const kept = find().map((node) => ({ node, bytes: node.sectors.read(0, node.sectors.length) }));
    this.#later(age, () => {
      const now = find();
      // Another replica took its place, or everything healed: nobody has a reason to restore.
      if (this.#quietSince !== undefined || kept.some(({ node }, at) => now[at] !== node)) return;
      this.#failing[site.name] = true;
      this.#damaged[site.name] = true;
      this.restored = true;
      site.down = down;
      site.host.kill();
      for (const { node, bytes } of kept) node.sectors.damage(0, bytes);
    });
  }

  /** A tool that only looked at a raw disk left its time changed: points are not believed until the disks were compared. */
  #touch({ name, host }: Site, machine: MachineRun, disk: number): void {
    const node = this.#disk(name, machine.index, disk);
    if (node === undefined) return;
    this.#damaged[name] = true;
    this.#stampLate(host, node);
  }

  /** Waits for a delta on its way that holds something, and kills the server in the middle of it. */
  #seekOpen(fault: FaultAction & { readonly kind: "rot-open" }, tries: number): void {
    const site = this.#replicaSite(fault.vm);
    if (this.#quietSince !== undefined || tries === 0) return;
    if (this.#replicaFiles(fault.vm).open.every(({ sectors }) => sectors.length < ROT_MIN)) {
      return this.#later(ROT_PAUSE, () => this.#seekOpen(fault, tries - 1));
    }
    site.down = fault.down;
    site.host.kill();
    this.#later(fault.down >>> 1, () => this.#rotOpen(site, fault));
  }

  /** A bit of a delta that is on its way flips while nobody has it open. */
  #rotOpen(
    { name, host, current }: Site,
    { pick, bit, vm }: FaultAction & { readonly kind: "rot-open" },
  ): void {
    if (host.process !== undefined || current !== undefined) return;
    const { open } = this.#replicaFiles(vm);
    const file = open[pick % Math.max(open.length, 1)];
    if (file === undefined) return;
    this.#decay(name);
    file.rot((pick * 7919) % file.sectors.length, bit);
  }

  /** A bit of a file below a replica's folder flips; raw disks have no checksum but the scrub's. */
  #rot({ pick, bit, vm }: FaultAction & { readonly kind: "rot" }): void {
    const { files, staged } = this.#replicaFiles(vm);
    // What is staged is there for a short time only, and is looked for in half of all cases.
    const among = pick % 2 === 0 && staged.length > 0 ? staged : files;
    const file = among[(pick >>> 1) % Math.max(among.length, 1)];
    if (file === undefined) return;
    this.#decay(this.#replicaSite(vm).name);
    file.rot((pick * 7919) % file.sectors.length, bit);
  }

  /** Bytes at a host are others than were written, and stay so. */
  #decay(host: HostName): void {
    this.#failing[host] = true;
    this.#damaged[host] = true;
    this.#decayed.add(host);
    this.rotten = true;
  }

  /** Where the replica of a machine is; `b` for that of none in particular. */
  #replicaSite(vm: number | undefined): Site {
    const machine = vm === undefined ? undefined : this.#drill.machines[vm];
    return machine === undefined ? this.#drill.sites.b : this.#drill.awayOf(machine);
  }

  /** Files of replicas that hold something, but for raw disks; those that are staged, those still open. */
  #replicaFiles(vm: number | undefined) {
    const files: FileNode[] = [];
    const staged: FileNode[] = [];
    const open: FileNode[] = [];
    const { host } = this.#replicaSite(vm);
    const machine = vm === undefined ? undefined : this.#drill.machines[vm];
    const todo: Directory[] = machine === undefined
      ? [host.data, ...replicaLocations(host)]
      : [replicaFolder(host, machine.spec.name) ?? []].flat();
    for (let directory = todo.pop(); directory !== undefined; directory = todo.pop()) {
      for (const [name, entry] of directory.entries) {
        if (entry instanceof Directory) todo.push(entry);
        else if (entry.sectors.length > 0 && !entry.sparse) {
          files.push(entry);
          if (!directory.path.endsWith("/staging")) continue;
          staged.push(entry);
          if (name.endsWith(".open")) open.push(entry);
        }
      }
    }
    return { files, staged, open };
  }

  /** A server started: what failed before it is forgotten, but for bytes that rotted, which stay so. */
  restarted(host: HostName): void {
    const machine = this.#drill.sites[host].host;
    const volumes = [machine.data.volume, machine.logs.volume];
    for (const { volume } of machine.disks.values()) volumes.push(volume);
    // A flush that is still to fail will fail this server's.
    if (volumes.some(({ faults }) => faults.failFlushes + faults.flushErrorRate > 0)) {
      this.#drill.sites[host].unsound = true;
    }
    this.#failing[host] = this.#decayed.has(host) ||
      volumes.some(({ faults }) => isFailing(faults)) ||
      this.#disks(host).some(({ latent }) => latent.size > 0);
  }

  /** Everything heals, for good. */
  heal(): void {
    this.#quietSince = this.#drill.now;
    const { simulated, sites } = this.#drill;
    simulated.net.heal();
    this.#expired.clear();
    for (const link of this.#links("both")) link.speed = simulated.net.usual;
    for (const site of [sites.a, sites.b]) {
      const { host } = site;
      host.crashPlan = undefined;
      host.crashAmong = undefined;
      host.lag = 0;
      while (host.paused) host.resume();
      host.hypervisor.heal();
      host.data.volume.faults.heal();
      host.logs.volume.faults.heal();
      for (const { volume } of host.disks.values()) volume.faults.heal();
      for (const { latent } of this.#disks(site.name)) latent.clear();
      if (host.process === undefined) site.start();
    }
  }
}

/** What `usual` says where `change` says something. */
function partOf(usual: LinkSpeed, change: Partial<LinkSpeed>): Partial<LinkSpeed> {
  const keys = Object.keys(change) as (keyof LinkSpeed)[];
  return Object.fromEntries(keys.map((key) => [key, usual[key]]));
}

/** True for a device of which requests are still to fail. */
function isFailing(faults: StorageFaults): boolean {
  const { failReads, failWrites, failFlushes, readErrorRate, writeErrorRate } = faults;
  const { full, readOnly, vanished, flushErrorRate } = faults;
  return failReads + failWrites + failFlushes + readErrorRate + writeErrorRate > 0 ||
    flushErrorRate > 0 || full || readOnly || vanished;
}

/** The state files of a machine's replica. */
function stateFiles(host: SimHost, vm: string): FileNode[] {
  const folder = replicaFolder(host, vm);
  const files = ["state.0", "state.1"].map((name) => folder?.entries.get(name));
  return files.filter((entry) => entry instanceof FileNode);
}
