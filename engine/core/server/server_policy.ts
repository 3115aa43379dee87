/**
 * What an administrator chose for a whole server: whom it takes replicas from and where it puts them, how
 * fast it sends, and over which intervals it counts.
 *
 * Rule: a value that gets in here is sound, from whomever it came. The file knows no server.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { type Failed, requestFailure } from "../base/failure.ts";
import { asObject, type Json, type JsonObject } from "../base/json.ts";
import { isName } from "../base/name.ts";
import { DAY, HOUR, MINUTE } from "../base/units.ts";
import { RECORD_SIZE_MAX } from "../relationship/record.ts";

/** Who may be the primary of a machine here, and where its replica goes. */
export interface AuthorizationEntry {
  /** A server's name in its certificate, or `*.domain` for every one below that domain. */
  readonly name: string;
  /** The folder of replicas from there, absolute; `undefined` for the server's default. */
  readonly location: string | undefined;
  /** Machines move between primaries of one group, and between no others. */
  readonly trustGroup: string;
}

/** From whom replicas are taken: any server that one of our authorities has signed, or those with an entry. */
export type Allowed = "any" | "entries";

/** What was chosen for a whole server. */
export interface ServerPolicy {
  /** Whether this server takes replicas at all. */
  readonly replication: boolean;
  readonly allow: Allowed;
  /** Where replicas go that no entry places; `undefined` for the data folder. */
  readonly location: string | undefined;
  /** In the order in which they were added. Asked only while `allow` is `entries`. */
  readonly entries: readonly AuthorizationEntry[];
  /** Over how long statistics are counted before they begin anew, µs: one of `MONITORING_INTERVALS`. */
  readonly monitoringInterval: number;
  /** When an interval begins, µs after local midnight; those of less than a day also at each multiple. */
  readonly monitoringStart: number;
  /** Bytes per second of all that this server sends to replica servers; 0 for no limit. */
  readonly bandwidth: number;
  /** The same for one replica server, by its address as machines name it; none without a limit. */
  readonly bandwidthTo: Readonly<Record<string, number>>;
  /** Initial replications and resynchronizations that may go on at once; 0 for any number. */
  readonly transfersMax: number;
}

/** The group of all primaries while any server may be one. */
export const DEFAULT_TRUST_GROUP = "DEFAULT";
/** Authorization entries on one server (E6). */
export const ENTRIES_MAX = 256;
/** Replica servers with a limit of their own (E6). */
export const LIMITS_MAX = 256;
/** Transfers at once, at most. */
export const TRANSFERS_MAX = 1000;
/** Characters of a path. */
export const PATH_LENGTH_MAX = 1024;
/** Characters of an address. */
const ADDRESS_LENGTH_MAX = 300;

// A character takes at most three bytes, and what else an entry or a limit holds is bounded as well.
assert(
  ENTRIES_MAX * (3 * PATH_LENGTH_MAX + 256) + LIMITS_MAX * (ADDRESS_LENGTH_MAX + 32) + 4096 <=
    RECORD_SIZE_MAX,
  "The largest policy is a record that can be read",
);

const HOURS = [1, 2, 3, 4, 6, 8, 12, 24];
const DAYS = [2, 3, 4, 5, 6, 7];
/** Intervals over which statistics can be counted, µs: those of Hyper-V. */
export const MONITORING_INTERVALS: readonly number[] = [
  ...HOURS.map((hours) => hours * HOUR),
  ...DAYS.map((days) => days * DAY),
];

/** What holds until somebody chooses: any authenticated server may replicate to here (Hyper-V's numbers). */
export const POLICY_DEFAULT: ServerPolicy = {
  replication: true,
  allow: "any",
  location: undefined,
  entries: [],
  monitoringInterval: 12 * HOUR,
  monitoringStart: 9 * HOUR,
  bandwidth: 0,
  bandwidthTo: {},
  transfersMax: 3,
};

/** `policy` when every value is possible; otherwise `bad-argument` naming the first that is not. */
export function checkPolicy(policy: ServerPolicy): ServerPolicy {
  const { monitoringInterval, monitoringStart, transfersMax } = policy;
  if (policy.location !== undefined) checkLocation(policy.location);
  if (!MONITORING_INTERVALS.includes(monitoringInterval)) {
    throw refused(
      "That is no monitoring interval",
      `Choose ${HOURS.join(", ")} hours (e.g. 12h) or ${DAYS.join(", ")} days (e.g. 7d)`,
    );
  }
  if (!isWithin(monitoringStart, DAY - 1) || monitoringStart % MINUTE !== 0) {
    throw refused("That is no time of day", "Write hours and minutes, 00:00 to 23:59");
  }
  checkBandwidth(policy.bandwidth);
  for (const [address, bandwidth] of Object.entries(policy.bandwidthTo)) {
    if (!/^[A-Za-z0-9._:%[\]-]+:\d{1,5}$/.test(address) || address.length > ADDRESS_LENGTH_MAX) {
      throw refused(
        `Not an address: "${address.slice(0, 80)}"`,
        "Give HOST:PORT as `replication enable --to` has it",
      );
    }
    checkBandwidth(bandwidth);
  }
  if (Object.keys(policy.bandwidthTo).length > LIMITS_MAX) {
    throw refused("Too many replica servers have limits", "Remove limits: HOST:PORT=0");
  }
  if (!isWithin(transfersMax, TRANSFERS_MAX)) {
    throw refused(
      "The number of transfers at once is out of range",
      `Choose from 1 to ${TRANSFERS_MAX}, or 0 for any number`,
    );
  }
  if (policy.entries.length > ENTRIES_MAX) {
    throw refused("There are too many entries", "Remove entries, or use one for a whole domain");
  }
  for (const entry of policy.entries) checkEntry(entry);
  const names = policy.entries.map(({ name }) => foldName(name));
  if (new Set(names).size !== names.length) {
    throw refused("Two entries are for one name", "Change the one that there is");
  }
  return policy;
}

/** `entry` when it can be one; otherwise `bad-argument` that says why not. */
export function checkEntry(entry: AuthorizationEntry): AuthorizationEntry {
  const { name, trustGroup } = entry;
  if (!isEntryName(name)) {
    throw refused(
      `Not a name of a primary: ${JSON.stringify(name.slice(0, 80))}`,
      'Give a name as certificates hold it, e.g. "host1.example.com", or "*.example.com": the "*" ' +
        "stands alone and first",
    );
  }
  if (!isName(trustGroup)) {
    throw refused(
      `Not a name of a trust group: ${JSON.stringify(trustGroup.slice(0, 80))}`,
      'Use letters, digits, "-", "." and "_", at most 64',
    );
  }
  if (entry.location !== undefined) checkLocation(entry.location);
  return entry;
}

/** A location is the whole path of a folder, spelled in one way. */
function checkLocation(path: string): void {
  // deno-lint-ignore no-control-regex -- no folder of a sane person has them, and a terminal obeys them
  const odd = path.length > PATH_LENGTH_MAX || /[\0-\x1f\x7f]/.test(path) ||
    path.split("/").slice(1).some((part) => part === "" || part === "." || part === "..");
  if (path.startsWith("/") && !odd) return;
  throw refused(
    `Not the whole path of a folder: ${JSON.stringify(path.slice(0, 80))}`,
    'Write it from "/" on, without "." and ".." in it and no "/" behind it',
  );
}

function checkBandwidth(bandwidth: number): void {
  if (isWithin(bandwidth, Number.MAX_SAFE_INTEGER)) return;
  throw refused(
    "The bandwidth is out of range",
    "Give bits per second, e.g. 100Mbit, or 0 for no limit",
  );
}

/** Names of servers are compared as those of hosts are: case tells none from another. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** True for a server's name and for `*.domain`. */
function isEntryName(name: string): boolean {
  const rest = name.startsWith("*.") ? name.slice(2) : name;
  return isName(rest) && !rest.includes("..") && !rest.endsWith(".");
}

function isWithin(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= most;
}

function refused(message: string, action: string): Failed {
  return requestFailure("bad-argument", message, action);
}

/** A policy as the server's record holds it. */
export function policyToJson(policy: ServerPolicy): JsonObject {
  return {
    ...policy,
    entries: policy.entries.map((entry) => ({ ...entry })),
    bandwidthTo: { ...policy.bandwidthTo },
  };
}

/**
 * The policy in a record; a field that an older version did not know stands as by default. `undefined`
 * for what no version wrote.
 */
export function policyFromJson(json: JsonObject): ServerPolicy | undefined {
  const merged = { ...policyToJson(POLICY_DEFAULT), ...json };
  const { replication, allow, location, monitoringInterval, monitoringStart } = merged;
  const { bandwidth, transfersMax } = merged;
  const entries = entriesFromJson(merged["entries"]);
  const bandwidthTo = limitsFromJson(merged["bandwidthTo"]);
  if (typeof replication !== "boolean" || (allow !== "any" && allow !== "entries")) return;
  if (location !== undefined && typeof location !== "string") return;
  if (typeof monitoringInterval !== "number" || typeof monitoringStart !== "number") return;
  if (typeof bandwidth !== "number" || typeof transfersMax !== "number") return;
  if (entries === undefined || bandwidthTo === undefined) return;
  const policy: ServerPolicy = {
    replication,
    allow,
    location,
    entries,
    monitoringInterval,
    monitoringStart,
    bandwidth,
    bandwidthTo,
    transfersMax,
  };
  try {
    return checkPolicy(policy);
  } catch {
    return undefined;
  }
}

function entriesFromJson(json: Json | undefined): AuthorizationEntry[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const entries: AuthorizationEntry[] = [];
  for (const item of json as readonly Json[]) {
    const { name, location, trustGroup } = asObject(item) ?? {};
    if (typeof name !== "string" || typeof trustGroup !== "string") return undefined;
    if (location !== undefined && typeof location !== "string") return undefined;
    entries.push({ name, location, trustGroup });
  }
  return entries;
}

function limitsFromJson(json: Json | undefined): Record<string, number> | undefined {
  const limits: Record<string, number> = {};
  for (const [address, bandwidth] of Object.entries(asObject(json) ?? { "": null })) {
    if (typeof bandwidth !== "number") return undefined;
    limits[address] = bandwidth;
  }
  return limits;
}
