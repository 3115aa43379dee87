/**
 * The sweep of reverse replication, and of the first cycle back, in which the old primary becomes the replica.
 *
 * @module
 */

import type { Step } from "../model/command.ts";
import { Die, Flush, PROTECTION, Verb, Write } from "../model/commands.ts";
import { Cycle } from "../model/cycle_command.ts";
import type { Servers } from "../model/servers.ts";
import { sweepMove } from "./moves.ts";

/** Writes that are replicated, one that is not, a failover to the older point, and a guest that writes on it. */
const FAILED_OVER: readonly Step[] = [
  ...PROTECTION,
  new Write("a", 0, 1, 3, 77),
  new Cycle("a"),
  new Write("a", 1, 2, 2, 78),
  new Verb("b", "failover start", 0),
  new Write("b", 0, 4, 2, 79),
];
const ARGS = { to: "a:7700", frequency: 3_600_000_000 };

const isPrimary = (real: Servers) => real.standing("b").startsWith("primary");

sweepMove({
  name: "reverse",
  before: FAILED_OVER,
  site: "b",
  verb: "failover reverse",
  args: ARGS,
  ended: isPrimary,
  tell: (model) => model.reversed("b"),
});

// The old primary's site comes back: it gives the machine up, and gets what it has not. Its guest flushed before
// the site died: what is only in the kernel a loss of power takes while it comes back, and no replica ever had it.
sweepMove({
  name: "failback",
  before: [
    ...FAILED_OVER,
    new Flush("a", 0),
    new Flush("a", 1),
    new Die("a", false),
    new Verb("b", "failover reverse", 0),
  ],
  site: "b",
  verb: "replication cycle",
  args: {},
  ended: (real) => real.standing("a") === "replica Replicating",
  tell: () => {},
});
