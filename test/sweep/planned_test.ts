/**
 * The sweep of planned failovers: in one act, and prepared and cancelled, by the replica's word and by force without it.
 *
 * @module
 */

import type { Step } from "../model/command.ts";
import { PROTECTION, Write } from "../model/commands.ts";
import { Cycle } from "../model/cycle_command.ts";
import { type Servers, VM } from "../model/servers.ts";
import { primaryOf, replicaOf } from "../../engine/sim/scenario/machine_run.ts";
import { sweepMove } from "./moves.ts";

/** Writes that are replicated, and one that is not yet. */
const WRITTEN: readonly Step[] = [
  ...PROTECTION,
  new Write("a", 0, 1, 3, 77),
  new Cycle("a"),
  new Write("a", 1, 2, 2, 78),
];

const moved = (real: Servers) =>
  real.standing("b").startsWith("primary") && real.standing("a").startsWith("replica");

sweepMove({
  name: "planned",
  before: WRITTEN,
  site: "a",
  verb: "failover planned",
  args: {},
  ended: moved,
  tell: (model) => model.planned("a"),
});

sweepMove({
  name: "prepare",
  before: WRITTEN,
  site: "a",
  verb: "failover prepare",
  args: {},
  ended: (real) => real.standing("a") === "primary PreparedForFailover",
  behind: { site: "a", verb: "failover planned", ended: moved },
  tell: (model) => model.planned("a"),
});

sweepMove({
  name: "planned-cancel",
  before: WRITTEN,
  prepare: [["a", "failover prepare", {}]],
  site: "a",
  verb: "failover cancel",
  args: {},
  ended: (real) => real.standing("a") === "primary Replicating",
  tell: () => {},
});

// By force, without the replica's word: it cannot be reached, and keeps the right to start it.
sweepMove({
  name: "planned-cancel-force",
  before: WRITTEN,
  prepare: [["a", "failover prepare", {}]],
  alone: true,
  site: "a",
  verb: "failover cancel",
  args: { force: true },
  ended: (real) => real.standing("a") === "primary Replicating",
  tell: () => {},
});

/** True when the replica is of the generation that its primary is of, and has no right to start it. */
function follows({ sites }: Servers): boolean {
  const [here, there] = [sites.a, sites.b].map(({ server, host }) =>
    host.process === undefined ? undefined : server
  );
  const primary = here === undefined ? undefined : primaryOf(here, VM);
  const replica = there === undefined ? undefined : replicaOf(there, VM);
  if (primary === undefined || replica === undefined) return false;
  return replica.store.generation === primary.generation && replica.record.planned === undefined;
}

// The machine goes on in a generation of its own, which the replica follows as soon as it hears of it.
sweepMove({
  name: "force-followed",
  before: WRITTEN,
  prepare: [["a", "failover prepare", {}], ["a", "failover cancel", { force: true }]],
  site: "a",
  verb: "replication cycle",
  args: {},
  ended: follows,
  tell: () => {},
});
