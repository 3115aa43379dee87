/**
 * The command that gives a machine one disk more while it runs.
 *
 * @module
 */

import { count, fulfilled, judge, Named, type Step } from "./command.ts";
import type { Reference } from "./reference/reference.ts";
import { type Servers, VM } from "./servers.ts";

/** Disks that a run adds, at most. */
const ADDED_MAX = 2;

/** A disk is added at the server where the machine began, and written at once. */
export class AddDisk extends Named implements Step {
  readonly #blocks: number;
  readonly #stamp: number;

  constructor(blocks: number, stamp: number) {
    super("add a disk of", blocks, "blocks", stamp);
    this.#blocks = blocks;
    this.#stamp = stamp;
  }

  override check(model: Readonly<Reference>): boolean {
    const here = model.standing.a;
    if (here.role !== "primary" || model.writer !== "a" || !model.up.a) return false;
    if (model.diskCount >= ADDED_MAX) return false;
    // Amid a failover or a change of sides the set of disks is as it is.
    const calm = model.talking && model.expect("failover planned", "a") === "done";
    return calm || here.phase === "off" || (here.phase === "ready" && !here.seeded);
  }

  run(model: Reference, real: Servers): void {
    const { role, phase } = model.standing.a as { role: string; phase: string };
    if (phase === "started" && real.standing("a") !== "primary Replicating") return;
    const disk = real.addDevice(this.#blocks);
    const added = real.call("a", "vm disk add", { vm: VM, disk });
    fulfilled("vm disk add", "a", "done", added);
    count(`disk added to a ${role} that is ${phase}`);
    const index = model.diskAdded(this.#blocks);
    const place = ["a", index, 1, 2, this.#stamp] as const;
    if (!real.write(...place)) throw new Error(`the added disk ${index} is not served`);
    model.wrote(...place);
    judge(model, real);
  }
}
