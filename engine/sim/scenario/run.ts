/**
 * One run of a scenario: everything it does happens, then everything heals, and the world must come to
 * agree.
 *
 * @module
 */

import type { Kernel } from "../../core/ports/codec.ts";
import type { GuestAction, Scenario, ScenarioEvent } from "./scenario.ts";
import { INVARIANTS } from "../invariants/table.ts";
import type { Invariant } from "../invariants/fact.ts";
import type { Violation } from "../world.ts";
import { Load, LOAD_PENDING_MAX, type LoadSpec } from "../guests/load.ts";
import { EVENT } from "../trace.ts";
import { Drill } from "./drill.ts";
import { Ending } from "./ending.ts";
import { isGuest, isOperator, isServer } from "./event_families.ts";
import { generate } from "./generate.ts";
import type { MachineRun } from "./machine_run.ts";
import { type Pace, type Paced, until } from "./paced.ts";
import type { FaultAction } from "./scenario.ts";
import { checkVerbs } from "./verb_events.ts";

/** How a run is watched. */
export interface RunOptions {
  /** Who judges; everybody by default. */
  readonly invariants?: readonly Invariant[];
  /** Keeps the trace as text. */
  readonly keepTrace?: boolean;
  /** Administrators do what the scenario says, and nothing by themselves. */
  readonly unattended?: boolean;
  /** Hears of each event of the scenario as it is about to happen. */
  readonly happens?: (event: ScenarioEvent) => void;
}

/** What became of a run. */
export interface RunResult {
  /** What was found wrong first. */
  readonly violation: Violation | undefined;
  /** The trace's hash. */
  readonly hash: string;
  /** Events of the world that happened. */
  readonly events: number;
  /** Simulated time, µs. */
  readonly micros: number;
  /** How often each probe fired. */
  readonly probes: ReadonlyMap<string, number>;
  /** The trace, where it was kept. */
  readonly trace: readonly string[];
}

/** A run of a scenario that its owner drives, some events at a time. */
export class ScenarioRun {
  /** The world and everybody in it. */
  readonly drill: Drill;
  readonly #life: Paced;
  readonly #pace: Pace = { left: 0 };
  #over = false;

  /** Nothing has happened yet. Throws for a scenario that asks for verbs that there are not. */
  constructor(scenario: Scenario, kernel: Kernel, options: RunOptions = {}) {
    checkVerbs(scenario.events);
    const { invariants = INVARIANTS, keepTrace = false } = options;
    this.drill = new Drill(scenario, kernel, invariants, keepTrace);
    this.#life = live(this.drill, this.#pace, options);
  }

  /** True when nothing more will happen. */
  get over(): boolean {
    return this.#over;
  }

  /** Lets at most so many events of the world happen. */
  advance(events: number): void {
    if (events <= 0 || this.#over) return;
    this.#pace.left = events;
    this.#over = this.#life.next().done === true;
  }

  /** What has become of it so far. */
  get result(): RunResult {
    const { simulated } = this.drill;
    return {
      violation: simulated.violations[0],
      hash: simulated.trace.hash,
      events: simulated.events,
      micros: simulated.now,
      probes: simulated.probes,
      trace: simulated.trace.lines,
    };
  }
}

/** Everything that happens in a run. */
function* live(drill: Drill, pace: Pace, { unattended, happens }: RunOptions): Paced {
  const { scenario, simulated } = drill;
  drill.sites.a.start();
  drill.sites.b.start();
  if (unattended !== true) simulated.schedule(20_000, () => drill.operator.begin());
  const events = scenario.events.filter(({ at }) => at < scenario.quiet);
  events.sort((one, other) => one.at - other.at);
  play(drill, events, 0, happens);
  for (const load of scenario.loads ?? []) carry(drill, load);
  yield* until(simulated, pace, scenario.quiet);
  if (!simulated.stopped) yield* new Ending(drill, pace).run();
}

/** Runs a scenario; throws for one that asks for verbs that there are not. */
export function runScenario(
  scenario: Scenario,
  kernel: Kernel,
  options: RunOptions = {},
): RunResult {
  const run = new ScenarioRun(scenario, kernel, options);
  while (!run.over) run.advance(1_000_000);
  return run.result;
}

/** The run of a seed. */
export function runSeed(seed: number, kernel: Kernel, options: RunOptions = {}): RunResult {
  return runScenario(generate(seed), kernel, options);
}

/** Lets event `next` happen, and with it every later one: the queue holds one of them at a time. */
function play(
  drill: Drill,
  events: readonly ScenarioEvent[],
  next: number,
  happens?: (event: ScenarioEvent) => void,
): void {
  const event = events[next];
  if (event === undefined) return;
  drill.simulated.schedule(event.at - drill.now, () => {
    play(drill, events, next + 1, happens);
    happens?.(event);
    perform(drill, event);
  });
}

/** Has a guest do by itself what a load asks for, for as long as that goes on. */
function carry(drill: Drill, spec: LoadSpec): void {
  const machine = drill.machines[spec.vm];
  if (machine === undefined) return;
  const { simulated } = drill;
  const load = new Load(spec, simulated.stream(`load/${machine.spec.name}/${spec.id}`));
  const turn = () => {
    const waiting = machine.guest.pending + (machine.failover?.guest.pending ?? 0);
    if (waiting < LOAD_PENDING_MAX) {
      for (const asked of load.requests()) {
        guestActs(machine, asked);
      }
    }
    wait();
  };
  const wait = () => {
    const at = load.next(drill.now);
    if (at !== undefined) simulated.schedule(at - drill.now, turn, simulated.script, EVENT.guest);
  };
  wait();
}

/** Has a machine's guest do something, wherever it runs; also the one on a failover, until that is complete. */
function guestActs({ guest, failover }: MachineRun, action: GuestAction): void {
  guest.act(action);
  if (failover !== undefined && !failover.completed) failover.guest.act(action);
}

/** Lets one event happen at this moment. */
export function perform(drill: Drill, event: ScenarioEvent): void {
  if (isGuest(event)) {
    const machine = drill.machines[event.vm];
    if (machine !== undefined) guestActs(machine, event);
  } else if (isOperator(event)) drill.operator.act(event);
  else if (isServer(event)) drill.serverOperator.act(event);
  else drill.faults.act(event as FaultAction);
}
