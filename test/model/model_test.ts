/**
 * The model-based property: whatever guests, administrators and misfortune do to two real servers, they
 * are what the reference model says.
 *
 * A failure prints what was done, shrunken, and one line that replays it. `WARMSITE_MODEL_MINUTES` looks
 * for longer, `WARMSITE_MODEL_SEED` elsewhere.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Kernel } from "../../engine/core/ports/codec.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { DONE, type Step } from "./command.ts";
import { commandsFor, PROTECTED_BY, PROTECTION, REVERSAL } from "./commands.ts";
import { blankImage } from "./reference/image.ts";
import { Reference } from "./reference/reference.ts";
import { Servers } from "./servers.ts";

/** Blocks of the machine's disks. */
const DISKS = [14, 9];
const COMMANDS_MAX = 60;
/** Runs in the time that a gate has, and the least, however long a busy machine takes for them. */
const RUNS = 1500;
const RUNS_MIN = 150;
const PATIENCE_MINUTES = 3.5;
/** In so many runs everything that can be done was done. */
const RUNS_TELLING = 500;
const GATE_MINUTES = 0.8;

/** What must have been done in these runs. */
const MUST = [
  "write at a",
  "write at b",
  "vm add at a done",
  "vm remove at a done",
  "replication enable at a done",
  "replication start at a done",
  "replication disable at a done",
  "replication disable at b done",
  "replication cycle at a done",
  "replication cycle at a refused",
  "failover start at b done",
  "failover start at b refused",
  "failover cancel at b done",
  "failover complete at b done",
  "failover reverse at b done",
  "failover start at a done",
  "failover reverse at a done",
  "replication cycle at b done",
  "failover planned at a done",
  "failover planned at b done",
  "failover test at b done",
  "failover test at a done",
  "replication set at a done",
  "resynchronization at once",
  "resynchronization really paused",
  "resynchronization really cancelled",
  "disk add at a where the machine is Replicating",
  "disk add at b where the machine is Replicating",
  "disk add at a where the machine is Disabled",
  "disk grow at a where the machine is Replicating",
  "disk grow at b where the machine is Replicating",
  "disk grow at a where the machine is Suspended",
  "disk grow at a where the machine is WaitingForInitialReplication",
  "disk exclude at a where the machine is Replicating",
  "disk exclude at b where the machine is Replicating",
  "disk include at a where the machine is Replicating",
  "disk include at b where the machine is Replicating",
  "disk remove at a where the machine is Replicating",
  "disk remove at b where the machine is Replicating",
  "disk change add refused where the machine is Suspended",
  "disk change exclude refused where the machine is Suspended",
  "disk change remove refused where the machine is WaitingForInitialReplication",
  "disk change exclude refused where the machine is FailedOverWaitingCompletion",
  "disks of a prepared machine are locked",
  "a machine with a disk that is left out was failed over at b",
  "a machine with a disk that is left out was failed over at a",
  "a machine was failed over to a point without one of its disks",
  "first copy by media",
  "first copy by existing copy",
  "paused at the writer with nothing",
  "paused at the writer with kill",
  "paused at the writer with power loss",
  "paused at its peer with nothing",
  "paused at its peer with kill",
  "paused at its peer with power loss",
  "replication verify at a done",
  "replication verify at b done",
  "restore",
  "cycle with write",
  "cycle with kill a",
  "cycle with kill b",
  "cycle with power a",
  "cycle with power b",
  "cycle with cut the link",
];

const minutes = Number(Deno.env.get("WARMSITE_MODEL_MINUTES") ?? GATE_MINUTES);
const longer = minutes > GATE_MINUTES;
const seed = Number(Deno.env.get("WARMSITE_MODEL_SEED") ?? 20_260_401);
const path = Deno.env.get("WARMSITE_MODEL_PATH");
const replayPath = Deno.env.get("WARMSITE_MODEL_COMMANDS");

/** What a run begins with. */
const BEGINNINGS: readonly (readonly [string, readonly Step[]])[] = [
  ["nothing is there", []],
  ["the machine is protected", PROTECTION],
  ["the machine is protected and was reversed", [...PROTECTION, ...REVERSAL]],
  ["the machine is protected by media", PROTECTED_BY[0] ?? []],
  ["the machine is protected from an existing copy", PROTECTED_BY[1] ?? []],
];

/** One run: a world, and what is done in it. */
function play(kernel: Kernel, world: number, keep: number, begun: number, steps: Iterable<Step>) {
  const setup = () => {
    const model = new Reference(keep, blankImage(DISKS));
    const real = new Servers(world, kernel, DISKS);
    for (const step of BEGINNINGS[begun]?.[1] ?? []) step.run(model, real);
    return { model, real };
  };
  fc.modelRun(setup, steps);
}

Deno.test("two servers are what the reference model says, whatever is done to them", () => {
  const kernel = loadKernel();
  let runs = 0;
  const property = fc.property(
    fc.noShrink(fc.nat(0x7fffffff)),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom<number>(1, 1, 2, 0, 3, 4),
    fc.commands(commandsFor(DISKS), {
      maxCommands: COMMANDS_MAX,
      size: "max",
      ...(replayPath === undefined ? {} : { replayPath }),
    }),
    (world, keep, begun, steps) => {
      runs++;
      play(kernel, world, keep, begun, steps);
    },
  );
  const look = (seed: number, numRuns: number, minutesMax: number) => {
    const found = fc.check(property, {
      seed,
      ...(path === undefined ? {} : { path, endOnFailure: true }),
      numRuns,
      interruptAfterTimeLimit: minutesMax * 60_000,
    });
    if (found.failed) assert.fail(told(found));
  };
  const began = performance.now();
  look(seed, RUNS_MIN, PATIENCE_MINUTES);
  if (path !== undefined) return;
  const left = minutes - (performance.now() - began) / 60_000;
  if (left > 0) look(seed + 1, longer ? 1_000_000 : RUNS - RUNS_MIN, left);
  const done = [...DONE].sort().map(([what, times]) => `${what} ${times}`);
  console.log(`${runs} runs: ${done.join(", ")}`);
  assert.ok(runs >= RUNS_MIN, `only ${runs} runs in the time there was`);
  // Where the machine was busy there were too few to ask that of.
  if (runs < RUNS_TELLING) return;
  assert.deepEqual(MUST.filter((what) => !DONE.has(what)), [], "never done");
});

/** What was done, what was wrong, and how to see it again. */
function told(found: fc.RunDetails<[number, number, number, Iterable<Step>]>): string {
  const [world, keep, begun, steps] = found.counterexample ?? [];
  const text = String(steps);
  const commands = /replayPath="([^"]*)"/.exec(text)?.[1] ?? "";
  return [
    found.errorInstance instanceof Error
      ? found.errorInstance.message
      : String(found.errorInstance),
    `World ${world}, ${keep} points are kept, ${BEGINNINGS[begun ?? 0]?.[0]} at first:`,
    ...text.replace(/\s*\/\*.*\*\//s, "").split(",").map((step) => `  ${step}`),
    `Replay: WARMSITE_MODEL_SEED=${found.seed} WARMSITE_MODEL_PATH=${found.counterexamplePath} ` +
    `WARMSITE_MODEL_COMMANDS=${commands} deno test -A test/model`,
  ].join("\n");
}
