/**
 * What the tests of power loss work with: real ports without a network, folders in memory where there
 * are any, and the choice of the moments at which power is lost.
 *
 * @module
 */

import type { Folder } from "../../engine/core/ports/folder.ts";
import type { Ports } from "../../engine/core/ports/ports.ts";
import type { Loop } from "../../engine/core/runtime/loop.ts";
import { ended } from "../../engine/core/runtime/scope.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { realClock } from "../../engine/host/clock.ts";
import { realEntropy } from "../../engine/host/entropy.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";
import { loadKernel, simpleCodec } from "../../wasm/codec.ts";

/** The loop of all that happens in these tests. */
export const loop: Loop = realLoop();

/** Runs a task to its end. */
export function run<T>(task: Task<T>): Promise<T> {
  return runTask(loop, task);
}

/** Runs tasks at the same time; throws what the first that failed failed with. */
export function* together(tasks: readonly Task<unknown>[]): Task<void> {
  const runs = tasks.map((task, at) => loop.start(`part ${at}`, task));
  for (const each of runs) yield* ended(each);
  for (const { outcome } of runs) if (outcome?.ok === false) throw outcome.error;
}

/** Ports of which disks and folders are all that matters. */
export function portsOn(data: Folder): Ports {
  const unused = () => {
    throw new Error("Nothing here has a network, a hypervisor or a guest");
  };
  return {
    loop,
    clock: realClock,
    entropy: realEntropy,
    codec: simpleCodec(loadKernel()),
    network: { listen: unused, connect: unused },
    hypervisor: { freeze: unused, thaw: unused, start: unused, stop: unused, status: unused },
    observer: { emit: () => {} },
    data,
    openGuestDisk: unused,
    logPlace: unused,
    openPlace: unused,
  };
}

/** A new folder; in memory where the system has such a place, for hundreds of states are made in it. */
export function scratch(): string {
  const memory = "/dev/shm";
  try {
    return Deno.makeTempDirSync({ dir: memory, prefix: "powerloss-" });
  } catch {
    return Deno.makeTempDirSync({ prefix: "powerloss-" });
  }
}

/** Numbers that a seed decides. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** A number from 0 to `limit` − 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

/** Times of the real world to give up waiting, so that tasks interleave differently. */
export function idle(dice: Dice): Task<void> {
  return realClock.sleep(dice.below(3) * 300);
}

/** The seed of this run, printed so that a failure can be repeated as far as the real world repeats. */
export const SEED = Number(Deno.env.get("POWERLOSS_SEED") ?? 20_261_122);
