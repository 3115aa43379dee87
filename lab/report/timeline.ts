/**
 * What happened, in order and in words: what a person who watched would have written down.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { Step } from "../scenario/drill_scenario.ts";
import type { TimelineEntry } from "./drill_report.ts";
import { placeText } from "./faults.ts";
import { stepText } from "./steps.ts";
import { instantText } from "./words.ts";

/** Entries that are kept; of more, the first ones. */
const ENTRIES_MAX = 1000;

type Of<Kind extends Note["kind"]> = Extract<Note, { kind: Kind }>;

/** What becomes of a host. */
const HOSTS: Readonly<Record<Of<"host">["what"], string>> = {
  up: "its server is up",
  down: "its server died",
  dark: "it lost power",
  lit: "it has power again",
  destroyed: "it was destroyed with everything on it",
  replaced: "it was replaced by an empty one",
  paused: "its server stands still",
  resumed: "its server goes on",
};

const FAILOVERS: Readonly<Record<Of<"failover">["phase"], string>> = {
  started: "failed over to",
  cancelled: "failover cancelled at",
  completed: "failover completed at",
};

const MOVES: Readonly<Record<Of<"moved">["how"], string>> = {
  planned: "moved as planned, is written at",
  reverse: "replication reversed, is written at",
  resolved: "two histories resolved, is written at",
};

/** Everything that a reader should see of a run. */
export function timelineOf(recording: Recording): TimelineEntry[] {
  const teller = new Teller(recording);
  const entries: TimelineEntry[] = [];
  for (const note of recording.notes) {
    const entry = teller.tell(note);
    if (entry !== undefined) entries.push({ at: note.at, ...entry });
    if (entries.length >= ENTRIES_MAX) break;
  }
  return entries;
}

type Untimed = Omit<TimelineEntry, "at">;

/** Tells notes one after the other; of what repeats itself, what is new. */
class Teller {
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #sites: readonly string[];
  readonly #link: string;
  /** When each point was cut. */
  readonly #cuts = new Map<string, number>();
  /** Where each machine is written, and whether a point of it was told of at the other side since it is. */
  readonly #homes = new Map<string, { readonly site: string; readonly again: boolean }>();
  readonly #safe = new Set<string>();
  /** What was told last of the link; machines of which the newest point is not what its guest wrote. */
  #connected = "";
  /** Why it was lost, ever. */
  readonly #losses: ReadonlySet<string>;
  readonly #spoiled = new Set<string>();
  readonly #begun = new Map<string, number>();

  constructor({ scenario, notes }: Recording) {
    this.#steps = new Map(scenario.script.map((step) => [step.id, step]));
    this.#link = scenario.world.link.name;
    this.#losses = new Set(notes.flatMap((note) => note.kind === "link" ? [note.why] : []));
    this.#sites = scenario.world.sites.map(({ name }) => name);
    for (const { name } of scenario.world.machines) {
      this.#homes.set(name, { site: this.#sites[0]!, again: false });
    }
    for (const note of notes) {
      if (note.kind === "cut" && !this.#cuts.has(note.point)) this.#cuts.set(note.point, note.at);
    }
  }

  // Long because: each kind of note has its few lines.
  tell(note: Note): Untimed | undefined {
    switch (note.kind) {
      case "step":
        return this.#step(note);
      case "staged":
        return this.#staged(note);
      case "host":
        return { who: placeText(note.site), what: HOSTS[note.what] };
      case "guest":
        return { who: note.vm, what: `${note.runs ? "runs" : "stops"} at ${placeText(note.site)}` };
      case "failover":
        return this.#failover(note);
      case "moved":
        this.#goesOn(note.vm, note.site);
        return { who: note.vm, what: `${MOVES[note.how]} ${placeText(note.site)}` };
      case "kept": {
        const what = `what ${placeText(note.site)} alone had written is kept there as a point`;
        return { who: note.vm, what: `${what}, ${note.point.slice(0, 8)}` };
      }
      case "state":
        return stateEntry(note);
      case "link":
        return this.#linked(note);
      case "failure":
        // Both ends of a connection that is lost report what is told of the link.
        if (this.#losses.has(note.message)) return undefined;
        return {
          who: note.vm === "" ? placeText(note.site) : note.vm,
          what: `${placeText(note.site)} reports: ${note.message}`,
        };
      case "compared":
        return this.#compared(note);
      case "health": {
        const why = note.messages[0] === undefined ? "" : `: ${note.messages[0]}`;
        return { who: note.vm, what: `${placeText(note.site)} says ${note.health}${why}` };
      }
      case "healed":
        return { who: "drill", what: "over: everything heals" };
      default:
        return undefined;
    }
  }

  #pointText(point: string): string {
    const cut = this.#cuts.get(point);
    return cut === undefined ? `the point ${point}` : `the point of ${instantText(cut)}`;
  }

  #step(note: Of<"step">): Untimed {
    const { step = "", phase, code = "", why = "", at } = note;
    const told = this.#steps.get(step);
    if (phase === "begun") {
      this.#begun.set(step, at);
      return { who: `step ${step}`, what: told === undefined ? "begun" : stepText(told) };
    }
    const because = [code, why].filter((text) => text !== "").join(": ");
    // A fault is not done but over; one that takes no time was done.
    const isOver = phase === "done" && told?.kind === "fault" && this.#begun.get(step) !== at;
    const what = isOver ? "over" : phase;
    return { who: `step ${step}`, what: `${what}${because === "" ? "" : `: ${because}`}` };
  }

  /** The first point at the other side, counted anew where the machine changes sides. */
  #staged({ vm, site, point }: Of<"staged">): Untimed | undefined {
    const home = this.#homes.get(vm);
    if (this.#safe.has(vm) || site === home?.site) return undefined;
    this.#safe.add(vm);
    const first = `its first point is at ${placeText(site)}`;
    return {
      who: vm,
      what: home?.again === true
        ? `is protected again: ${first}, ${this.#pointText(point)}`
        : `is protected: ${first}`,
    };
  }

  #goesOn(vm: string, site: string): void {
    if (this.#homes.get(vm)?.site === site) return;
    this.#homes.set(vm, { site, again: true });
    this.#safe.delete(vm);
  }

  /** Nobody was written at this site: the other one goes on, and the points here are its own still. */
  #goesBack(vm: string, from: string): void {
    const site = this.#sites.find((name) => name !== from) ?? from;
    this.#homes.set(vm, { site, again: true });
    this.#safe.add(vm);
  }

  #failover({ vm, site, phase, point }: Of<"failover">): Untimed {
    if (phase === "started") this.#goesOn(vm, site);
    if (phase === "cancelled") this.#goesBack(vm, site);
    const to = phase === "started" ? `, to ${this.#pointText(point)}` : "";
    return { who: vm, what: `${FAILOVERS[phase]} ${placeText(site)}${to}` };
  }

  #linked({ what, why }: Of<"link">): Untimed | undefined {
    if (this.#connected === what) return undefined;
    this.#connected = what;
    return { who: this.#link, what: `the servers are ${what}${why === "" ? "" : `: ${why}`}` };
  }

  #compared({ vm, equal, point, why }: Of<"compared">): Untimed | undefined {
    if (!equal) {
      this.#spoiled.add(vm);
      const what = point === "" ? "what it was started on" : this.#pointText(point);
      return { who: vm, what: `${what} does not hold what its guest wrote` };
    }
    if (why !== "staged" || !this.#spoiled.delete(vm)) return undefined;
    return { who: vm, what: `${this.#pointText(point)} holds what its guest wrote again` };
  }
}

/** Replication that stopped, or goes on. */
function stateEntry({ vm, site, from, to }: Of<"state">): Untimed | undefined {
  if (to === "Error") return { who: vm, what: `replication at ${placeText(site)} stops: Error` };
  if (from !== "Error") return undefined;
  return { who: vm, what: `replication at ${placeText(site)} goes on: ${to}` };
}
