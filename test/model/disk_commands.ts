/**
 * Commands that change the disks of a machine while it runs: they come and go, are left out and taken in again, and grow.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";
import { count, fulfilled, judge, Named, siteOf, type Step, type Where } from "./command.ts";
import { Cycle } from "./cycle_command.ts";
import type { DiskChange } from "./reference/disks.ts";
import type { Reference } from "./reference/reference.ts";
import { other, type SiteName } from "./reference/standing.ts";
import { type Servers, VM } from "./servers.ts";
import { BLOCK } from "./stamped.ts";

/** All that may be done to disks. */
const CHANGES: readonly DiskChange[] = ["add", "grow", "exclude", "include", "remove"];
/** Disks that a machine has at most, those that went counted. */
const PLACES_MAX = 5;
/** Blocks of a disk, at most. */
const BLOCKS_MAX = 24;

/** What is done, to which disk, with how many blocks, and what the guest writes behind it. */
export interface Change {
  readonly change: DiskChange;
  readonly place: number;
  readonly blocks: number;
  readonly stamp: number;
}

/** Asks for a change of a disk, whether it is legal or not; true when it was done. */
export function changeDisk(
  model: Reference,
  real: Servers,
  site: SiteName,
  { change, place, blocks, stamp }: Change,
): boolean {
  const [, state = "none"] = real.standing(site).split(" ");
  const expected = model.expectChange(site, change, place, state);
  const verb = `vm disk ${change === "include" ? "exclude" : change}`;
  const size = model.guest(site)?.image[place]?.length ?? 0;
  const grown = size + blocks;
  const file = real.path(site, place);
  const before = file === "" ? [] : real.device(site, file);
  const device = change === "add" ? real.addDevice(site, blocks) : "";
  const outcome = real.call(site, verb, {
    vm: VM,
    disk: device === "" ? place : device,
    ...(change === "include" ? { off: true } : {}),
    ...(change === "grow" ? { size: grown * BLOCK } : {}),
  } as JsonObject);
  if (!fulfilled(verb, site, expected, outcome)) {
    count(`disk change ${change} refused where the machine is ${state}`);
    return false;
  }
  if (device !== "") real.take(site, device);
  const changed = model.diskChanged(site, change, place, change === "add" ? blocks : grown);
  count(`disk ${change} at ${site} where the machine is ${state}`);
  if (change === "remove" && file !== "" && real.device(site, file).join() !== before.join()) {
    throw new Error(`the file of disk ${place}, which was taken out, is not what it was`);
  }
  // What is new of a disk is there for its guest, from the last block that it had on.
  if (change !== "add" && change !== "grow") return true;
  const at = change === "add" ? 1 : Math.max(size - 1, 0);
  const written = [site, changed, at, 2, stamp] as const;
  if (real.write(...written)) model.wrote(...written);
  return true;
}

/** Asks for each change where the machine stands as it does, e.g. while it is paused, and has the rest judged. */
export function changeAll(
  model: Reference,
  real: Servers,
  site: SiteName,
  kinds: readonly DiskChange[],
  stamp: number,
): void {
  for (const [at, change] of kinds.entries()) {
    const place = (stamp + at) % Math.max(model.parts(site).length, 1);
    const size = model.guest(site)?.image[place]?.length ?? 0;
    if (change === "grow" && size + 1 > BLOCKS_MAX) continue;
    changeDisk(model, real, site, { change, place, blocks: change === "add" ? 9 : 1, stamp });
  }
}

/** A machine is prepared for a planned failover, is locked with all of its disks, and is taken back. */
export class Prepared extends Named implements Step {
  readonly #stamp: number;

  constructor(stamp: number) {
    super("prepare, and take back", stamp);
    this.#stamp = stamp;
  }

  override check(model: Readonly<Reference>): boolean {
    return model.talking && model.expect("failover planned", model.writer) === "done";
  }

  run(model: Reference, real: Servers): void {
    const { writer } = model;
    // Its connections may have to be made anew first.
    new Cycle("the writer").run(model, real);
    if (real.standing(writer) !== "primary Replicating") return;
    if (real.standing(other(writer)) !== "replica Replicating") return;
    const prepared = real.call(writer, "failover prepare", { vm: VM });
    fulfilled("failover prepare", writer, "done", prepared);
    changeAll(model, real, writer, CHANGES, this.#stamp);
    const cancelled = real.call(writer, "failover cancel", { vm: VM });
    fulfilled("failover cancel", writer, "done", cancelled);
    count("disks of a prepared machine are locked");
    judge(model, real);
  }
}

/** The disks of the machine are changed where it runs, or where somebody believes that it does. */
export class ChangeDisk extends Named implements Step {
  readonly #where: Where;
  readonly #change: Change;

  constructor(where: Where, change: Change) {
    super(change.change, "disk", change.place, "at", where, change.blocks, change.stamp);
    this.#where = where;
    this.#change = change;
  }

  override check(model: Readonly<Reference>): boolean {
    const site = siteOf(this.#where, model);
    const { change, place, blocks } = this.#change;
    if (!model.up[site]) return false;
    const size = model.guest(site)?.image[place]?.length ?? 0;
    if (change === "grow") return size + blocks <= BLOCKS_MAX;
    return change !== "add" || model.parts(site).length < PLACES_MAX;
  }

  run(model: Reference, real: Servers): void {
    changeDisk(model, real, siteOf(this.#where, model), this.#change);
    judge(model, real);
  }
}
