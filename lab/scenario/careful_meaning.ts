/**
 * What can be typed with care: the administrators of the simulated world know a few verbs, and of each what they were taught.
 *
 * @module
 */

import type { DrillWorld, VerbStep } from "./drill_scenario.ts";

/** Where an entry of theirs puts new replicas. */
export const ENTRY_PLACES = [
  { place: "home", location: "" },
  { place: "one", location: "/one" },
  { place: "two", location: "/two/replicas" },
] as const;

/** Where they export points to. */
export const EXPORT_FOLDER = "/exports";

/** The disk that they add to a machine, beside those of its guest. */
export function spareDisk(vm: string): string {
  return `${vm}-spare.img`;
}

/** Arguments that are all that a careful verb takes, where that is less than the verb does. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  "replication set": ["frequency", "compression", "bandwidth"],
  "replication cycle": ["appConsistent"],
  "replication disable": [],
  "vm remove": [],
  "failover start": ["point"],
  "failover test": ["point", "delete"],
  "failover reverse": [],
  "authorization add": ["name", "location", "trustGroup"],
  "authorization remove": ["name"],
  "server set": ["bandwidth"],
};

/** What is wrong with a careful verb: which key, and why; undefined where nothing is. */
export function carefulProblem(
  { verb, vm, on, args }: VerbStep,
  { sites, machines }: DrillWorld,
): { readonly key: string; readonly wrong: string } | undefined {
  const only = (key: string, expected: string | number) =>
    args[key] === expected ? undefined : { key, wrong: `With care "${key}" is ${expected}` };
  const strange = Object.keys(args).find((key) => ARGUMENTS[verb]?.includes(key) === false);
  if (strange !== undefined) return { key: strange, wrong: `Nobody sees to "${strange}"` };
  if (typeof args["point"] === "string") {
    return { key: "point", wrong: 'With care a point is "newest" or { newest: N }' };
  }
  const [near, far] = sites;
  switch (verb) {
    case "vm disk add":
      return only("disk", spareDisk(vm));
    case "vm disk remove":
    case "vm disk exclude":
      return only("disk", machines.find(({ name }) => name === vm)?.disks.length ?? 0);
    case "points export":
      return only("out", EXPORT_FOLDER);
    case "failover test":
      return args["delete"] === undefined ? undefined : only("delete", "first");
    case "authorization add":
      if (!ENTRY_PLACES.some(({ location }) => location === (args["location"] ?? ""))) {
        const known = ENTRY_PLACES.slice(1).map(({ location }) => location).join(" or ");
        return { key: "location", wrong: `With care "location" is left out, or ${known}` };
      }
      return at(on, far.name) ?? only("name", near.name);
    case "authorization remove":
      return at(on, far.name) ?? only("name", near.name);
    case "server set":
      if (args["bandwidth"] === undefined) return { key: "do", wrong: 'Say "bandwidth"' };
      return at(on, near.name);
    default:
      return undefined;
  }
}

function at(on: string, site: string) {
  return on === site ? undefined : { key: "on", wrong: `With care this is asked at ${site}` };
}
