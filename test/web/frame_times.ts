/**
 * How long pictures of the page take, recorded while tests look at it.
 *
 * Rule: they are recorded, never judged: a test machine has other things to do. docs/BENCHMARKS.md has those of a quiet one.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

/** From one picture to the next, ms. */
export interface FrameTimes {
  readonly frames: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

const FOLDER = fileURLToPath(new URL("../../.cache", import.meta.url));

/** Measures the pictures of so many milliseconds. */
export async function measureFrames(page: Page, milliseconds: number): Promise<FrameTimes> {
  const times = await page.evaluate(async (milliseconds) => {
    const { requestAnimationFrame } = globalThis as unknown as {
      requestAnimationFrame: (draw: (now: number) => void) => void;
    };
    const next = () => new Promise<number>((drawn) => requestAnimationFrame(drawn));
    const times: number[] = [];
    const begun = await next();
    for (let last = begun; last - begun < milliseconds;) {
      const now = await next();
      times.push(now - last);
      last = now;
    }
    return times;
  }, milliseconds);
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) => {
    const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
    return Math.round((sorted[index] ?? 0) * 10) / 10;
  };
  return { frames: sorted.length, median: at(0.5), p95: at(0.95), max: at(1) };
}

/** Keeps what was measured under a name, in `.cache/frame-times.json`, and prints it. */
export function recordFrames(name: string, times: FrameTimes): void {
  const { frames, median, p95, max } = times;
  console.log(`Frames of ${name}: ${frames}; median ${median} ms, p95 ${p95} ms, max ${max} ms`);
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}/frame-times.json`;
  const recorded = { ...recordedIn(file), [name]: { ...times, at: new Date().toISOString() } };
  writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
}

function recordedIn(file: string): object {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}
