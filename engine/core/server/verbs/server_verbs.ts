/**
 * Verbs about the whole server: what it takes from whom, where it puts that, and how fast it sends.
 *
 * @module
 */

import { requestFailure } from "../../base/failure.ts";
import { asObject, type Json, type JsonObject } from "../../base/json.ts";
import { HOUR, MINUTE } from "../../base/units.ts";
import { done, type Task } from "../../runtime/task.ts";
import { flagArgument, numberArgument, textArgument } from "../arguments.ts";
import type { Server } from "../server.ts";
import {
  type AuthorizationEntry,
  checkEntry,
  foldName,
  type ServerPolicy,
} from "../server_policy.ts";
import type { Verbs } from "./verb.ts";

/** Verbs about the whole server. */
export const SERVER_VERBS: Verbs = {
  "server show": {
    about: "Show what was chosen for the whole server",
    args: [],
    run: (server) => done(serverJson(server)),
  },
  "server set": {
    about: "Choose for the whole server: replicas from whom and where, limits, statistics",
    args: [
      "replica?",
      "allow?",
      "location?",
      "monitoringInterval?",
      "monitoringStart?",
      "bandwidth?",
      "bandwidthTo?",
      "transfers?",
    ],
    run: setServer,
  },
  "connection test": {
    about: "Test whether this server could replicate to another one, and say what is wrong if not",
    args: ["to", "name?"],
    *run(server, args) {
      const to = textArgument(args, "to");
      const name = (args["name"] ?? null) === null ? undefined : textArgument(args, "name");
      return yield* server.probe({ to, name });
    },
  },
  "authorization list": {
    about: "List which servers may replicate to here, and where that goes",
    args: [],
    run: (server) =>
      done(server.record.policy.entries.map((entry) => entryJson(server, entry)) as Json),
  },
  "authorization add": {
    about: "Let a server, or those of a domain, replicate to here",
    args: ["name", "location?", "trustGroup"],
    run: addEntry,
  },
  "authorization set": {
    about: "Change location or trust group of an entry; machines that are here stay where they are",
    args: ["name", "location?", "trustGroup?"],
    run: setEntry,
  },
  "authorization remove": {
    about: "Take nothing more from a server, or from a trust group; what is here stays",
    args: ["name?", "trustGroup?"],
    run: removeEntries,
  },
};

function* setServer(server: Server, args: JsonObject): Task<Json> {
  const location = locationArgument(args);
  const limits = asObject(args["bandwidthTo"] ?? {});
  if (limits === undefined) {
    throw requestFailure(
      "bad-argument",
      'Unsound argument "bandwidthTo"',
      'Give an object of addresses, e.g. {"b:7700": 1000000}, 0 for no limit',
    );
  }
  const change = (policy: ServerPolicy): ServerPolicy => ({
    ...policy,
    replication: flagArgument(args, "replica", policy.replication),
    allow: allowArgument(args, policy),
    location: location === undefined ? policy.location : location ?? undefined,
    monitoringInterval: numberArgument(args, "monitoringInterval", policy.monitoringInterval),
    monitoringStart: numberArgument(args, "monitoringStart", policy.monitoringStart),
    bandwidth: numberArgument(args, "bandwidth", policy.bandwidth),
    bandwidthTo: mergedLimits(policy.bandwidthTo, limits),
    transfersMax: numberArgument(args, "transfers", policy.transfersMax),
  });
  // Refused before a folder is made.
  server.record.check(change);
  yield* prepare(server, location);
  yield* server.choose(change);
  return serverJson(server);
}

function* addEntry(server: Server, args: JsonObject): Task<Json> {
  const location = locationArgument(args);
  const entry = checkEntry({
    name: textArgument(args, "name"),
    location: location ?? undefined,
    trustGroup: textArgument(args, "trustGroup"),
  });
  const change = (policy: ServerPolicy): ServerPolicy => {
    if (policy.allow === "any") {
      throw requestFailure(
        "wrong-state",
        "Any authenticated server may replicate to here, and no entry would be asked",
        'First: "warmsite server set --allow entries"; from then on only servers with an entry may',
      );
    }
    if (indexOf(policy, entry.name) >= 0) {
      throw requestFailure(
        "exists",
        `There is an entry for "${entry.name}"`,
        'Change it: "warmsite authorization set"',
      );
    }
    return { ...policy, entries: [...policy.entries, entry] };
  };
  server.record.check(change);
  yield* prepare(server, location);
  yield* server.choose(change);
  return entryJson(server, entry);
}

function* setEntry(server: Server, args: JsonObject): Task<Json> {
  const name = textArgument(args, "name");
  const location = locationArgument(args);
  const trustGroup = (args["trustGroup"] ?? null) === null
    ? undefined
    : textArgument(args, "trustGroup");
  if (location === undefined && trustGroup === undefined) {
    throw requestFailure(
      "bad-argument",
      "Nothing is to be changed",
      "Give a location, a trust group, or both",
    );
  }
  const changed = (policy: ServerPolicy): AuthorizationEntry => {
    const entry = entryNamed(policy, name);
    return checkEntry({
      name: entry.name,
      location: location === undefined ? entry.location : location ?? undefined,
      trustGroup: trustGroup ?? entry.trustGroup,
    });
  };
  const change = (policy: ServerPolicy): ServerPolicy => {
    const next = changed(policy);
    const entries = policy.entries.map((entry) => entry.name === next.name ? next : entry);
    return { ...policy, entries };
  };
  server.record.check(change);
  yield* prepare(server, location);
  yield* server.choose(change);
  return entryJson(server, entryNamed(server.record.policy, name));
}

function* removeEntries(server: Server, args: JsonObject): Task<Json> {
  const given = (key: string) => (args[key] ?? null) === null ? undefined : textArgument(args, key);
  const [name, trustGroup] = [given("name"), given("trustGroup")];
  if ((name === undefined) === (trustGroup === undefined)) {
    throw requestFailure(
      "bad-argument",
      "Which entries shall go is not clear",
      "Give the name of one entry, or a trust group whose entries go, and not both",
    );
  }
  let removed: readonly AuthorizationEntry[] = [];
  yield* server.choose((policy) => {
    removed = name === undefined
      ? policy.entries.filter((entry) => entry.trustGroup === trustGroup)
      : [entryNamed(policy, name)];
    if (removed.length === 0) {
      throw requestFailure(
        "not-found",
        `No entry is of trust group "${trustGroup}"`,
        'Look at "warmsite authorization list"',
      );
    }
    const entries = policy.entries.filter((entry) => !removed.includes(entry));
    return { ...policy, entries };
  });
  return removed.map((entry) => entryJson(server, entry)) as Json;
}

/** A folder that the administrator named is made and marked before anything relies on it. */
function* prepare(server: Server, location: string | null | undefined): Task<void> {
  if (typeof location !== "string") return;
  yield* server.places.prepare(location, yield* server.replica.inLocation(location));
}

/** `undefined`: not given; `null`: the default; else a path. */
function locationArgument(args: JsonObject): string | null | undefined {
  if (!Object.hasOwn(args, "location")) return undefined;
  const value = args["location"];
  return value === null || value === undefined ? value : textArgument(args, "location");
}

function allowArgument(args: JsonObject, { allow }: ServerPolicy): "any" | "entries" {
  const value = args["allow"] ?? allow;
  if (value === "any" || value === "entries") return value;
  throw requestFailure(
    "bad-argument",
    `Not a choice: ${JSON.stringify(value).slice(0, 80)}`,
    'Allow "any" authenticated server, or those with "entries"',
  );
}

/** A limit of 0 is none, and is not kept. */
function mergedLimits(
  before: Readonly<Record<string, number>>,
  told: JsonObject,
): Readonly<Record<string, number>> {
  const limits: Record<string, number> = { ...before };
  for (const address of Object.keys(told)) {
    const bandwidth = numberArgument(told, address, 0);
    if (bandwidth === 0) delete limits[address];
    else limits[address] = bandwidth;
  }
  return limits;
}

function indexOf(policy: ServerPolicy, name: string): number {
  return policy.entries.findIndex((entry) => foldName(entry.name) === foldName(name));
}

function entryNamed(policy: ServerPolicy, name: string): AuthorizationEntry {
  const entry = policy.entries[indexOf(policy, name)];
  if (entry !== undefined) return entry;
  throw requestFailure(
    "not-found",
    `There is no authorization entry for ${JSON.stringify(name.slice(0, 80))}`,
    'Look at "warmsite authorization list"',
  );
}

function serverJson(server: Server): JsonObject {
  const { policy } = server.record;
  return {
    server: server.settings.name,
    listen: server.address ?? null,
    replica: policy.replication && server.settings.listen !== undefined,
    allow: policy.allow,
    location: policy.location ?? null,
    entries: policy.entries.length,
    monitoringIntervalHours: policy.monitoringInterval / HOUR,
    monitoringStart: timeOfDay(policy.monitoringStart),
    bandwidth: policy.bandwidth,
    bandwidthTo: policy.bandwidthTo,
    transfers: policy.transfersMax,
    warnings: warningsOf(server),
  };
}

/** What an administrator should know of it: a record that is unreadable, and machines that are locked out. */
function warningsOf(server: Server): readonly string[] {
  const { trouble } = server.record;
  const warnings = trouble === undefined ? [] : [`${trouble.message}. ${trouble.action}`];
  for (const name of server.replica.names()) {
    const primary = server.replica.primaryOf(name);
    if (primary === undefined) continue;
    const admission = server.authorization.wouldAccept(primary);
    if (!admission.ok) warnings.push(`"${name}": ${admission.failure.message}`);
  }
  return warnings;
}

function entryJson(server: Server, { name, location, trustGroup }: AuthorizationEntry): JsonObject {
  return { name, location: location ?? server.record.policy.location ?? null, trustGroup };
}

/** `HH:MM`. */
function timeOfDay(micros: number): string {
  const minutes = Math.floor(micros / MINUTE);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
