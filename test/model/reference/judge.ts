/**
 * Whether what is seen of both servers is what may be: who is primary and who is replica, and what a guest's disks hold.
 *
 * @module
 */

import { lacksOf, momentOf, placesOf } from "./disks.ts";
import { firstDifference, GuestDisks, type Image, sameImage, without } from "./image.ts";
import { judgeReplica } from "./points.ts";
import {
  type Moment,
  other,
  type Part,
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
    const nothing = { failover: undefined, completed: undefined, tail: undefined, parts: [] };
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
  const newest = story.since[site][0]?.image;
  const [tail] = view.points;
  const disks = story.disks[site]?.image;
  const last = disks === undefined ? undefined : momentOf(disks, here.parts);
  const shared = newest !== undefined && last !== undefined &&
    isPart(last.image, newest, here.parts);
  // What the other side has as well is not held: the first point behind it may have dropped it.
  if (shared && (tail?.image === undefined || wrongTail(last, tail.image) !== "")) {
    return becomeReplica(story, site, here, [], { id: "", held: false });
  }
  if (tail?.image === undefined) return "a primary that became a replica has lost its disks";
  const left = placesOf(here.parts, "out", "gone", "joining");
  const wrong = story.dark[site]
    ? story.disks[site]?.survived(tail.image, left) ?? ""
    : wrongTail(last, tail.image);
  if (wrong !== "") return `its losing tail: ${wrong}`;
  const alone = newest === undefined || !isPart(tail.image, newest, here.parts);
  const { generation } = here;
  // Of a disk whose first copy was under way nothing is anywhere: it is none of the machine's any more.
  const lacks = last?.lacks.map((lack) => lack?.part === "out" ? lack : undefined);
  const points: readonly Point[] = [{ id: tail.id, image: tail.image, generation, lacks }];
  return becomeReplica(story, site, here, points, { id: tail.id, held: alone });
}

/** What is wrong with the disks that a primary held last; of some it may not be known whether a point had them. */
function wrongTail(last: Moment | undefined, found: Image): string {
  if (last === undefined || lacksOf(last, found) !== undefined) return "";
  return firstDifference(found, last.image);
}

/** True when `image` is what a point holds of the disks that both of them have, and lacks no disk that was in it. */
function isPart(image: Image, point: Image, parts: readonly Part[]): boolean {
  const left = placesOf(parts, "out", "gone", "joining");
  return sameImage(without(image, left), without(point, left));
}

function becomeReplica(
  story: Story,
  site: SiteName,
  { relation, generation }: Primary,
  points: readonly Point[],
  tail: Replica["tail"],
): string {
  const none = { failover: undefined, completed: undefined, parts: [] };
  const nothing = { ...none, slack: 0, tests: 0, once: points };
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
    // A disk that was taken out of a machine that is gone is one like any other.
    if (here.role === "none") disks.learn(found);
    if (here.role === "primary" && story.longest[site].length > 0) {
      disks.lengthen(found, story.longest[site]);
      story.longest[site] = [];
      story.note(site);
    }
    const wrong = story.dark[site] ? disks.survived(found) : firstDifference(found, disks.image);
    if (wrong !== "") return wrong;
    if (story.dark[site]) story.note(site);
  }
  if (story.paused === site && view.state !== "Suspended") return `paused, and ${view.state}`;
  const off = view.state === "Disabled" || view.state === "none";
  if (off !== (here.role === "none" || (here as Primary).phase === "off")) {
    return `state ${view.state}`;
  }
  return "";
}
