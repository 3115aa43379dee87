/**
 * How a machine came back or moved: which point it went on with, how old that was, and what the point lacked.
 *
 * The mainline is the branch that a machine is written on: that of a failover from its start, the one before when it is
 * cancelled, and the one that is kept when two sites have written.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { Loss, Outage, Recovery } from "./drill_report.ts";
import { Standstills } from "./standstills.ts";
import type { WriteHistory } from "./write_history.ts";

/** From an instant on a machine is written on this branch. */
export interface Mainline {
  readonly at: number;
  readonly branch: number;
  readonly site: string;
  /** It came to this site by a planned move: the site that it left has everything until then. */
  readonly planned: boolean;
}

/** Recoveries of one machine, and the branches that it was written on. */
export interface MachineRecoveries {
  readonly recoveries: Recovery[];
  readonly mainline: Mainline[];
}

type Mutable = { -readonly [Key in keyof Recovery]: Recovery[Key] };
type Of<Kind extends Note["kind"]> = Extract<Note, { kind: Kind }>;

/** A recovery under way, with the branches between which it chose. */
interface Change {
  readonly recovery: Mutable;
  readonly old: Mainline;
  /** The branch that it began, or -1 if no guest was started on it. */
  readonly branch: number;
}

/** Follows one machine through a run. */
class Follower {
  readonly #recording: Recording;
  readonly #history: WriteHistory;
  readonly #outages: readonly Outage[];
  readonly #changes: Change[] = [];
  readonly #givenUp = new Set<number>();
  readonly #standstills: Standstills;
  readonly mainline: Mainline[];
  /** When somebody last asked for a failover of it, and whether that was a planned one. */
  #asked: { readonly at: number; readonly planned: boolean } | undefined;

  constructor(recording: Recording, history: WriteHistory, outages: readonly Outage[]) {
    this.#recording = recording;
    this.#history = history;
    this.#outages = outages;
    const site = history.log.branches[0]?.site ?? recording.scenario.world.sites[0].name;
    this.mainline = [{ at: 0, branch: 0, site, planned: false }];
    this.#standstills = new Standstills(outages);
  }

  get recoveries(): Mutable[] {
    return this.#changes.map(({ recovery }) => recovery);
  }

  take(note: Note): void {
    if (note.kind === "verb" && note.phase === "asked" && !note.byItself) this.#ask(note);
    if (note.kind === "kept") this.#kept(note);
    if (note.kind === "failover") this.#failover(note);
    if (note.kind === "moved") this.#moved(note);
  }

  #ask({ verb, at }: Of<"verb">): void {
    if (verb === "failover start") this.#asked = { at, planned: false };
    if (verb === "failover planned" || verb === "failover prepare") {
      this.#asked = { at, planned: true };
    }
  }

  #now(): Mainline {
    return this.mainline.at(-1)!;
  }

  #goOn(at: number, branch: number, site: string, planned = false): void {
    const now = this.#now();
    if (now.branch === branch && now.site === site) return;
    this.mainline.push({ at, branch, site, planned });
  }

  #failover({ phase, point, site, at }: Of<"failover">): void {
    if (phase === "started") {
      const planned = (this.#asked?.planned ?? false) || this.#shutDown(at);
      return this.#change(planned ? "planned" : "failover", point, site, at);
    }
    const change = this.#changes.findLast(({ recovery }) =>
      recovery.to === site && recovery.state === "started"
    );
    if (change === undefined) return;
    if (phase === "completed") change.recovery.state = "completed";
    else this.#undo(change, at, "cancelled");
  }

  /** Its guest was shut down for a move, and has not run since. */
  #shutDown(at: number): boolean {
    const outage = this.#outages.findLast(({ began }) => began <= at);
    return outage?.kind === "planned" && (outage.ended === null || outage.ended >= at);
  }

  #undo(change: Change, at: number, state: "cancelled" | "started"): void {
    const { recovery, old, branch } = change;
    recovery.state = state;
    if (branch >= 0) this.#givenUp.add(branch);
    if (recovery.loss !== null) {
      const discarded = branch < 0 ? 0 : this.#history.writesOn(branch);
      recovery.loss = { ...recovery.loss, fate: "undone", discarded };
    }
    this.#goOn(at, old.branch, old.site);
  }

  #moved({ how, site, at }: Of<"moved">): void {
    if (how === "planned") {
      const last = this.#changes.at(-1);
      const isSame = last?.recovery.kind === "planned" && last.recovery.to === site &&
        ["started", "completed"].includes(last.recovery.state);
      if (isSame) last.recovery.state = "moved";
      else this.#change("planned", this.#pointOfMove(site, at), site, at, "moved");
      return;
    }
    const branch = this.#history.branchAt(site, at, this.#givenUp);
    if (how === "resolved") this.#resolve(branch, site, at);
    else this.#goOn(at, this.#history.log.branches[branch]?.site === site ? branch : 0, site);
  }

  /** What a failover lacked was not lost: the site that it left has a point of it. */
  #kept({ site }: Of<"kept">): void {
    const change = this.#changes.findLast(({ old, recovery }) =>
      old.site === site && recovery.state !== "cancelled"
    );
    if (change?.recovery.loss?.fate !== "lost") return;
    change.recovery.loss = { ...change.recovery.loss, fate: "kept" };
  }

  /** Two sites had written, and this one goes on. */
  #resolve(branch: number, site: string, at: number): void {
    const change = this.#changes.findLast(({ recovery }) => recovery.state !== "cancelled");
    if (change === undefined) return this.#goOn(at, branch, site);
    if (change.old.site === site) return this.#undo(change, at, "started");
    const { recovery } = change;
    if (recovery.loss !== null && recovery.loss.writes > 0) {
      recovery.loss = { ...recovery.loss, fate: "kept" };
    }
    this.#goOn(at, change.branch >= 0 ? change.branch : branch, site);
  }

  /** The branch that begins at a site with a point, soonest behind an instant. */
  #branchOf(site: string, point: string, since: number): number {
    const branches = this.#history.log.branches;
    const fits = (index: number) =>
      index > 0 && branches[index]!.site === site && branches[index]!.at >= since &&
      (point === "" || branches[index]!.from === point) &&
      !this.#changes.some(({ branch }) => branch === index);
    return branches.findIndex((_, index) => fits(index));
  }

  /** A move tells no point: its branch does. */
  #pointOfMove(site: string, at: number): string {
    const branch = this.#branchOf(site, "", this.#asked?.at ?? at);
    return this.#history.log.branches[branch]?.from ?? "";
  }

  #change(
    kind: "failover" | "planned",
    point: string,
    site: string,
    at: number,
    state: Recovery["state"] = "started",
  ): void {
    const old = this.#now();
    const asked = this.#asked?.at ?? at;
    const branch = this.#branchOf(site, point, asked);
    const incident = this.#incidentOf(old, at);
    const began = incident === null ? asked : this.#outages[incident]!.began;
    const loss = this.#lossOf(old.branch, point);
    const rpo = loss === null
      ? null
      : loss.oldest === null
      ? 0
      : this.#standstills.workBetween(loss.oldest, began);
    const recovery: Mutable = {
      vm: this.#history.log.vm,
      kind,
      from: old.site,
      to: site,
      asked,
      at,
      point,
      pointCut: this.#history.cuts.get(point)?.at ?? null,
      newer: this.#newer(site, point, at),
      incident,
      state,
      rpo,
      loss,
    };
    this.#changes.push({ recovery, old, branch });
    this.#goOn(at, branch >= 0 ? branch : old.branch, site, kind === "planned" && !loss?.writes);
  }

  /** The incident that stopped the guest of the old branch, if it has not run there since. */
  #incidentOf({ site }: Mainline, at: number): number | null {
    const index = this.#outages.findLastIndex((outage) =>
      outage.kind === "incident" && outage.site === site && outage.began <= at
    );
    const incident = this.#outages[index];
    if (incident === undefined) return null;
    const ranAgain = this.#recording.notes.some((note) =>
      note.kind === "guest" && note.vm === this.#history.log.vm && note.site === site &&
      note.runs && note.at > incident.began && note.at < at
    );
    return ranAgain ? null : index;
  }

  #lossOf(branch: number, point: string): Loss | null {
    const part = this.#history.contentsOfPoint(point);
    if (part === undefined) return null;
    const compared = this.#history.compare(this.#history.contentsOfBranch(branch), part);
    return { ...compared, fate: compared.writes > 0 ? "lost" : "none", discarded: 0 };
  }

  /** Points at a site that were cut behind this one, and could have been taken. */
  #newer(site: string, point: string, at: number): number {
    const cut = this.#history.cuts.get(point);
    if (cut === undefined) return 0;
    const newer = new Set<string>();
    for (const note of this.#recording.notes) {
      if (note.at > at) break;
      if (note.kind !== "staged" && note.kind !== "dropped") continue;
      if (note.vm !== this.#history.log.vm || note.site !== site) continue;
      if (note.kind === "dropped") newer.delete(note.point);
      else if ((this.#history.cuts.get(note.point)?.at ?? -1) > cut.at) newer.add(note.point);
    }
    return newer.size;
  }
}

/** What became of an outage that no failover ended. */
function withoutFailover(outage: Outage, index: number): Recovery {
  const back = outage.ended !== null;
  return {
    vm: outage.vm,
    kind: back ? "restart" : "none",
    from: outage.site,
    to: outage.runsAt,
    asked: null,
    at: outage.ended,
    point: "",
    pointCut: null,
    newer: 0,
    incident: outage.kind === "incident" ? index : null,
    state: "none",
    rpo: back ? 0 : null,
    loss: null,
  };
}

/** Every recovery of a machine: failovers, moves, and incidents that ended otherwise or never. */
export function recoveriesOf(
  recording: Recording,
  history: WriteHistory,
  outages: readonly Outage[],
): MachineRecoveries {
  const follower = new Follower(recording, history, outages);
  for (const note of recording.notes) {
    if ("vm" in note && note.vm === history.log.vm) follower.take(note);
  }
  const recoveries: Recovery[] = follower.recoveries;
  outages.forEach((outage, index) => {
    if (outage.kind !== "incident") return;
    const isIn = ({ at }: Recovery) =>
      at !== null && at >= outage.began && (outage.ended === null || at <= outage.ended);
    if (!recoveries.some((one) => one.state !== "none" && isIn(one))) {
      recoveries.push(withoutFailover(outage, index));
    }
  });
  const when = ({ at, incident }: Recovery) =>
    at ?? (incident === null ? Infinity : outages[incident]!.began);
  recoveries.sort((left, right) => when(left) - when(right));
  return { recoveries, mainline: follower.mainline };
}
