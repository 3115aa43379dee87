/**
 * A drill that its owner plays, some events at a time, and what is kept of it.
 *
 * Rule: it knows no clock but the world's and no thread: a page gives it slices of a few milliseconds, a command line gives it
 * all at once, and both get the same run.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../engine/core/base/units.ts";
import type { Kernel } from "../../engine/core/ports/codec.ts";
import { ScenarioRun } from "../../engine/sim/scenario/run.ts";
import type { ScenarioEvent } from "../../engine/sim/scenario/scenario.ts";
import { INVARIANTS } from "../../engine/sim/invariants/table.ts";
import type { DrillScenario } from "../scenario/drill_scenario.ts";
import { attendedRun } from "./attended_run.ts";
import { FrameMaker } from "./frames.ts";
import { Recorder } from "./recorder.ts";
import { type Frame, type Note, type Recording, RECORDING_BOUNDS } from "./recording.ts";
import { ScriptPlayer } from "./script_player.ts";
import { simulatedWorld, writesForEach } from "./simulated_world.ts";

/** How a drill is played. */
export interface SessionOptions {
  /** Another seed than the scenario's. */
  readonly seed?: number;
  /** What the engine that plays it is, for the recording. */
  readonly engineHash: string;
  /** Keeps display states; they are kept unless this is false. */
  readonly frames?: boolean;
}

/** Frames at even times, over the time of the script; as many again at most where something happens. */
const RHYTHM = Math.floor(RECORDING_BOUNDS.frames / 2);

/** Before that servers and guests are on their way up, µs: a first frame of it would show a disaster. */
const SETTLED = 100 * MILLISECOND;

/** A drill at work. */
export class DrillSession {
  /** When the script is over, µs; convergence follows. */
  readonly end: number;
  readonly #scenario: DrillScenario;
  readonly #options: SessionOptions;
  readonly #seed: number;
  readonly #run: ScenarioRun;
  readonly #recorder: Recorder;
  readonly #script: ScriptPlayer;
  readonly #maker: FrameMaker;
  readonly #frames: Frame[] = [];
  readonly #rhythm: number;
  #nextFrame = 0;
  #healed = false;
  #framesTaken = 0;
  #notesTaken = 0;

  /** Nothing has happened yet. */
  constructor(scenario: DrillScenario, kernel: Kernel, options: SessionOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#seed = options.seed ?? scenario.seed;
    this.end = scenario.end;
    const run = scenario.attended === true ? attendedRun(scenario, this.#seed) : undefined;
    const world = run?.scenario ??
      simulatedWorld(scenario, this.#seed, ScriptPlayer.foreseen(scenario));
    const asked = scenario.expect.find(({ kind }) => kind === "invariants");
    const ids = asked?.kind === "invariants" ? asked.ids : "all";
    const invariants = INVARIANTS.filter(({ id }) => ids === "all" || ids.includes(id));
    const happens = (event: ScenarioEvent) => {
      const step = run?.steps.get(event);
      if (step !== undefined) this.#script.happens(step);
    };
    this.#run = new ScenarioRun(world, kernel, { invariants, happens });
    const { drill } = this.#run;
    this.#recorder = new Recorder(scenario, drill);
    this.#script = new ScriptPlayer(scenario, drill, this.#recorder);
    this.#recorder.script = this.#script;
    this.#recorder.occurred = (name) => this.#script.occurred(name);
    this.#maker = new FrameMaker(scenario, drill, this.#recorder);
    this.#rhythm = Math.max(SECOND, Math.ceil(scenario.end / RHYTHM));
    drill.listeners.push(this.#recorder);
    drill.simulated.afterEvent.push(() => this.#look());
  }

  /** World time, µs. */
  get now(): number {
    return this.#run.drill.now;
  }

  /** Events of the world that have happened. */
  get events(): number {
    return this.#run.drill.simulated.events;
  }

  /** True when nothing more will happen. */
  get over(): boolean {
    return this.#run.over;
  }

  /** Lets at most so many events of the world happen. */
  advance(events: number): void {
    this.#run.advance(events);
    if (this.#run.over) this.#heal();
  }

  /** What was noted since this was asked last. */
  takeNotes(): Note[] {
    const taken = this.#recorder.notes.slice(this.#notesTaken);
    this.#notesTaken += taken.length;
    return taken;
  }

  /** Display states since this was asked last. */
  takeFrames(): Frame[] {
    const taken = this.#frames.slice(this.#framesTaken);
    this.#framesTaken += taken.length;
    return taken;
  }

  #heal(): void {
    if (this.#healed) return;
    this.#healed = true;
    this.#script.finish();
    this.#recorder.healed();
  }

  #look(): void {
    const { now } = this;
    this.#script.passes();
    if (now >= this.end && this.#run.drill.faults.quietFor >= 0) this.#heal();
    if (this.#options.frames !== false && now < this.end) this.#draw(now);
  }

  /** Draws what is due up to the end of the script: how the world heals behind it is for the judges, and no part of the drill. */
  #draw(now: number): void {
    if ((this.#run.drill.simulated.nextTime ?? this.end) >= this.end) {
      // At the end itself the script's faults are over, and everything begins to heal.
      this.#frames.push(this.#maker.make(this.end));
      return;
    }
    const due = now >= this.#nextFrame;
    const wanted = now >= SETTLED && (due || this.#recorder.notable);
    if (now >= SETTLED) this.#recorder.notable = false;
    if (!wanted) return;
    // What happens in between may not take the room of what comes by rhythm, nor of the last one.
    const spare = RECORDING_BOUNDS.frames - this.#frames.length - 1;
    if (spare <= 0) return;
    if (!due && spare <= Math.max(0, Math.ceil((this.end - now) / this.#rhythm))) return;
    if (due) this.#nextFrame = now - (now % this.#rhythm) + this.#rhythm;
    this.#frames.push(this.#maker.make());
  }

  /** What is kept of it, once it is over. */
  recording(): Recording {
    const { hash, events, micros, violation } = this.#run.result;
    const { notes, dropped, machines, converged } = this.#recorder;
    return {
      scenario: this.#scenario,
      seed: this.#seed,
      engineHash: this.#options.engineHash,
      traceHash: hash,
      events,
      ended: micros,
      violation,
      converged,
      notes,
      notesDropped: dropped,
      writes: [...machines].map(([vm, { writes }]) => {
        return writes.log(vm, writesForEach(vm, this.#scenario.world));
      }),
      frames: this.#frames,
    };
  }
}

/** Plays a drill from beginning to end. */
export function runDrill(
  scenario: DrillScenario,
  kernel: Kernel,
  options: SessionOptions,
): Recording {
  const session = new DrillSession(scenario, kernel, options);
  while (!session.over) session.advance(1_000_000);
  return session.recording();
}
