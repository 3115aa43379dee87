/**
 * The sweep of planned failovers: in one act, and prepared and cancelled, by the replica's word and by force without it.
 *
 * @module
 */

import type { Step } from "../model/command.ts";
import { PROTECTION, Write } from "../model/commands.ts";
import { Cycle } from "../model/cycle_command.ts";
import type { Servers } from "../model/servers.ts";
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

// The replica cannot be reached and has the right to start it: the machine is taken back in a generation of its own,
// which the replica follows once it hears of it.
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
