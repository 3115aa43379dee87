/**
 * The demo: two servers, a guest that never stops writing, cycles, the primary killed, a failover, and
 * a comparison of every byte with the demo's own record.
 *
 * @module
 */

import type { Terminal } from "../command/command.ts";
import { EXIT } from "../problem.ts";
import { playDisaster } from "./disaster.ts";
import { Stage } from "./stage.ts";
import { type DemoFacts, judge } from "./verdict.ts";

/** A terminal that is closed ends a demo as well. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

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
  const stopListening = interruptOnSignals(stage);
  let facts: DemoFacts;
  try {
    facts = await playDisaster(stage, image);
  } catch (error) {
    // What fails after an interruption fails because of it.
    stage.checkOpen();
    throw error;
  } finally {
    await stage.close();
    stopListening();
  }
  const { ok, lostWrites, text } = judge(facts);
  const seconds = round(stage.seconds);
  const value = { ok, lostWrites, ...facts, seconds, kept: keep ?? null, verdict: text };
  const lines = [...text, ...keep === undefined ? [] : [`Everything is kept in ${keep}`]];
  if (json) terminal.out(`${JSON.stringify(value)}\n`);
  else terminal.out(`\n${lines.join("\n")}\n`);
  return ok ? EXIT.done : EXIT.failed;
}

/** Whoever interrupts a demo gets processes and folders removed all the same; the second time, not. */
function interruptOnSignals(stage: Stage): () => void {
  let again = false;
  const interrupt = () => {
    if (again) Deno.exit(EXIT.failed);
    again = true;
    stage.interrupt();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  return () => {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
