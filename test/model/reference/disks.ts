/**
 * Which disks a machine has: how they come, go, grow and are left out, what of them a point has, and what a failover to a
 * point offers.
 *
 * @module
 */

import { type Image, sameImage, trimmed, without } from "./image.ts";
import type {
  Expected,
  Lacks,
  Moment,
  Part,
  Point,
  Primary,
  Replica,
  SiteName,
} from "./standing.ts";
import type { Story } from "./story.ts";

/** What may be done to a disk. */
export type DiskChange = "add" | "remove" | "exclude" | "include" | "grow";

/** States in which another set of disks changes nothing about what is sent. */
const SETTLED = ["Disabled", "ReadyForInitialReplication"];

/** States in which disks come and go while their machine is replicated. */
const CHANGING = ["Replicating", "WaitingForUpdateCompletion", "UpdateError"];

/** Places of the disks that are one of `which`. */
export function placesOf(parts: readonly Part[], ...which: readonly Part[]): Set<number> {
  return new Set(parts.flatMap((part, place) => which.includes(part) ? [place] : []));
}

/** What a point that is cut at this moment has, and lacks. */
export function momentOf(image: Image, parts: readonly Part[]): Moment {
  const lacks = parts.map((part, place) => {
    const blocks = image[place]?.length ?? 0;
    return part === "joining" || part === "out" ? { blocks, part } : undefined;
  });
  return { image: without(image, placesOf(parts, "out", "gone")), parts, lacks };
}

/**
 * What `found`, a point that was cut at this moment, lacks; `undefined` where it was not. Of disks whose first copies are
 * under way it has any, each of them whole.
 */
export function lacksOf({ image, parts, lacks }: Moment, found: Image): Lacks | undefined {
  const has = (place: number) => (found[place]?.length ?? 0) > 0;
  const absent = [...placesOf(parts, "joining")].filter((place) => !has(place));
  if (!sameImage(found, without(image, new Set(absent)))) return undefined;
  return lacks.map((lack, place) => has(place) ? undefined : lack);
}

/**
 * What a failover to `point` offers: in place of a disk that the machine has, or had then, and the point has not, it is an
 * empty one. `undefined` where nobody can tell.
 */
export function offered({ points, once }: Replica, { image, lacks }: Point): Image | undefined {
  const newest = points.at(-1);
  if (lacks === undefined || newest?.lacks === undefined) return undefined;
  const places = Math.max(
    ...once.map((each) => Math.max(each.image.length, each.lacks?.length ?? 0)),
  );
  return trimmed(Array.from({ length: places }, (_, place) => {
    const own = image[place] ?? [];
    if (own.length > 0) return own;
    const blocks = lacks[place]?.blocks ?? newest.image[place]?.length ?? 0;
    return zeros(blocks > 0 ? blocks : newest.lacks?.[place]?.blocks ?? 0);
  }));
}

/** Blocks that each disk has had at the most, as far as the replica may know. */
export function longestDisks({ once }: Replica, now: Image): number[] {
  const images = [now, ...once.map(({ image }) => image)];
  const places = Math.max(...images.map(({ length }) => length));
  return Array.from(
    { length: places },
    (_, place) => Math.max(...images.map((image) => image[place]?.length ?? 0)),
  );
}

/** What the disks of a machine are that goes on from `point`: one that stands in for a disk that was left out stays so. */
export function partsBehind({ points }: Replica, { image, lacks }: Point, disks: Image): Part[] {
  const newest = points.at(-1)?.lacks;
  return disks.map((blocks, place) => {
    if (blocks.length === 0) return "gone";
    const has = (image[place]?.length ?? 0) > 0 || lacks?.[place]?.part === "joining";
    const out = lacks?.[place]?.part === "out" || newest?.[place]?.part === "out";
    return !has && out ? "out" : "in";
  });
}

/** Disks of which nothing is replicated, empty: so they are where the machine moves. */
export function moved(image: Image, parts: readonly Part[]): Image {
  return image.map((blocks, place) => parts[place] === "out" ? zeros(blocks.length) : blocks);
}

function zeros(blocks: number): number[] {
  return Array.from({ length: blocks }, () => 0);
}

/** What must become of `change` to the disk at `place`, where the machine is seen in `state`. */
export function expectChange(
  story: Story,
  site: SiteName,
  change: DiskChange,
  place: number,
  state: string,
): Expected {
  const here = story.standing[site];
  if (here.role !== "primary") return "refused";
  const part = here.parts[place] ?? "gone";
  if (change !== "add" && part === "gone") return "refused";
  if (change === "grow") return state === "PreparedForFailover" ? "refused" : "done";
  if (change === "exclude" && part === "out") return "done";
  if (change === "include" && part !== "out") return "done";
  if (!SETTLED.includes(state) && !CHANGING.includes(state)) return "refused";
  return change === "add" || change === "include" ? "done" : leaving(here, place, state);
}

/** One disk stays, and one that is replicated while the machine is. */
function leaving({ parts }: Primary, place: number, state: string): Expected {
  const left = parts.filter((part, at) => at !== place && part !== "gone");
  if (left.length === 0) return "refused";
  if (state === "Disabled" || left.includes("in")) return "done";
  return left.includes("joining") ? "either" : "refused";
}

/** The change was done; the place of the disk. `blocks`: of a disk that is added, or the new size of one that grew. */
export function changed(
  story: Story,
  site: SiteName,
  change: DiskChange,
  at: number,
  blocks: number,
): number {
  const here = story.standing[site];
  const disks = story.disks[site];
  if (here.role !== "primary" || disks === undefined) return at;
  const place = change === "add" ? here.parts.length : at;
  const parts = [...here.parts];
  const enters: Part = here.phase === "started" ? "joining" : "in";
  if (change === "add") {
    disks.resize(place, blocks);
    parts[place] = enters;
  } else if (change === "grow") disks.resize(place, blocks);
  else if (change === "exclude") parts[place] = "out";
  else if (change === "include") {
    parts[place] = parts[place] === "out" ? enters : parts[place] as Part;
  } else {
    disks.resize(place, 0);
    parts[place] = "gone";
  }
  story.change(site, { parts });
  story.note(site);
  return place;
}

/** The point has these disks: a first copy that was whole once is so from there on. */
export function joined(story: Story, site: SiteName, image: Image): void {
  const here = story.standing[site];
  if (here.role !== "primary") return;
  const has = (place: number) => (image[place]?.length ?? 0) > 0;
  const settled = (parts: readonly Part[]) =>
    parts.map((part, place) => part === "joining" && has(place) ? "in" : part);
  if (!placesOf(here.parts, "joining").size) return;
  story.change(site, { parts: settled(here.parts) });
  story.since[site] = story.since[site].map((each) => {
    const parts = settled(each.parts);
    const lacks = each.lacks.map((lack, place) => parts[place] === "in" ? undefined : lack);
    return { ...each, parts, lacks };
  });
}
