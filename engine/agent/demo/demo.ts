/**
 * The demo: two servers, a guest that never stops writing, cycles, the primary killed, a failover, and
 * a comparison of every byte with the demo's own record.
 *
 * @module
 */

import { localFailure } from "../../core/base/failure.ts";
import type { Terminal } from "../command/command.ts";
import { EXIT } from "../problem.ts";
import { playDisaster } from "./disaster.ts";
import { Stage } from "./stage.ts";
import { type DemoFacts, judge } from "./verdict.ts";

/** What a demo is told. */
export interface DemoOptions {
  /** The image to protect, absolute; without one the demo makes it. */
  readonly image: string | undefined;
  /** Where to work and leave everything, absolute. */
  readonly keep: string | undefined;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** Plays the demo, prints progress and verdict; returns the exit code. */
export async function runDemo({ image, keep, json, terminal }: DemoOptions): Promise<number> {
  const say = (line: string) => json ? terminal.err(line) : terminal.out(line);
  const stage = Stage.open(keep, say);
  const interruption = endOnSignals(stage);
  let facts: DemoFacts;
  try {
    facts = await playDisaster(stage, image);
  } catch (error) {
    // What fails after an interruption fails because of it.
    throw interruption.happened ? localFailure("cancelled", "The demo was interrupted") : error;
  } finally {
    await stage.close();
    interruption.stopListening();
  }
  const { ok, lostWrites, text } = judge(facts);
  const seconds = round(stage.seconds);
  const value = { ok, lostWrites, ...facts, seconds, kept: keep ?? null, verdict: text };
  const lines = [...text, ...keep === undefined ? [] : [`Everything is kept in ${keep}`]];
  if (json) terminal.out(`${JSON.stringify(value)}\n`);
  else terminal.out(`\n${lines.join("\n")}\n`);
  return ok ? EXIT.done : EXIT.failed;
}

interface Interruption {
  happened: boolean;
  stopListening(): void;
}

/** Whoever interrupts a demo gets processes and folders removed all the same. */
function endOnSignals(stage: Stage): Interruption {
  const interruption = { happened: false, stopListening };
  const end = () => {
    interruption.happened = true;
    stage.close().catch(() => {}).finally(() => Deno.exit(EXIT.failed));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, end);
  return interruption;

  function stopListening(): void {
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, end);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
