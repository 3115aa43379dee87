/**
 * When a machine's guest did not run: incidents that nobody asked for, and downtime that somebody did, each with how long it
 * took to notice it, to decide, and to have the guest run again.
 *
 * Rule: an outage begins when the last of a machine's guests stops, and ends when one runs.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { FaultWindow, Outage } from "./drill_report.ts";
import { causeText, isOut } from "./faults.ts";
import { SECOND } from "./words.ts";

/** Verbs that stop a guest because whoever asked for them wants that. */
const STOPPING: ReadonlySet<string> = new Set([
  "failover planned",
  "failover prepare",
  "failover cancel",
  "failover complete",
  "failover reverse",
  "failover resolve",
  "replication start",
  "replication import",
  "vm remove",
]);

/** Of those, the ones that move a machine on purpose. */
const PLANNED: ReadonlySet<string> = new Set(["failover planned", "failover prepare"]);

/** Verbs that bring a guest back. */
const RECOVERING: ReadonlySet<string> = new Set([
  "failover start",
  "failover planned",
  "failover cancel",
  "failover resolve",
  "failover complete",
  "failover reverse",
]);

type GuestNote = Extract<Note, { kind: "guest" }>;
type Mutable = { -readonly [Key in keyof Outage]: Outage[Key] };

/** Every outage of a machine, in order. */
export function outagesOf(
  vm: string,
  recording: Recording,
  faults: readonly FaultWindow[],
): Outage[] {
  const outages: Mutable[] = [];
  const first = recording.notes.find((note) => note.kind === "guest" && note.vm === vm);
  const running = new Set(first?.kind === "guest" && !first.runs ? [first.site] : []);
  let open: Mutable | undefined;
  for (const note of recording.notes) {
    forget(running, note, vm);
    if (note.kind === "guest" && note.vm === vm) {
      if (note.runs) running.add(note.site);
      else if (!running.delete(note.site)) continue;
      if (note.runs && open !== undefined) {
        close(open, recording, note);
        open = undefined;
      } else if (!note.runs && running.size === 0) {
        outages.push(open = begin(recording, faults, note));
      }
    }
    // Whoever shut a guest down for a move meant to have it back: a host that goes then is an incident.
    if (note.kind === "host" && open !== undefined && open.kind !== "incident") {
      if (note.site !== open.site || !["dark", "destroyed", "down"].includes(note.what)) continue;
      const cause = causeText(recording, faults, vm, note.site, note.at);
      outages.push(open = fresh(vm, note.site, "incident", cause, note.at));
    }
  }
  if (open?.kind === "incident") open.lasted = splitOf(recording, open, null);
  outages.forEach((outage, index) => {
    const until = outage.ended ?? outages[index + 1]?.began ?? Infinity;
    if (isLeft(outage, until)) outage.kind = "left";
  });
  return outages;
}

/** A verb may stop a guest for as long as it works, µs: who is off for longer was left so, and nobody had planned that. */
const PAUSE_MAX = 60 * SECOND;

/** Whether a guest that a verb had ended was not started again. What the script itself stops it stopped on purpose. */
function isLeft({ kind, cause, began }: Outage, until: number): boolean {
  return kind === "asked" && !cause.startsWith("guest ") && until - began > PAUSE_MAX;
}

/** A failover that is cancelled has no guest any more, and a machine that has moved none where it was. */
function forget(running: Set<string>, note: Note, vm: string): void {
  if (note.kind === "failover" && note.vm === vm && note.phase === "cancelled") {
    running.delete(note.site);
  }
  if (note.kind !== "moved" || note.vm !== vm) return;
  for (const site of running) if (site !== note.site) running.delete(site);
}

/** Where guests of a machine run at the end. */
export function runsAtEnd(vm: string, notes: readonly Note[]): string {
  const running = new Set<string>();
  for (const note of notes) {
    forget(running, note, vm);
    if (note.kind !== "guest" || note.vm !== vm) continue;
    if (note.runs) running.add(note.site);
    else running.delete(note.site);
  }
  return [...running].join(" and ");
}

function fresh(
  vm: string,
  site: string,
  kind: Outage["kind"],
  cause: string,
  began: number,
): Mutable {
  const lasted = { total: null, detection: null, decision: null, recovery: null };
  return { vm, site, kind, cause, began, ended: null, runsAt: "", lasted };
}

function begin(
  recording: Recording,
  faults: readonly FaultWindow[],
  note: GuestNote,
): Mutable {
  const { vm, site, at } = note;
  const asked = isOut(recording.notes, site, at) ? undefined : askedFor(recording, note);
  if (asked === undefined) {
    return fresh(vm, site, "incident", causeText(recording, faults, vm, site, at), at);
  }
  const kind = PLANNED.has(asked) ? "planned" : "asked";
  return fresh(vm, site, kind, `${asked} was asked for`, at);
}

/** What somebody asked for that stops this guest at this moment, or undefined. */
function askedFor({ scenario, notes }: Recording, { vm, at, step }: GuestNote): string | undefined {
  const steps = new Map(scenario.script.map((one) => [one.id, one]));
  const open = new Map<string, string>();
  for (const note of notes) {
    if (note.at > at) break;
    if (note.kind === "verb" && note.vm === vm && STOPPING.has(note.verb)) {
      const key = `${note.site} ${note.verb}`;
      if (note.phase === "asked") open.set(key, note.verb);
      else if (note.at < at) open.delete(key);
    }
    if (note.kind !== "step" || note.step === undefined) continue;
    const told = steps.get(note.step);
    const key = `step ${note.step}`;
    if (note.phase !== "begun") {
      if (note.at < at) open.delete(key);
    } else if (told?.kind === "verb" && told.vm === vm && STOPPING.has(told.verb)) {
      open.set(key, told.verb);
    } else if (told?.kind === "guest" && told.vm === vm && told.guest === "stop") {
      open.set(key, "guest stop");
    }
  }
  const own = step === undefined ? undefined : steps.get(step);
  if (own?.kind === "verb" && own.vm === vm) return own.verb;
  if (own?.kind === "guest" && own.vm === vm) return `guest ${own.guest}`;
  const verbs = [...open.values()];
  return verbs.find((verb) => PLANNED.has(verb)) ?? verbs.at(-1);
}

function close(open: Mutable, recording: Recording, note: GuestNote): void {
  open.ended = note.at;
  open.runsAt = note.site;
  open.lasted = splitOf(recording, open, note.at);
}

/**
 * How long it took until somebody could know, until they asked for what helped, and until the guest ran. Who came back with
 * nobody's help needed no decision.
 */
function splitOf(recording: Recording, outage: Outage, ended: number | null): Outage["lasted"] {
  const { began, kind } = outage;
  if (kind !== "incident") {
    const total = ended === null ? null : ended - began;
    return { total, detection: null, decision: null, recovery: null };
  }
  const until = ended ?? Infinity;
  const within = recording.notes.filter(({ at }) => at >= began && at <= until);
  const noticed = within.find((note) => isSign(note, outage, recording))?.at ?? null;
  const asked = within.find((note) => isRemedy(note, outage, recording))?.at ?? null;
  if (ended === null) {
    const decision = asked === null || noticed === null ? null : asked - noticed;
    return {
      total: null,
      detection: noticed === null ? null : noticed - began,
      decision,
      recovery: null,
    };
  }
  const seen = noticed ?? began;
  const decided = asked ?? seen;
  return {
    total: ended - began,
    detection: seen - began,
    decision: decided - seen,
    recovery: ended - decided,
  };
}

/**
 * What an administrator can see at a site that is left, its health or a failure that its server reports (it lost its peer), or
 * the first verb that somebody asked about the machine.
 */
function isSign(note: Note, outage: Outage, recording: Recording): boolean {
  if (note.kind === "failure") {
    return (note.vm === outage.vm || note.vm === "") && note.site !== outage.site;
  }
  if (note.kind === "health") {
    return note.vm === outage.vm && note.site !== outage.site && note.health !== "Normal";
  }
  if (note.kind === "verb") {
    const counts = !note.byItself || RECOVERING.has(note.verb);
    return note.vm === outage.vm && note.phase === "asked" && counts;
  }
  return isRemedy(note, outage, recording);
}

function isRemedy(note: Note, { vm }: Outage, { scenario }: Recording): boolean {
  if (note.kind === "verb") {
    return note.vm === vm && note.phase === "asked" && RECOVERING.has(note.verb);
  }
  if (note.kind !== "step" || note.phase !== "begun") return false;
  const step = scenario.script.find(({ id }) => id === note.step);
  if (step?.kind === "guest") return step.vm === vm && step.guest === "start";
  return step?.kind === "verb" && step.vm === vm && RECOVERING.has(step.verb);
}
