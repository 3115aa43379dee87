/**
 * Whether what is seen of both servers is what may be: who is primary and who is replica, and what a guest's disks hold.
 *
 * @module
 */

import { firstDifference, GuestDisks, sameImage } from "./image.ts";
import { judgeReplica } from "./points.ts";
import {
  other,
  type Point,
  type Primary,
  type Replica,
  type SiteName,
  type SiteView,
  type Standing,
} from "./standing.ts";
import type { Story } from "./story.ts";

/** What is wrong with what is seen; "" for nothing. Learns what only the servers can know. */
export function judge(story: Story, views: Readonly<Partial<Record<SiteName, SiteView>>>): string {
  for (const site of ["a", "b"] as const) {
    const view = views[site];
    if (view === undefined) continue;
    const wrong = judgeRole(story, site, view);
    if (wrong !== "") return `at ${site}: ${wrong}`;
  }
  // First what a loss of power left of a guest's disks: points may hold that.
  const order: SiteName[] = story.standing.b.role === "primary" ? ["b", "a"] : ["a", "b"];
  for (const site of order) {
    const view = views[site];
    if (view === undefined) continue;
    const here = story.standing[site];
    const wrong = here.role === "replica"
      ? judgeReplica(story, site, here, view)
      : judgePrimary(story, site, here, view);
    if (wrong !== "") return `at ${site}: ${wrong}`;
    // What a loss of power left is not known while nobody is shown it.
    if (here.role !== "primary" || view.guest !== undefined) story.dark[site] = false;
  }
  return "";
}

/** Who is primary and who is replica: it changes by verbs, and where a primary yields to a newer one. */
function judgeRole(story: Story, site: SiteName, view: SiteView): string {
  if (view.role === story.standing[site].role) return "";
  if (view.role === "replica" && story.yields(site)) return demoted(story, site, view);
  const there = story.standing[other(site)];
  const invited = there.role === "primary" && there.phase === "started";
  if (view.role === "replica" && story.standing[site].role === "none" && invited) {
    const { relation, generation } = there;
    const nothing = { failover: undefined, completed: undefined, tail: undefined };
    story.standing[site] = {
      role: "replica",
      relation,
      generation,
      points: [],
      once: [],
      ...nothing,
      slack: 0,
      tests: 0,
    };
    return "";
  }
  return `the machine's role is ${view.role}, not ${story.standing[site].role}`;
}

/** A primary has become the replica of the other one: its disks are a point, and kept if nobody has it. */
function demoted(story: Story, site: SiteName, view: SiteView): string {
  const here = story.standing[site] as Primary;
  const [newest] = story.since[site];
  const [tail] = view.points;
  const own = story.disks[site]?.image;
  const shared = newest !== undefined && own !== undefined && sameImage(newest, own);
  // What the other side has as well is not held: the first point behind it may have dropped it.
  if (shared && (tail?.image === undefined || !sameImage(tail.image, newest))) {
    return becomeReplica(story, site, here, [], { id: "", held: false });
  }
  if (tail?.image === undefined) return "a primary that became a replica has lost its disks";
  const wrong = story.dark[site]
    ? story.disks[site]?.survived(tail.image) ?? ""
    : firstDifference(tail.image, own ?? tail.image);
  if (wrong !== "") return `its losing tail: ${wrong}`;
  const alone = newest === undefined || !sameImage(newest, tail.image);
  const { generation } = here;
  const points: readonly Point[] = [{ id: tail.id, image: tail.image, generation }];
  return becomeReplica(story, site, here, points, { id: tail.id, held: alone });
}

function becomeReplica(
  story: Story,
  site: SiteName,
  { relation, generation }: Primary,
  points: readonly Point[],
  tail: Replica["tail"],
): string {
  const nothing = { failover: undefined, completed: undefined, slack: 0, tests: 0, once: points };
  story.standing[site] = { role: "replica", relation, generation, points, ...nothing, tail };
  story.disks[site] = undefined;
  return "";
}

function judgePrimary(story: Story, site: SiteName, here: Standing, view: SiteView): string {
  const found = view.guest;
  if (here.role === "primary" || site === "a") {
    // Whoever came back while the machine runs over there, or did last, does not serve it.
    if (found === undefined && story.heldBack(site)) return "";
    if (found === undefined) return "the guest has no disks";
    if (story.runsAt(other(site)) === undefined) story.returned[site] = false;
    const disks = story.disks[site] ?? new GuestDisks(found);
    story.disks[site] = disks;
    const wrong = story.dark[site] ? disks.survived(found) : firstDifference(found, disks.image);
    if (wrong !== "") return wrong;
    if (story.dark[site]) story.since[site] = [...story.since[site], found];
  }
  if (story.paused === site && view.state !== "Suspended") return `paused, and ${view.state}`;
  const off = view.state === "Disabled" || view.state === "none";
  if (off !== (here.role === "none" || (here as Primary).phase === "off")) {
    return `state ${view.state}`;
  }
  return "";
}
