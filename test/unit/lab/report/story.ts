/**
 * Recordings made by hand: a scenario of two sites and some machines, and what is noted of a run that never took place.
 *
 * Rule: it computes nothing that a report computes. Times are written in seconds.
 *
 * @module
 */

import type { Note, Recording, WriteLog } from "../../../../lab/run/recording.ts";
import type {
  DrillMachine,
  DrillScenario,
  Expectation,
  Step,
} from "../../../../lab/scenario/drill_scenario.ts";

/** µs of a second. */
export const S = 1_000_000;

/** What a note says, without the instant. */
type Said = Note extends infer One ? One extends unknown ? Omit<One, "at"> : never : never;

/** A machine as drills have it; one disk of 1 GiB. */
export function machineSpec(
  name: string,
  objective = { rpo: 300 * S, rto: 600 * S },
): DrillMachine {
  return {
    name,
    disks: [2 ** 30],
    used: 1_000_000,
    device: false,
    workloads: [],
    replication: {
      frequency: 300 * S,
      retention: "24h",
      compression: true,
      bandwidth: 0,
      appConsistent: 0,
      resync: "auto",
      firstCopy: { way: "network" },
    },
    objective,
  };
}

/** A run that is written down note by note. */
export class Story {
  readonly #notes: Note[] = [];
  readonly #writes = new Map<string, { at: number; bytes: number; branch: number }[]>();
  readonly #branches = new Map<string, WriteLog["branches"][number][]>();
  readonly machines: DrillMachine[];
  readonly script: Step[] = [];
  readonly expect: Expectation[] = [];
  scale = 1;
  title = "A drill";
  story = "";
  violation: Recording["violation"] = undefined;
  converged: Recording["converged"] = {};

  /** Machines that run at Amsterdam, and have replicas at Berlin. */
  constructor(...names: string[]) {
    this.machines = names.map((name) => machineSpec(name));
    for (const name of names) {
      this.#writes.set(name, []);
      this.#branches.set(name, [{ at: 0, site: "amsterdam", from: "" }]);
      this.note(0, { kind: "guest", vm: name, site: "amsterdam", runs: true });
    }
  }

  /** Something happens; `at` in seconds. */
  note(at: number, said: Said): this {
    this.#notes.push({ ...said, at: at * S } as Note);
    return this;
  }

  /** A write is acknowledged at each second from `first` to `last`. */
  writes(vm: string, first: number, last: number, branch = 0, bytes = 4096): this {
    for (let at = first; at <= last; at++) this.#writes.get(vm)!.push({ at, bytes, branch });
    return this;
  }

  /** A guest begins to write at a site, on a point. */
  branch(vm: string, at: number, site: string, from: string): this {
    this.#branches.get(vm)!.push({ at: at * S, site, from });
    return this;
  }

  /** A point of the first `writes` writes is cut at one second, and staged at the other side at another. */
  point(vm: string, point: string, cut: number, writes: number, staged?: number, at = "amsterdam") {
    const to = at === "amsterdam" ? "berlin" : "amsterdam";
    this.note(cut, { kind: "cut", vm, site: at, point, writes, bytes: 65_536 });
    if (staged === undefined) return this;
    this.note(staged, { kind: "sent", vm, site: at, bytes: 65_536, wire: 32_768 });
    return this.note(staged, { kind: "staged", vm, site: to, point });
  }

  /** An administrator asks for something. */
  asks(at: number, verb: string, vm: string, site: string): this {
    return this.note(at, { kind: "verb", phase: "asked", verb, vm, site, byItself: false });
  }

  /** What was asked for is done. */
  answered(at: number, verb: string, vm: string, site: string, code = ""): this {
    return this.note(at, {
      kind: "verb",
      phase: "answered",
      verb,
      vm,
      site,
      code,
      byItself: false,
    });
  }

  /** The recording, which ends at a second. */
  recording(ended: number): Recording {
    const scenario: DrillScenario = {
      formatVersion: 1,
      name: "a-drill",
      title: this.title,
      story: this.story,
      seed: 7,
      world: {
        scale: this.scale,
        block: this.scale === 1 ? 4096 : 512,
        sites: [
          { name: "amsterdam", storage: {}, clock: 0 },
          { name: "berlin", storage: {}, clock: 0 },
        ] as unknown as DrillScenario["world"]["sites"],
        link: { name: "wan", rtt: 20_000, jitter: 0, rate: 12_500_000 },
        machines: this.machines,
      },
      script: this.script,
      expect: this.expect,
      end: ended * S,
    };
    return {
      scenario,
      seed: 7,
      engineHash: "e".repeat(16),
      traceHash: "0123456789abcdef",
      events: 1000,
      ended: ended * S,
      violation: this.violation,
      converged: this.converged,
      notes: this.#notes.toSorted((left, right) => left.at - right.at),
      notesDropped: 0,
      writes: this.machines.map(({ name }) => this.#log(name)),
      frames: [],
    };
  }

  #log(vm: string): WriteLog {
    const writes = this.#writes.get(vm)!.toSorted((left, right) => left.at - right.at);
    return {
      vm,
      times: Float64Array.from(writes, ({ at }) => at * S),
      bytes: Float64Array.from(writes, ({ bytes }) => bytes),
      branch: Uint8Array.from(writes, ({ branch }) => branch),
      branches: this.#branches.get(vm)!,
    };
  }
}

/** A verb as a script has it. */
export function verbStep(id: string, at: number, verb: string, vm: string): Step {
  return { id, when: { at: at * S }, line: 1, kind: "verb", verb, vm, on: "", args: {} };
}

/** What a script does to a guest. */
export function guestStep(id: string, at: number, guest: "start" | "stop", vm: string): Step {
  const where = { disk: 0, offset: 0, length: 0, rough: false };
  return { id, when: { at: at * S }, line: 1, kind: "guest", guest, vm, ...where };
}

/** A fault as a script has it. */
export function faultStep(id: string, at: number, fault: string, on: string, lasts = 0): Step {
  return {
    id,
    when: { at: at * S },
    line: 1,
    kind: "fault",
    fault,
    on,
    for: lasts * S,
    params: {},
  };
}

/**
 * Amsterdam burns at second 852. erp writes once a second; the newest point at Berlin was cut at second 600, with 600 writes.
 * The health at Berlin tells at 882, somebody asks for the failover at 922, and the guest runs at 952.
 */
export function fire(): Story {
  const story = new Story("erp");
  story.script.push(faultStep("1", 852, "site.fire", "amsterdam"));
  story.script.push(verbStep("2", 922, "failover start", "erp"));
  return story.writes("erp", 1, 852)
    .point("erp", "p1", 300, 300, 310)
    .point("erp", "p2", 600, 600, 620)
    .note(852, { kind: "step", step: "1", phase: "begun" })
    .note(852, { kind: "fault", step: "1", phase: "begin", fault: "site.fire", on: "amsterdam" })
    .note(852, { kind: "host", site: "amsterdam", what: "destroyed" })
    .note(852, { kind: "guest", vm: "erp", site: "amsterdam", runs: false })
    .note(852, { kind: "step", step: "1", phase: "done" })
    .note(882, { kind: "health", vm: "erp", site: "berlin", health: "Warning", messages: ["late"] })
    .note(922, { kind: "step", step: "2", phase: "begun" })
    .asks(922, "failover start", "erp", "berlin")
    .note(932, { kind: "failover", vm: "erp", site: "berlin", phase: "started", point: "p2" })
    .answered(932, "failover start", "erp", "berlin")
    .note(932, { kind: "step", step: "2", phase: "done" })
    .branch("erp", 932, "berlin", "p2")
    .note(940, {
      kind: "compared",
      vm: "erp",
      point: "p2",
      why: "failover",
      equal: true,
      bytes: 2 ** 30,
    })
    .note(952, { kind: "guest", vm: "erp", site: "berlin", runs: true })
    .writes("erp", 953, 1000, 1);
}
