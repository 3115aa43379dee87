/**
 * Writes down what happens in a run, as notes for people, logs of writes for reckoning, and maps for drawing.
 *
 * Rule: it watches and changes nothing: with or without it a run has the same trace (I51). Sites have their names of the drill
 * here, and bytes are those of the world that is meant.
 *
 * @module
 */
// Long because: one arm for everything that is told in a run.

import type { Failure } from "../../engine/core/base/failure.ts";
import { asObject, type Json, type JsonObject } from "../../engine/core/base/json.ts";
import { type PointId, SECOND } from "../../engine/core/base/units.ts";
import type { EngineEvent } from "../../engine/core/ports/observer.ts";
import type { Guest } from "../../engine/sim/guests/guest.ts";
import type { Fact, FactOf } from "../../engine/sim/invariants/fact.ts";
import type { Answered, Drill, DrillListener } from "../../engine/sim/scenario/drill.ts";
import type { MachineRun } from "../../engine/sim/scenario/machine_run.ts";
import type { HostName } from "../../engine/sim/scenario/scenario.ts";
import { SECTOR_SIZE } from "../../engine/sim/sectors.ts";
import type { DrillScenario, Step } from "../scenario/drill_scenario.ts";
import { MachineMaps, type Side } from "./disk_maps.ts";
import { definitionOf } from "./faults_in_force.ts";
import { type Note, RECORDING_BOUNDS, type ToldFailure } from "./recording.ts";
import type { FaultNews, ScriptListener, ScriptPlayer, StepNews } from "./script_player.ts";
import { bytesFor } from "./simulated_world.ts";
import { StandingTimes } from "./standing_times.ts";
import { MachineWrites } from "./write_logs.ts";

/** A note without its time. */
type Untimed<T> = T extends unknown ? Omit<T, "at"> : never;

/** What is followed of one machine. */
export interface Followed {
  readonly writes: MachineWrites;
  readonly maps: MachineMaps;
  readonly standing: StandingTimes;
  /** What each side last said: state, and health with its messages. */
  readonly said: [Said | undefined, Said | undefined];
  /** Its guests that run, with their sites: two of them where its history has split. */
  readonly running: Map<Guest, string>;
  /** Points that can be failed over to, at each side. */
  readonly points: readonly [Set<string>, Set<string>];
  moves: number;
}

/** What a server says of a machine. */
export interface Said {
  readonly state: string;
  readonly health: "Normal" | "Warning" | "Critical";
  readonly messages: readonly string[];
}

/** Kinds of notes that come with every cycle or more often: of these there may be too many. */
const OFTEN: ReadonlySet<Note["kind"]> = new Set([
  "cut",
  "staged",
  "applied",
  "dropped",
  "sent",
  "compared",
]);

/** How messages name a simulated host: by its address, or behind words that are about a peer. */
const PEER =
  /(\b|connection to |certificate of )(?<![\w-])([ab])(?::7700\b|(?= do not trust| has expired|: ))/g;

/** How they name its volumes. */
const VOLUME = /\b([ab])\/(?:data|logs|place\/[\w-]+)\/\d+/g;

/** How often what is sent is told at most, over the time of a script. */
const SENT_NOTES = 2000;

/** Watches a run. */
export class Recorder implements DrillListener, ScriptListener {
  readonly notes: Note[] = [];
  dropped = 0;
  readonly machines = new Map<string, Followed>();
  readonly faults = new Set<FaultNews["step"]>();
  converged: Record<string, boolean> | undefined;
  /** Something happened that a page should show at once. */
  notable = false;
  /** Hears of what occurs, by name. */
  occurred: (name: string) => void = () => {};
  script: ScriptPlayer | undefined;
  readonly #scenario: DrillScenario;
  readonly #drill: Drill;
  readonly #factor: number;

  constructor(scenario: DrillScenario, drill: Drill) {
    this.#scenario = scenario;
    this.#drill = drill;
    this.#factor = bytesFor(scenario.world);
    this.#telling = Math.max(SECOND, Math.floor(scenario.end / SENT_NOTES));
    for (const { spec } of drill.machines) {
      const blocks = spec.disks.map((sectors) => (sectors * SECTOR_SIZE) / scenario.world.block);
      this.machines.set(spec.name, {
        writes: new MachineWrites(this.site("a")),
        maps: new MachineMaps(blocks, (spec.used ?? 0) / 1_000_000),
        standing: new StandingTimes(),
        said: [undefined, undefined],
        running: new Map(),
        points: [new Set(), new Set()],
        moves: 0,
      });
    }
  }

  /** A site's name in the drill. */
  site(host: string): string {
    return this.#scenario.world.sites[host === "a" ? 0 : 1].name;
  }

  #note(note: Untimed<Note>): void {
    if (OFTEN.has(note.kind)) {
      if (this.notes.length >= RECORDING_BOUNDS.notes) {
        this.dropped++;
        return;
      }
    } else this.notable = true;
    this.notes.push({ at: this.#drill.now, ...note } as Note);
  }

  #occurred(vm: string, what: string): void {
    this.occurred(`${vm}.${what}`);
  }

  /** See `ScriptListener`. */
  step({ step, phase, code, why, failure }: StepNews): void {
    const told = {
      ...(failure === undefined ? {} : { failure }),
      ...(code === undefined ? {} : { code }),
      ...(why === undefined ? {} : { why }),
    };
    this.#note({ kind: "step", step: step.id, phase, ...told });
  }

  /** See `ScriptListener`. */
  fault({ step, phase }: FaultNews): void {
    if (phase === "begin") this.faults.add(step);
    else this.faults.delete(step);
    const spoils = definitionOf(step).recoverable ? {} : { spoils: true };
    this.#note({ kind: "fault", step: step.id, phase, fault: step.fault, on: step.on, ...spoils });
  }

  /** Everything heals. */
  healed(): void {
    for (const key of [...this.#unsaid.keys()]) this.#tellSent(key);
    for (const step of [...this.faults]) this.fault({ step, phase: "end" });
    this.#note({ kind: "healed" });
  }

  /** See `DrillListener`. */
  asked(host: HostName, verb: string, args: JsonObject): Answered {
    const vm = String(args["vm"] ?? "");
    const site = this.site(host);
    const asked = this.script?.asked(verb, vm);
    const from = asked === undefined ? {} : { step: asked.step.id };
    const part = { kind: "verb", verb, vm, site, byItself: asked === undefined, ...from } as const;
    const since = this.#drill.now;
    this.#note({ ...part, phase: "asked" });
    return (code, outcome) => {
      const took = this.#drill.now - since;
      const answer = "value" in outcome ? outcome.value : null;
      const failure = "value" in outcome ? undefined : this.#told(outcome);
      const equal = verb === "replication verify" ? asObject(answer)?.["equal"] : undefined;
      const found = typeof equal === "boolean" ? { equal } : {};
      this.#note({ ...part, phase: "answered", code, took, ...found, ...failure });
      if (verb === "failover resolve" && code === "") this.#resolved(vm, asked?.step);
      asked?.answered(code, equal === false, failure?.failure);
    };
  }

  /** Of two histories one was chosen: the one that a step says, or that of where the machine is. */
  #resolved(vm: string, step: Step | undefined): void {
    const keep = step?.kind === "verb" ? step.args["keep"] : undefined;
    const named = asObject(keep ?? null)?.["at"] ?? keep;
    const sites = this.#scenario.world.sites.map(({ name }) => name);
    const home = this.#drill.machine(vm)?.home;
    const site = sites.find((name) => name === named) ?? (home && this.site(home));
    if (site !== undefined) this.#note({ kind: "moved", vm, site, how: "resolved" });
  }

  /** A point that no cut made: what its site alone had when it gave way. */
  #points({ vm, points }: FactOf<"points">): void {
    const machine = this.#drill.machine(vm);
    const oldest = points[0]?.id;
    if (machine === undefined || oldest === undefined || this.#kept.has(oldest)) return;
    if (!this.#drill.auditor.isTail(machine, oldest as PointId)) return;
    this.#kept.add(oldest);
    const site = this.site(machine.home === "a" ? "b" : "a");
    this.#note({ kind: "kept", vm, site, point: oldest });
  }

  readonly #kept = new Set<string>();

  /** See `DrillListener`. */
  opened(host: HostName): void {
    this.#note({ kind: "host", site: this.site(host), what: "up" });
  }

  /** See `DrillListener`. */
  died(host: HostName, how: "kill" | "power"): void {
    const burnt = this.#drill.sites[host].host.power === "destroyed";
    const what = burnt ? "destroyed" : how === "power" ? "dark" : "down";
    this.#note({ kind: "host", site: this.site(host), what });
    if (burnt) {
      for (const { maps, points } of this.machines.values()) {
        maps.destroyed(sideOf(host));
        points[sideOf(host)].clear();
      }
    }
    this.script?.died();
  }

  /** See `DrillListener`. */
  runs(guest: Guest, host: HostName | undefined): void {
    const machine = this.#drill.machine(guest.vm);
    const followed = this.machines.get(guest.vm);
    if (machine === undefined || followed === undefined) return;
    if (host === undefined) {
      followed.running.delete(guest);
      if (followed.running.size === 0) followed.standing.stops(this.#drill.now);
      // Who shuts down a guest that died with its server stops nothing.
      const site = this.#lastSite.get(guest);
      if (site === undefined) return;
      this.#lastSite.delete(guest);
      this.#note({ kind: "guest", vm: guest.vm, site, runs: false });
      return;
    }
    const site = this.site(host);
    this.#lastSite.set(guest, site);
    followed.running.set(guest, site);
    followed.standing.runs(this.#drill.now);
    if (machine.failover?.guest === guest) this.#beganOn(machine, followed, host);
    this.#note({ kind: "guest", vm: guest.vm, site, runs: true });
    if (machine.failover?.guest === guest) this.#occurred(guest.vm, "failed-over");
    if (followed.moves !== machine.moves) {
      followed.moves = machine.moves;
      const how = machine.former === undefined ? "planned" : "reverse";
      if (how === "planned") {
        followed.writes.begin(this.#drill.now, site, machine.told.at(-1) ?? "");
      }
      this.#note({ kind: "moved", vm: guest.vm, site, how });
      this.#occurred(guest.vm, "moved");
    }
  }

  readonly #lastSite = new WeakMap<Guest, string>();
  readonly #onPoint = new WeakSet<Guest>();

  /** A guest begins on the point of a failover, the first time that it runs there. */
  #beganOn(machine: MachineRun, { writes, maps }: Followed, host: HostName): void {
    const { failover } = machine;
    if (failover === undefined || this.#onPoint.has(failover.guest)) return;
    this.#onPoint.add(failover.guest);
    writes.begin(this.#drill.now, this.site(host), failover.point);
    maps.begins(sideOf(host), failover.point);
  }

  /** See `DrillListener`. */
  fact(fact: Fact): void {
    switch (fact.kind) {
      case "engine":
        return this.#engine(fact.sighting.event, fact.sighting.host as HostName);
      case "reply":
        return this.#reply(fact);
      case "status":
        return this.#status(fact);
      case "points":
        return this.#points(fact);
      case "image": {
        const { vm, point, why, image, judgement: { mismatches, torn } } = fact;
        const equal = mismatches.length === 0 && torn === undefined;
        const bytes = image.reduce((sum, each) => sum + each.length, 0) * this.#factor;
        return this.#note({ kind: "compared", vm, point, why, equal, bytes });
      }
      case "moved": {
        const { vm, judgement: { mismatches }, different } = fact;
        const equal = mismatches.length === 0 && different.length === 0;
        return this.#note({ kind: "compared", vm, point: "", why: "moved", equal, bytes: 0 });
      }
      case "deadline":
        this.converged = { ...this.converged, [fact.vm]: fact.converged };
    }
  }

  #reply({ reply }: FactOf<"reply">): void {
    const { action, failure, vm, disk, host, sector, bytes } = reply;
    if (failure !== undefined || (action !== "write" && action !== "zero")) return;
    const followed = this.machines.get(vm);
    if (followed === undefined || sector === undefined || bytes === undefined) return;
    const { writes, maps } = followed;
    writes.wrote(this.#drill.now, this.site(host), bytes * this.#factor);
    const { block } = this.#scenario.world;
    const first = Math.floor((sector * SECTOR_SIZE) / block);
    const end = Math.ceil((sector * SECTOR_SIZE + bytes) / block);
    maps.wrote(sideOf(host), disk, first, end - first, writes.count);
  }

  #status({ host, vm, status }: FactOf<"status">): void {
    const followed = this.machines.get(vm);
    if (followed === undefined) return;
    const side = sideOf(host);
    const health = healthIn(status);
    const messages = textsIn(status["warnings"]).map((text) => this.#named(text));
    const state = String(status["state"]);
    const before = followed.said[side];
    followed.said[side] = { state, health, messages };
    if (before?.health === health && alike(before.messages, messages)) return;
    if (before === undefined && health === "Normal") return;
    this.#note({ kind: "health", vm, site: this.site(host), health, messages });
    if (before?.health === health) return;
    if (host === this.#drill.machine(vm)?.home) {
      this.#occurred(vm, health === "Normal" ? "well" : "unwell");
    }
  }

  // Long because: one arm for everything that an engine reports.
  #engine(event: EngineEvent, host: HostName): void {
    const site = this.site(host);
    const factor = this.#factor;
    switch (event.kind) {
      case "connected":
        return this.#note({ kind: "link", what: "connected", why: "" });
      case "disconnected":
        return this.#note({ kind: "link", what: "disconnected", why: this.#named(event.reason) });
      case "probe":
      case "view-given-up":
      case "freeze-failed":
        return;
    }
    const vm = event.machine;
    const followed = this.machines.get(vm);
    if (followed === undefined) return;
    switch (event.kind) {
      case "state": {
        const { from, to } = event;
        this.#note({ kind: "state", vm, site, from, to });
        if (to === "Error") this.#occurred(vm, "error");
        return;
      }
      case "failure": {
        const { code, message } = event.failure;
        const said = `${site}/${code}/${message}`;
        // What is tried again and again fails again and again: told once, until something else does.
        if (this.#failures.get(`${site}/${vm}`) === said) return;
        this.#failures.set(`${site}/${vm}`, said);
        const { refused: _, ...told } = this.#told(event.failure).failure;
        return this.#note({ kind: "failure", vm, site, code, ...told });
      }
      case "cut": {
        const writes = followed.writes.count;
        followed.maps.cut(sideOf(host), event.point, writes);
        const bytes = event.bytes * factor;
        return this.#note({ kind: "cut", vm, site, point: event.point, writes, bytes });
      }
      case "cut-failed":
        return this.#note({ kind: "cut-failed", vm, site, why: event.reason });
      case "sent":
        return this.#sent(vm, host, event);
      case "staged":
        if (host === this.#drill.machine(vm)?.home) return;
        for (const key of [...this.#unsaid.keys()]) if (key.endsWith(`/${vm}`)) this.#tellSent(key);
        followed.maps.staged(sideOf(host), event.point);
        followed.points[sideOf(host)].add(event.point);
        this.#note({ kind: "staged", vm, site, point: event.point });
        if (!this.#protected.has(vm)) {
          this.#protected.add(vm);
          this.#occurred(vm, "protected");
        }
        return this.#occurred(vm, "staged");
      case "applied":
        return this.#note({ kind: "applied", vm, site, point: event.point });
      case "dropped":
        followed.maps.dropped(event.point);
        followed.points[sideOf(host)].delete(event.point);
        return this.#note({ kind: "dropped", vm, site, point: event.point });
      case "failover":
        return this.#note({ kind: "failover", vm, site, phase: event.step, point: event.point });
    }
  }

  #told({ side, message, action }: Failure): { readonly failure: ToldFailure } {
    const refused = side === "request";
    const told = { message: this.#named(message), action: this.#named(action) };
    return { failure: { refused, ...told } };
  }

  /** A message of a server in which the other one has the name of its site. */
  #named(text: string): string {
    return text.replace(PEER, (_, before: string, host: string) => `${before}${this.site(host)}`)
      .replace(VOLUME, (_, host: string) => `the storage at ${this.site(host)}`);
  }

  /** Data goes out extent by extent: what was sent is told now and then, and at the end of each delta. */
  #sent(
    vm: string,
    host: HostName,
    { bytes, wire }: { readonly bytes: number; readonly wire: number },
  ): void {
    const key = `${host}/${vm}`;
    const sum = this.#unsaid.get(key) ?? { vm, host, since: this.#drill.now, bytes: 0, wire: 0 };
    sum.bytes += bytes;
    sum.wire += wire;
    this.#unsaid.set(key, sum);
    if (this.#drill.now - sum.since >= this.#telling) this.#tellSent(key);
  }

  #tellSent(key: string): void {
    const sum = this.#unsaid.get(key);
    if (sum === undefined) return;
    this.#unsaid.delete(key);
    const { vm, host } = sum;
    const [bytes, wire] = [sum.bytes * this.#factor, sum.wire * this.#factor];
    this.#note({ kind: "sent", vm, site: this.site(host), bytes, wire });
  }

  /** What was sent and not told yet, by site and machine. */
  readonly #unsaid = new Map<
    string,
    {
      readonly vm: string;
      readonly host: HostName;
      readonly since: number;
      bytes: number;
      wire: number;
    }
  >();
  readonly #telling: number;
  /** The failure that each site told last of each machine. */
  readonly #failures = new Map<string, string>();
  readonly #protected = new Set<string>();
}

/** Which of the two sites a host is. */
export function sideOf(host: string): Side {
  return host === "a" ? 0 : 1;
}

/** Whether a server says the same as before, but for the numbers in it. */
function alike(before: readonly string[], now: readonly string[]): boolean {
  const plain = (text: string | undefined) => text?.replace(/\d+/g, "0");
  return plain(before[0]) === plain(now[0]);
}

/** Health as a status has it; what is not protected has none that could be bad. */
function healthIn(status: JsonObject): Said["health"] {
  const { health } = status;
  return health === "Warning" || health === "Critical" ? health : "Normal";
}

/** The sentences of a list of warnings, as a status has them. */
function textsIn(warnings: Json | undefined): string[] {
  if (!Array.isArray(warnings)) return [];
  return warnings.map((each) => typeof each === "string" ? each : JSON.stringify(each)).slice(0, 8);
}
