/**
 * Which verb is legal where the machine stands.
 *
 * @module
 */

import {
  type Expected,
  isOlder,
  other,
  type Primary,
  type Replica,
  type SiteName,
} from "./standing.ts";
import type { Story } from "./story.ts";

/** What must become of `verb` at `site`, whose server is up. */
export function expect(story: Story, verb: string, site: SiteName): Expected {
  const here = story.standing[site];
  const primary = here.role === "primary" ? here : undefined;
  const replica = story.replica(site);
  switch (verb) {
    case "vm add":
      return site === "a" && here.role === "none" ? "done" : "refused";
    case "vm remove":
      return primary?.phase === "off" ? "done" : removing(site, replica);
    case "replication enable":
      return primary?.phase === "off" && primary.parts.includes("in") ? "done" : "refused";
    case "replication start":
      if (primary === undefined || primary.phase === "off") return "refused";
      // It is on its way, for a disk that came later.
      return primary.parts.includes("joining") ? "either" : "done";
    case "replication cycle":
      return cycling(story, site, primary);
    case "replication disable":
      return primary !== undefined && primary.phase !== "off" ? "done" : removing(site, replica);
    case "failover start":
      if (replica === undefined || replica.failover !== undefined) return "refused";
      return replica.completed === undefined && replica.points.length > 0 ? "done" : "refused";
    case "failover cancel":
    case "failover complete":
      return replica?.failover !== undefined ? "done" : "refused";
    case "replication set":
      return primary !== undefined && primary.phase !== "off" ? "done" : "refused";
    case "failover test":
      if (replica === undefined || replica.points.length === 0) return "refused";
      return (replica.failover ?? replica.completed) === undefined ? "done" : "either";
    case "replication resync start":
    case "failover planned": {
      const cycle = cycling(story, site, primary);
      const there = story.replica(other(site));
      const parts = story.parts(site);
      const newest = there?.points.at(-1)?.image;
      const whole = parts.every((part, at) => part !== "in" || (newest?.[at]?.length ?? 0) > 0);
      const unsure = story.unsettled || !whole || parts.includes("joining");
      return cycle === "done" && unsure ? "either" : cycle;
    }
    case "failover reverse":
      if (replica === undefined) return "refused";
      return (replica.failover ?? replica.completed) === undefined ? "refused" : "done";
    default:
      throw new Error(`The model knows no verb "${verb}"`);
  }
}

function cycling(story: Story, site: SiteName, here: Primary | undefined): Expected {
  if (here === undefined || here.phase !== "started" || !story.talking) return "refused";
  const there = story.standing[other(site)];
  switch (there.role) {
    // Nothing was staged yet, or all of it is gone: it is seeded, but only when somebody says so.
    case "none":
      return here.seeded || here.odd ? "either" : "done";
    // Who holds the newer history makes the other one its replica.
    case "primary":
      if (!story.yields(other(site))) return "refused";
      return story.larger(other(site), "joining").length > 0 ? "either" : "done";
    case "replica":
      if (there.relation !== here.relation) return "refused";
      if (there.points.length === 0) return here.seeded || here.odd ? "either" : "done";
      if ((there.failover ?? there.completed) !== undefined) return "refused";
      if (there.generation === here.generation) return "done";
      return isOlder(there.generation, here.generation)
        ? there.tail === undefined ? "either" : "done"
        : "refused";
  }
}

/** A replica goes, but never the only contents of a machine. */
function removing(site: SiteName, replica: Replica | undefined): Expected {
  if (replica === undefined) return "refused";
  // Disks that were a guest's own stay where they are, whoever goes.
  if (replica.completed !== undefined && replica.tail !== undefined && site === "a") return "done";
  return (replica.failover ?? replica.completed) === undefined ? "done" : "refused";
}
