/**
 * Whether the points of a replica are those that must be there, each with what it must hold, and its failover as well.
 *
 * @module
 */

import { joined, lacksOf } from "./disks.ts";
import { firstDifference, type Image, lengthened } from "./image.ts";
import {
  other,
  type Point,
  type Primary,
  type Replica,
  type SiteName,
  type SiteView,
} from "./standing.ts";
import type { Story } from "./story.ts";

export function judgeReplica(story: Story, site: SiteName, here: Replica, view: SiteView): string {
  const known = [...here.once];
  let { generation } = here;
  for (const { id, image, broken } of view.points) {
    if (broken !== "") return `point ${id} is broken: ${broken}`;
    const point = known.find((each) => each.id === id);
    if (point !== undefined) {
      const wrong = image === undefined ? "" : firstDifference(image, point.image);
      if (wrong !== "") return `point ${id}: ${wrong}`;
      continue;
    }
    if (image === undefined) return `point ${id} is new and cannot be read`;
    const cut = cutNow(story, site, here, id, image);
    if (typeof cut === "string") return cut;
    generation = (story.standing[other(site)] as Primary).generation;
    known.splice(placeOf(story, id, known, view), 0, { id, image, generation, ...cut });
  }
  const wrong = judgeRetention(story, site, { ...here, generation }, known, view);
  return wrong === "" ? judgeFailover(story, site, story.replica(site) as Replica, view) : wrong;
}

/**
 * Where a new point belongs: behind all others. But while another number of points is about to be kept, one may come
 * back that nobody has seen, for a newer one had taken its place before anybody looked.
 */
function placeOf(story: Story, id: string, known: readonly Point[], { points }: SiteView): number {
  if (story.kept.least === story.kept.most) return known.length;
  const behind = points.slice(points.findIndex((each) => each.id === id) + 1);
  const next = known.findIndex((each) => behind.some((later) => later.id === each.id));
  return next < 0 ? known.length : next;
}

/**
 * A point that the model did not know: it must be newer than all others and hold what disks held. What it lacks, or what is
 * wrong.
 */
function cutNow(
  story: Story,
  site: SiteName,
  here: Replica,
  id: string,
  image: Image,
): Pick<Point, "lacks"> | string {
  const from = other(site);
  const there = story.standing[from];
  if ((here.failover ?? here.completed) !== undefined) {
    return `point ${id} was staged in a failover`;
  }
  if (story.paused !== undefined) return `point ${id} was staged while it was paused`;
  const writer = there.role === "none"
    ? story.departed[from]
    : there.role === "primary" && there.relation;
  if (writer !== here.relation) return `point ${id} of another machine`;
  const since = story.since[from];
  const may = since.map((each) => lacksOf(each, image));
  const at = may.findIndex((lacks) => lacks !== undefined);
  if (at < 0) {
    const now = since.at(-1)?.image ?? [];
    return `point ${id}: ${firstDifference(image, now)}; nor ever before`;
  }
  story.since[from] = since.slice(at);
  joined(story, from, image);
  if (there.role === "primary") story.change(from, { seeded: true });
  // It may be from before a disk was left out that changed nothing since, or from behind that.
  const told = new Set(may.flatMap((lacks) => lacks === undefined ? [] : [JSON.stringify(lacks)]));
  return { lacks: told.size === 1 ? may[at] : undefined };
}

function judgeRetention(
  story: Story,
  site: SiteName,
  here: Replica,
  known: readonly Point[],
  view: SiteView,
): string {
  const listed = new Set(view.points.map(({ id }) => id));
  const held = [here.failover?.point, here.tail?.held === true ? here.tail.id : undefined];
  // What was not listed need not come back.
  const were = known.filter((point) => !here.once.includes(point) || here.points.includes(point));
  const from = were.length - story.kept.least;
  const must = were.filter(({ id }, at) => at >= from || held.includes(id));
  const gone = must.find(({ id }) => !listed.has(id));
  if (gone !== undefined) return `point ${gone.id} is gone`;
  const order = known.filter(({ id }) => listed.has(id)).map(({ id }) => id).join();
  if (order !== view.points.map(({ id }) => id).join()) {
    return `points are out of order: ${view.points.map(({ id }) => id)}, not ${order}`;
  }
  const fresh = view.points.at(-1)?.id !== here.points.at(-1)?.id;
  const slack = fresh ? 0 : here.slack;
  // A tail that the other side has as well may be held too: nobody can tell from outside.
  const extra = (here.failover === undefined ? 0 : 1) + (here.tail === undefined ? 0 : 1) +
    here.tests;
  const most = story.kept.most + extra + slack;
  if (listed.size > most) return `${listed.size} points are listed, ${most} may be`;
  const points = known.filter(({ id }) => listed.has(id));
  story.standing[site] = { ...here, points, once: known, slack };
  return "";
}

function judgeFailover(
  story: Story,
  site: SiteName,
  here: Replica,
  { state, guest }: SiteView,
): string {
  const { failover, completed, tail, points } = here;
  if (failover === undefined && completed === undefined) {
    // Until the first point of its new primary is there it is the old one's disks.
    if (tail !== undefined && points.at(-1)?.id === tail.id && state === "FailbackInProgress") {
      return "";
    }
    const paused = story.paused === site;
    const usual = paused
      ? "Suspended"
      : points.length === 0
      ? "WaitingForInitialReplication"
      : "Replicating";
    return state === usual ? "" : `state ${state}, not ${usual}`;
  }
  const wanted = failover === undefined ? "FailedOver" : "FailedOverWaitingCompletion";
  if (state !== wanted) return `state ${state}, not ${wanted}`;
  if (guest === undefined) return "the failed-over machine has no disks";
  if (failover !== undefined && story.dark[site]) return failover.guest.survived(guest);
  if (failover !== undefined) return firstDifference(guest, failover.guest.image);
  return firstDifference(guest, lengthened(completed as Image, guest, story.longest[site]));
}
