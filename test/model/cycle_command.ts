/**
 * The command of a cycle, and what its point must be.
 *
 * @module
 */

import { SECOND } from "../../engine/core/base/units.ts";
import {
  fulfilled,
  judge,
  Named,
  pointOf,
  siteOf,
  type Step,
  TRIES,
  type Where,
} from "./command.ts";
import type { Reference } from "./reference/reference.ts";
import { other, type SiteName } from "./reference/standing.ts";
import { type Outcome, type Servers, VM } from "./servers.ts";

/** A cycle that nothing disturbs. */
export class Cycle extends Named implements Step {
  readonly #where: Where;

  constructor(where: Where) {
    super("cycle at", where);
    this.#where = where;
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up[siteOf(this.#where, model)];
  }

  run(model: Reference, real: Servers): void {
    const site = siteOf(this.#where, model);
    const expected = model.expect("replication cycle", site);
    let outcome: Outcome;
    for (let trial = 0; trial < (expected === "done" ? TRIES : 1); trial++) {
      outcome = real.call(site, "replication cycle", { vm: VM });
      if (outcome?.failure === undefined) break;
      real.world.runFor(SECOND);
    }
    const done = fulfilled("replication cycle", site, expected, outcome);
    const told = done ? heard(model, real, site, pointOf(outcome), true) : () => {};
    // A primary that yielded is a replica from here on.
    judge(model, real);
    told();
  }
}

/**
 * A cycle's point is listed at the other server as soon as it is told of, whatever takes its place next: that with which a
 * first copy ends comes by itself. What is returned tells the model, once it has seen both servers, and that it holds what it
 * must.
 */
export function heard(
  model: Reference,
  real: Servers,
  site: SiteName,
  point: string,
  exact: boolean,
): () => void {
  if (!model.up[other(site)]) return () => {};
  const image = real.point(other(site), point);
  const cut = exact ? model.since[site].at(-1) : undefined;
  return () => {
    const wrong = model.told(site, point, image, cut);
    if (wrong !== "") throw new Error(wrong);
  };
}
