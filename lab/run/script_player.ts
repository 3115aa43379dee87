/**
 * Plays a script: every step at its time or behind its occurrence, and what came of it.
 *
 * Rule: it asks for what the script says and decides nothing. A verb that nobody answers is one that was not executed, and the
 * reason is told; an administrator's verb waits, a while, for the one before it to that server about that machine.
 *
 * @module
 */
// Long because: when a step begins, what it does and what became of it is one account of each.

import type { JsonObject } from "../../engine/core/base/json.ts";
import { asObject } from "../../engine/core/base/json.ts";
import { MINUTE, SECOND } from "../../engine/core/base/units.ts";
import type { Drill } from "../../engine/sim/scenario/drill.ts";
import { type MachineRun, replicaOf } from "../../engine/sim/scenario/machine_run.ts";
import { perform } from "../../engine/sim/scenario/run.ts";
import type { HostName, ScenarioEvent } from "../../engine/sim/scenario/scenario.ts";
import type { Actor } from "../../engine/sim/world.ts";
import type {
  DrillScenario,
  FaultStep,
  GuestStep,
  Step,
  StepHead,
  VerbStep,
} from "../scenario/drill_scenario.ts";
import type { ToldFailure } from "./recording.ts";
import { actionsOf, definitionOf } from "./faults_in_force.ts";
import { guestEvent, simulatedArguments, verbEvent } from "./script_events.ts";
import { sideOf } from "./verb_sides.ts";

/** How often an administrator looks whether the verb before is answered, and how long he waits for that, µs. */
const BUSY_LOOK = SECOND;
const BUSY_MAX = 5 * MINUTE;
/** A verb that was not sent to a server by then will not be, µs: its guest is shut down before some of them. */
const SENT_MAX = MINUTE;

/** What is told of a step. */
export interface StepNews {
  readonly step: Step;
  readonly phase: "begun" | "done" | "failed" | "skipped";
  readonly code?: string;
  readonly why?: string;
  readonly failure?: ToldFailure;
}

/** A fault that is in force, or was a moment ago. */
export interface FaultNews {
  readonly step: StepHead & FaultStep;
  readonly phase: "begin" | "end";
}

/** Hears of what happens in a script. */
export interface ScriptListener {
  step(news: StepNews): void;
  fault(news: FaultNews): void;
}

/** A verb that was typed and is not answered. */
interface Typed {
  readonly step: StepHead & VerbStep;
  /** The verb that was sent is this step's: no other one is taken for it. */
  sent: boolean;
}

/**
 * A script at work. That of an attended drill is done by its run, each step at its time; here it is only told what happens and
 * what became of it, and nothing is put among the events of the world.
 */
export class ScriptPlayer {
  readonly #scenario: DrillScenario;
  readonly #drill: Drill;
  readonly #listener: ScriptListener;
  /** When each step began, by its id. */
  readonly #begun = new Map<string, number>();
  /** Steps that wait for an occurrence, and from which of them on that counts. */
  readonly #waiting: Step[] = [];
  readonly #typed: Typed[] = [];
  readonly #ended = new Set<string>();
  /** Each step is somebody of its own: what happens at one moment keeps its order when another step is left out. */
  readonly #actors = new Map<string, Actor>();
  /** Of an attended drill: what is to be told later, and when. */
  readonly #due: { readonly at: number; readonly run: () => void }[] = [];

  constructor(scenario: DrillScenario, drill: Drill, listener: ScriptListener) {
    this.#scenario = scenario;
    this.#drill = drill;
    this.#listener = listener;
    if (scenario.attended === true) return;
    for (const step of scenario.script) {
      this.#actors.set(step.id, drill.simulated.actor(`step/${step.id}`));
      if (!("at" in step.when)) this.#waiting.push(step);
      else if (step.when.at < scenario.end) {
        this.#later(step, step.when.at, () => this.#begin(step));
      }
    }
  }

  /** Of an attended drill: a step is about to happen. */
  happens(step: Step): void {
    if (!this.#begun.has(step.id)) this.#begin(step);
  }

  /** Of an attended drill: time has gone on. */
  passes(): void {
    // Most drills are not attended, and this is asked after every event.
    if (this.#due.length === 0) return;
    for (const due of this.#due.filter(({ at }) => at <= this.#drill.now)) {
      this.#due.splice(this.#due.indexOf(due), 1);
      due.run();
    }
  }

  /** When a step began, µs; `undefined` for one that has not. */
  begunAt(id: string): number | undefined {
    return this.#begun.get(id);
  }

  /** Everything that the script may bring about, for judges that have to know of it beforehand: it stands at the end. */
  static foreseen(scenario: DrillScenario): ScenarioEvent[] {
    const at = scenario.end;
    return scenario.script.flatMap((step): ScenarioEvent[] => {
      if (step.kind === "fault") {
        return actionsOf(step, scenario, () => "a").map((action) => ({ at, ...action }));
      }
      if (step.kind !== "verb") return [];
      const args = simulatedArguments(step, scenario);
      return [{ at, ...verbEvent(scenario, step, sideOf(step, true), args, () => "a") }];
    });
  }

  /** Something occurred: `STEP`, `STEP.begin` or `VM.OCCURRENCE`. */
  occurred(name: string): void {
    for (const step of [...this.#waiting]) {
      if ("at" in step.when || step.when.after !== name || !this.#awaits(step)) continue;
      this.#waiting.splice(this.#waiting.indexOf(step), 1);
      const drill = this.#drill;
      this.#later(step, step.when.wait, () => {
        if (drill.now < this.#scenario.end) this.#begin(step);
      });
    }
  }

  /** What occurs to a machine counts for a step once the one before it has begun. */
  #awaits(step: Step): boolean {
    const { script } = this.#scenario;
    const name = "at" in step.when ? "" : step.when.after;
    if (script.some(({ id }) => name === id || name === `${id}.begin`)) return true;
    const before = script[script.indexOf(step) - 1];
    return before === undefined || this.#begun.has(before.id);
  }

  /** The script is over: what did not begin will not, and what has no answer will have none. */
  finish(): void {
    for (const { step } of [...this.#typed]) {
      this.#end(step, "skipped", "", "It was not answered before the drill was over");
    }
    for (const step of this.#scenario.script) {
      if (this.#begun.has(step.id) || this.#ended.has(step.id)) continue;
      const why = "at" in step.when
        ? "The drill was over before"
        : `"${step.when.after}" did not occur before the drill was over`;
      this.#end(step, "skipped", "", why);
    }
  }

  get #attended(): boolean {
    return this.#scenario.attended === true;
  }

  /** Does something of the script, unless its run does. */
  #perform(event: ScenarioEvent): void {
    if (!this.#attended) perform(this.#drill, event);
  }

  #later({ id }: Step, delay: number, run: () => void): void {
    if (this.#attended) this.#due.push({ at: this.#drill.now + delay, run });
    else this.#drill.simulated.schedule(delay, run, this.#actors.get(id));
  }

  #begin(step: Step): void {
    this.#begun.set(step.id, this.#drill.now);
    this.#listener.step({ step, phase: "begun" });
    this.occurred(`${step.id}.begin`);
    if (step.kind === "fault") this.#fault(step);
    else if (step.kind === "verb") this.#verb(step, 0);
    else this.#guest(step);
  }

  #end(
    step: Step,
    phase: "done" | "failed" | "skipped",
    code = "",
    why = "",
    failure: ToldFailure | undefined = undefined,
  ): void {
    if (this.#ended.has(step.id)) return;
    this.#ended.add(step.id);
    const at = this.#typed.findIndex((typed) => typed.step === step);
    if (at >= 0) this.#typed.splice(at, 1);
    this.#listener.step({
      step,
      phase,
      ...(code === "" ? {} : { code }),
      ...(why === "" ? {} : { why }),
      ...(failure === undefined ? {} : { failure }),
    });
    if (phase === "done") this.occurred(step.id);
  }

  /** Where a machine's primary is at this moment. */
  readonly #homeOf = (vm: number): HostName => this.#drill.machines[vm]?.home ?? "a";

  #fault(step: StepHead & FaultStep): void {
    this.#listener.fault({ step, phase: "begin" });
    for (const action of actionsOf(step, this.#scenario, this.#homeOf)) {
      this.#perform({ at: this.#drill.now, ...action });
    }
    const heal = () => {
      this.#listener.fault({ step, phase: "end" });
      this.#end(step, "done");
    };
    if (!definitionOf(step).lasting && step.for === 0) return heal();
    const left = this.#scenario.end - this.#drill.now;
    this.#later(step, step.for === 0 ? left : Math.min(left, step.for), heal);
  }

  #verb(step: StepHead & VerbStep, waited: number): void {
    const drill = this.#drill;
    const machine = drill.machine(step.vm);
    const host = this.#hostOf(step, machine);
    const site = machine === undefined
      ? drill.sites[host]
      : host === "a"
      ? drill.homeOf(machine)
      : drill.awayOf(machine);
    if (site.current === undefined) {
      const name = this.#scenario.world.sites[site.name === "a" ? 0 : 1].name;
      return this.#end(step, "failed", "no-server", `The server at ${name} did not answer`);
    }
    // Beside administrators who ask for things themselves a verb meets whatever there is.
    if (!this.#attended && machine !== undefined && drill.operator.busy(site, machine)) {
      if (waited >= BUSY_MAX) {
        const why = "The verb before it to the same server was not answered";
        return this.#end(step, "skipped", "", why);
      }
      this.#later(step, BUSY_LOOK, () => this.#verb(step, waited + BUSY_LOOK));
      return;
    }
    this.#typed.push({ step, sent: false });
    const args = this.#argumentsOf(step, machine);
    const action = verbEvent(this.#scenario, step, host, args, this.#homeOf);
    this.#perform({ at: drill.now, ...action });
    this.#later(step, SENT_MAX, () => {
      const typed = this.#typed.find((each) => each.step === step);
      if (typed?.sent !== false) return;
      this.#end(
        step,
        "skipped",
        "",
        "There was nothing to do it to: the machine is not in such a state",
      );
    });
  }

  /** The side whose server is asked. */
  #hostOf(step: VerbStep, machine: MachineRun | undefined): HostName {
    const { sites } = this.#scenario.world;
    const named = step.on === "" ? undefined : step.on === sites[0].name ? "a" : "b";
    if (machine === undefined) return named ?? "a";
    if (named === undefined) return sideOf(step, machine.failover !== undefined);
    return named === machine.home ? "a" : "b";
  }

  /** Arguments as the simulated servers take them; what only the run knows is looked up. */
  #argumentsOf(step: VerbStep, machine: MachineRun | undefined): JsonObject {
    const args = simulatedArguments(step, this.#scenario);
    const before = asObject(args["point"])?.["before"];
    if (typeof before !== "string") return args;
    return { ...args, point: { newest: this.#pointsSince(before, machine) } };
  }

  /** How many sound points of a machine's replica are not from before a step began. */
  #pointsSince(id: string, machine: MachineRun | undefined): number {
    const since = this.#begun.get(id) ?? Infinity;
    const server = machine === undefined ? undefined : this.#drill.awayOf(machine).current?.server;
    const points = server === undefined || machine === undefined
      ? []
      : replicaOf(server, machine.spec.name)?.store.points ?? [];
    return points.filter((point) =>
      point.broken === undefined && (machine?.cuts.get(point.id)?.time ?? 0) >= since
    ).length;
  }

  /** A server is asked: which step has asked it; what came of it is told to what is returned. */
  asked(
    verb: string,
    vm: string,
  ):
    | {
      readonly step: Step;
      answered(code: string, differs: boolean, failure: ToldFailure | undefined): void;
    }
    | undefined {
    const typed = this.#typed.find(({ step, sent }) =>
      !sent && step.verb === verb && step.vm === vm
    );
    if (typed === undefined) return undefined;
    typed.sent = true;
    const { step } = typed;
    return {
      step,
      answered: (code, differs, failure) => {
        if (code !== "") this.#end(step, "failed", code, "", failure);
        else if (differs) this.#end(step, "done", "differs", "The two sides differ");
        else this.#end(step, "done");
      },
    };
  }

  /** A server died: who had asked it hears nothing any more. */
  died(): void {
    const { sites } = this.#drill;
    for (const { step, sent } of [...this.#typed]) {
      if (!sent || sites.a.current !== undefined && sites.b.current !== undefined) continue;
      const machine = this.#drill.machine(step.vm);
      const host = this.#hostOf(step, machine);
      const site = machine === undefined
        ? sites[host]
        : host === "a"
        ? this.#drill.homeOf(machine)
        : this.#drill.awayOf(machine);
      if (site.current !== undefined) continue;
      this.#end(step, "failed", "connection-lost", "The server died before it answered");
    }
  }

  #guest(step: StepHead & GuestStep): void {
    const drill = this.#drill;
    const machine = drill.machine(step.vm);
    if (machine === undefined) return;
    const asked = guestEvent(step, this.#scenario);
    if (asked !== undefined) this.#perform({ at: drill.now, ...asked });
    else {
      const why = step.guest === "stop" ? this.#stop(machine) : this.#start(machine);
      if (why !== undefined) return this.#end(step, "skipped", "", why);
    }
    this.#end(step, "done");
  }

  /** Shuts a machine's guest down, on its failover where it runs there; why not, where it runs nowhere. */
  #stop(machine: MachineRun): string | undefined {
    const drill = this.#drill;
    const { failover, guest } = machine;
    if (failover?.guest.attached === true) {
      drill.within(drill.awayOf(machine), `shutdown/${guest.vm}`, () => failover.guest.detach());
      return undefined;
    }
    if (!guest.attached) return "Its guest does not run";
    machine.shut = true;
    drill.within(drill.homeOf(machine), `shutdown/${guest.vm}`, () => guest.detach());
    return undefined;
  }

  /** Starts a machine's guest: on its failover where it does not run there, else at its home; why not, where it cannot be. */
  #start(machine: MachineRun): string | undefined {
    const drill = this.#drill;
    const { failover } = machine;
    if (failover?.completed === true) {
      return "Its failover was completed: its disks are plain files of that site, which nothing serves in a drill. " +
        '"failover reverse" starts it there, protected the other way round';
    }
    const there = drill.awayOf(machine).current;
    if (failover !== undefined && !failover.guest.attached && there !== undefined) {
      failover.guest.attach(there);
      return undefined;
    }
    if (machine.guest.attached) return "Its guest runs already";
    const { current } = drill.homeOf(machine);
    machine.shut = false;
    if (current !== undefined) machine.guest.attach(current);
    return undefined;
  }
}
