/**
 * Commands that let replication stand still, and one that proves what it has made: pause and resume on either side,
 * with a restart in between or none, and verification.
 *
 * @module
 */

import { SECOND } from "../../engine/core/base/units.ts";
import { count, fulfilled, judge, Named, type Step, valueOf } from "./command.ts";
import { changeAll } from "./disk_commands.ts";
import { Cycle } from "./cycle_command.ts";
import type { Reference } from "./reference/reference.ts";
import { other, type SiteName } from "./reference/standing.ts";
import { type Servers, VM } from "./servers.ts";

/** True where both sides are well: what their states are in detail is known then. */
function isWell(model: Readonly<Reference>): boolean {
  return model.talking && model.expect("failover planned", model.writer) === "done";
}

/** What comes while replication is paused. */
export type Meanwhile = "nothing" | "kill" | "power loss";

/** Replication is paused at one side, the guest writes, somebody asks for a cycle, and it is resumed. */
export class Paused extends Named implements Step {
  readonly #side: "the writer" | "its peer";
  readonly #meanwhile: Meanwhile;
  readonly #stamp: number;

  constructor(side: "the writer" | "its peer", meanwhile: Meanwhile, stamp: number) {
    super("pause at", side, "with", meanwhile, stamp);
    this.#side = side;
    this.#meanwhile = meanwhile;
    this.#stamp = stamp;
  }

  override check(model: Readonly<Reference>): boolean {
    return isWell(model);
  }

  run(model: Reference, real: Servers): void {
    const { writer } = model;
    const site = this.#side === "the writer" ? writer : other(writer);
    // A comparison, or the first cycle back, is on its way: what a pause makes of that is another matter.
    if (!real.standing(writer).endsWith(" Replicating")) return;
    if (!real.standing(other(writer)).endsWith(" Replicating")) return;
    this.#ask(model, real, site, "pause");
    const place = [writer, 0, 2, 1, this.#stamp] as const;
    if (real.write(...place)) model.wrote(...place);
    // Only at the primary nothing else than its size may change meanwhile; a replica's pause is no matter of disks.
    const kinds = site === writer
      ? ["grow", "exclude", "remove", "add"] as const
      : ["grow"] as const;
    changeAll(model, real, writer, kinds, this.#stamp);
    // Whoever asks for a cycle is told why there is none.
    const outcome = real.call(writer, "replication cycle", { vm: VM });
    fulfilled("replication cycle", writer, "refused", outcome);
    if (this.#meanwhile !== "nothing") this.#restart(model, real, site);
    real.world.runFor(20 * SECOND);
    judge(model, real);
    this.#ask(model, real, site, "resume");
    count(`paused at ${this.#side} with ${this.#meanwhile}`);
    new Cycle("the writer").run(model, real);
  }

  #ask(model: Reference, real: Servers, site: SiteName, word: "pause" | "resume"): void {
    const outcome = real.call(site, `replication ${word}`, { vm: VM });
    fulfilled(`replication ${word}`, site, "done", outcome);
    model.pausing(word === "pause" ? site : undefined);
    judge(model, real);
  }

  #restart(model: Reference, real: Servers, site: SiteName): void {
    const dark = this.#meanwhile === "power loss";
    real.die(site, dark);
    model.died(site, dark);
    real.start(site);
    model.cameBack(site);
  }
}

/** The replica is proved to be what the disks were at a cut. */
export class Verify extends Named implements Step {
  constructor() {
    super("verify");
  }

  override check(model: Readonly<Reference>): boolean {
    return isWell(model);
  }

  run(model: Reference, real: Servers): void {
    const { writer } = model;
    if (real.standing(writer) !== "primary Replicating") return;
    // Its connections may have to be made anew first.
    new Cycle("the writer").run(model, real);
    if (real.standing(writer) !== "primary Replicating") return;
    const outcome = real.call(writer, "replication verify", { vm: VM });
    fulfilled("replication verify", writer, "done", outcome);
    const { equal, differences } = valueOf(outcome);
    if (equal !== true) throw new Error(`the replica differs: ${JSON.stringify(differences)}`);
    judge(model, real);
  }
}
