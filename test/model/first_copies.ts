/**
 * Commands of first copies that do not travel over the network: a package on media, and files that are at the replica
 * already and hold something older.
 *
 * @module
 */

import { SECOND } from "../../engine/core/base/units.ts";
import { count, fulfilled, judge, Named, type Step, valueOf } from "./command.ts";
import { changeAll } from "./disk_commands.ts";
import { Cycle } from "./cycle_command.ts";
import type { Reference } from "./reference/reference.ts";
import { type Servers, VM } from "./servers.ts";

/** A machine that is enabled gets its first copy, while its guest writes. */
export class FirstCopy extends Named implements Step {
  readonly #how: "media" | "existing copy";
  readonly #stamp: number;

  constructor(how: "media" | "existing copy", stamp: number) {
    super("first copy by", how, stamp);
    this.#how = how;
    this.#stamp = stamp;
  }

  override check(model: Readonly<Reference>): boolean {
    const { a, b } = model.standing;
    const awaited = a.role === "primary" && a.phase === "ready" && !a.seeded && !a.odd;
    return model.talking && awaited && b.role === "none";
  }

  run(model: Reference, real: Servers): void {
    if (this.#how === "media") this.#byMedia(model, real);
    else this.#fromCopy(model, real);
    model.started("a", "InitialReplicationInProgress");
    if (!real.until("a", "primary Replicating")) {
      throw new Error(`a first copy by ${this.#how} does not end: ${real.standing("a")}`);
    }
    judge(model, real);
    count(`first copy by ${this.#how}`);
    new Cycle("a").run(model, real);
  }

  #byMedia(model: Reference, real: Servers): void {
    const medium = real.addMedium();
    const started = real.call("a", "replication start", { vm: VM, export: `/${medium}` });
    fulfilled("replication start", "a", "done", started);
    const waits = "primary WaitingForInitialReplication";
    if (!real.until("a", waits)) throw new Error(`an export ends as ${real.standing("a")}`);
    // What changes meanwhile stays marked, and follows.
    this.#write(model, real);
    changeAll(model, real, "a", ["exclude", "grow", "remove", "add"], this.#stamp);
    real.world.runFor(3 * SECOND);
    const status = valueOf(real.call("a", "replication status", { vm: VM }));
    const { folder } = status["initialReplication"] as { folder: string };
    real.carry(medium);
    const imported = real.call("b", "replication import", { path: folder });
    fulfilled("replication import", "b", "done", imported);
  }

  #fromCopy(model: Reference, real: Servers): void {
    const disks = real.addCopies(this.#stamp);
    const offered = real.call("b", "replication enable", { vm: VM, asReplica: true, disks });
    fulfilled("replication enable", "b", "done", offered);
    const started = real.call("a", "replication start", { vm: VM, existingCopy: true });
    fulfilled("replication start", "a", "done", started);
    model.lent();
    this.#write(model, real);
  }

  #write(model: Reference, real: Servers): void {
    const place = ["a", 0, 3, 2, this.#stamp] as const;
    if (real.write(...place)) model.wrote(...place);
  }
}
