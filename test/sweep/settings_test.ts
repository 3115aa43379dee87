/**
 * The sweep of verbs that change how a machine is replicated, or end it: settings that the replica hears of with the
 * next cycle, a pause and what ends it on either side, the end of the relationship.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import type { Step } from "../model/command.ts";
import { PROTECTION, Write } from "../model/commands.ts";
import { Cycle } from "../model/cycle_command.ts";
import { primaryOf } from "../../engine/sim/scenario/machine_run.ts";
import type { Server } from "../../engine/core/server/server.ts";
import type { SiteName } from "../model/reference/standing.ts";
import { type Servers, VM } from "../model/servers.ts";
import { sweepMove } from "./moves.ts";

/** Three points and a write that is not in any. */
const WRITTEN: readonly Step[] = [
  ...PROTECTION,
  new Write("a", 0, 1, 3, 77),
  new Cycle("a"),
  new Write("a", 1, 2, 2, 78),
];

const settingsOf = (real: Servers) => {
  const { server, host } = real.sites.a;
  if (host.process === undefined) return undefined;
  return primaryOf(server as Server, VM)?.settings;
};

/** Bytes in a second, enough for all that is sent here. */
const BANDWIDTH = 1024 * 1024;

// Fewer points are kept, and less may be sent: both, or neither of the two.
sweepMove({
  name: "set",
  before: WRITTEN,
  site: "a",
  verb: "replication set",
  args: { retention: "newest", bandwidth: BANDWIDTH },
  ended(real) {
    const settings = settingsOf(real);
    const chosen = settings?.retention === "newest";
    equal(
      settings !== undefined && settings.bandwidth === BANDWIDTH,
      chosen,
      "half of what was chosen",
    );
    return chosen;
  },
  tell: (model) => model.keeping(1),
});

for (const site of ["a", "b"] as const satisfies readonly SiteName[]) {
  const paused = site === "a" ? "primary Suspended" : "replica Suspended";
  const well = site === "a" ? "primary Replicating" : "replica Replicating";
  const resume = {
    site,
    verb: "replication resume",
    ended: (real: Servers) => real.standing(site) === well,
  };
  sweepMove({
    name: `pause-${site}`,
    before: WRITTEN,
    site,
    verb: "replication pause",
    args: {},
    ended: (real) => real.standing(site) === paused,
    behind: resume,
    tell: () => {},
  });
  sweepMove({
    name: `resume-${site}`,
    before: WRITTEN,
    prepare: [[site, "replication pause", {}]],
    args: {},
    ...resume,
    tell: () => {},
  });
}

// At the primary its replica stays, with every point; at the replica it goes, and the primary is told when it asks.
sweepMove({
  name: "disable-a",
  before: WRITTEN,
  site: "a",
  verb: "replication disable",
  args: {},
  ended: (real) => real.standing("a") === "primary Disabled",
  tell: (model) => model.ended("replication disable", "a"),
});

sweepMove({
  name: "disable-b",
  before: WRITTEN,
  site: "b",
  verb: "replication disable",
  args: {},
  ended: (real) => real.standing("b") === "none",
  tell: (model) => model.ended("replication disable", "b"),
});
