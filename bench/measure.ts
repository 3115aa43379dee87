/**
 * What every benchmark needs: medians and spreads, programs that are run, the state of the machine.
 *
 * Rule: contestants take turns, so that a slow minute of the machine hits all of them; a number is
 * the median of its rounds, shown with the lowest and the highest.
 *
 * @module
 */

import { cpus, loadavg, totalmem } from "node:os";

/** The checkout, with a `/` at its end. */
export const ROOT: string = new URL("..", import.meta.url).pathname;

/** The middle, the least and the most of several rounds. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The middle of `values`, of which there is at least one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The spread of `values`, of which there is at least one. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** `1.23 [1.10..1.40]`. */
export function showSpread({ median, low, high }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} [${low.toFixed(digits)}..${high.toFixed(digits)}]`;
}

/** Whether a floor is reached, in words. */
export function judge(reached: boolean): string {
  return reached ? "met" : "MISSED";
}

/** The machine in one line, with its load: timings mean nothing without it. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const load = loadavg().map((each) => each.toFixed(1)).join(" ");
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${cpu?.model ?? "CPU"}, ${memory} GiB, Linux ${Deno.osRelease()}, ` +
    `Deno ${Deno.version.deno}, load ${load}`;
}

/** Runs a program to its end; throws what it complained of unless it succeeded. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (success) return text.decode(stdout);
  throw new Error(`${program} ${args.join(" ")}: ${text.decode(stderr).trim()}`);
}

/** Seconds that `work` takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Resolves after `millis`. */
export function wait(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** Waits until `condition` holds, asking every 25 ms; throws after `limit` ms. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limit = 20_000,
): Promise<void> {
  const end = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limit} ms`);
    await wait(25);
  }
}

/** User and system time of a process so far, s; the kernel counts in hundredths. */
export function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A field of `/proc/PID/status` in bytes, such as `VmRSS` or `VmHWM`. */
export function memoryOf(pid: number, field: string): number {
  const line = Deno.readTextFileSync(`/proc/${pid}/status`).split("\n")
    .find((each) => each.startsWith(`${field}:`));
  return Number(line?.split(/\s+/)[1] ?? NaN) * 1024;
}

/** Bytes that loopback of this network namespace has carried. */
export function loopbackBytes(): number {
  const line = Deno.readTextFileSync("/proc/net/dev").split("\n")
    .find((each) => each.trim().startsWith("lo:"));
  return Number(line?.trim().split(/\s+/)[9] ?? NaN);
}
