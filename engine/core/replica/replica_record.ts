/**
 * What a replica remembers of its relationship, durable with the store's state.
 *
 * @module
 */

import { asObject, type Json, type JsonObject } from "../base/json.ts";
import {
  type GenerationId,
  type Incarnation,
  isIdentity,
  type PointId,
  type SeedId,
  type Token,
} from "../base/units.ts";
import { type Branch, branchFromJson, branchToJson } from "../lineage/branch.ts";
import { type Ancestry, ancestryFromJson, ancestryToJson } from "../lineage/generation.ts";
import { type Choices, choicesFromJson, choicesToJson } from "../relationship/choices.ts";
import {
  type RelationshipSettings,
  settingsFromJson,
  settingsToJson,
} from "../relationship/settings.ts";
import { isState, nextState, type ReplicationState } from "../relationship/state.ts";

/** A failover that was started and is neither cancelled nor complete. */
export interface FailoverRecord {
  /** The point that was chosen; fixed at selection (I31). */
  readonly point: PointId;
  /** The generation that becomes the machine's when the failover is completed (L5). */
  readonly generation: GenerationId;
  /** True once `complete` was asked for: from then on there is only the way forward. */
  readonly completing: boolean;
  /** True where replication was paused here when it was started: it is again when it is cancelled. */
  readonly paused?: boolean;
}

/** A planned failover that its primary prepared: who holds the token may start the machine (L4). */
export interface PlannedRecord {
  readonly token: Token;
  /** True once the primary has asked for the failover: it is done, also after a crash. */
  readonly taken: boolean;
}

/** A package on media, as its primary told of it. */
export interface MediaRecord {
  /** The point that it holds. */
  readonly point: PointId;
  /** BLAKE3 of its manifest, 64 hex digits. */
  readonly digest: string;
  /** What it is sealed with, 64 hex digits; none of one that an earlier version exported. */
  readonly key?: string | undefined;
  /** How far an import of it has come. */
  readonly import?: ImportRecord | undefined;
}

/** An import that has begun to write: it was checked as a whole before. */
export interface ImportRecord {
  /** What the store calls it. While that is its seed, nobody else has written to the disks. */
  readonly seed: SeedId;
  /** Whole parts of the package, from the first one on, that are durable in the disks. */
  readonly parts: number;
}

/** A replica's relationship. */
export interface ReplicaRecord {
  readonly state: ReplicationState;
  readonly ancestry: Ancestry;
  readonly failover: FailoverRecord | undefined;
  /** Generations that were begun and cancelled; never to be used again (L5). */
  readonly dead: readonly GenerationId[];
  /** The server that replicates here, by the name in its certificate. */
  readonly primary: string;
  /** The trust group that its primary had when it was last let in; none known of an older record. */
  readonly trustGroup?: string | undefined;
  /** Where the primary can be replicated to itself; `undefined` where it has not said so. */
  readonly address?: string | undefined;
  /** Frequency that the primary told last, µs. */
  readonly frequency: number;
  /** The primary's incarnation that the generation is bound to (L1); none after a rebuild. */
  readonly writer: Incarnation | undefined;
  /** Where the generation parted from the one before, once a failover was completed (L2). */
  readonly branch?: Branch | undefined;
  /** The settings with which the machine becomes the primary as soon as its failover is complete. */
  readonly reverse?: RelationshipSettings | undefined;
  /** The planned failover that the primary has prepared. */
  readonly planned?: PlannedRecord | undefined;
  /** The history of that point where it is no ancestor of ours, while it is kept (L1). */
  readonly losing?: Ancestry | undefined;
  /** The point that this server held last as the primary, until a point of the new one is here (L6). */
  readonly tail?: PointId | undefined;
  /** The package that its primary told of: no other is imported (M25). */
  readonly media?: MediaRecord | undefined;
  /** What was chosen for the machine, as its primary told last; none where it told nothing of that. */
  readonly choices?: Choices | undefined;
  /** True for one that was made of a copy that was here before its initial replication (M26). */
  readonly copied?: boolean;
}

/** Dead generations remembered, at most; older ones cannot come back, for ids are random. */
const DEAD_MAX = 64;

/** `record` with `generation` among the dead. */
export function withDead(record: ReplicaRecord, generation: GenerationId): ReplicaRecord {
  return { ...record, dead: [generation, ...record.dead].slice(0, DEAD_MAX) };
}

/** The failover that begins in `record`, to be written into it. */
export function begunFailover(
  { state }: ReplicaRecord,
  point: PointId,
  generation: GenerationId,
): FailoverRecord {
  const paused = state === "Suspended" ? { paused: true } : {};
  return { point, generation, completing: false, ...paused };
}

/**
 * `record` without its failover, whose generation is dead: it stands where it stood before. Replication that was
 * paused is paused again, and a replica that waited for the first point of its new primary waits on: only that
 * point tells that the logs of its own time as the primary may go.
 */
export function cancelledFailover(record: ReplicaRecord, name: string): ReplicaRecord {
  const { failover, planned, tail } = record;
  if (failover === undefined) return record;
  const cancelled = nextState(record.state, "cancel-failover", name);
  const back = failover.paused === true ? "pause" : tail === undefined ? undefined : "demote";
  return {
    ...withDead(record, failover.generation),
    failover: undefined,
    reverse: undefined,
    state: back === undefined ? cancelled : nextState(cancelled, back, name),
    // What was promised is not done again by itself; the primary may prepare and ask once more.
    planned: planned === undefined ? undefined : { ...planned, taken: false },
  };
}

/** The record as the store keeps it. */
export function replicaToJson(record: ReplicaRecord): Json {
  return {
    state: record.state,
    ancestry: ancestryToJson(record.ancestry),
    failover: record.failover === undefined ? null : { ...record.failover },
    dead: record.dead,
    primary: record.primary,
    trustGroup: record.trustGroup ?? null,
    frequency: record.frequency,
    writer: record.writer ?? null,
    ...(record.address === undefined ? {} : { address: record.address }),
    ...(record.branch === undefined ? {} : { branch: branchToJson(record.branch) }),
    ...(record.reverse === undefined ? {} : { reverse: settingsToJson(record.reverse) }),
    ...(record.planned === undefined ? {} : { planned: { ...record.planned } }),
    ...(record.losing === undefined ? {} : { losing: ancestryToJson(record.losing) }),
    ...(record.tail === undefined ? {} : { tail: record.tail }),
    ...(record.media === undefined ? {} : { media: mediaToJson(record.media) }),
    ...(record.choices === undefined ? {} : { choices: choicesToJson(record.choices) }),
    ...(record.copied === true ? { copied: true } : {}),
  };
}

/** The record from the store; `undefined` when it makes no sense. */
export function replicaFromJson(json: Json): ReplicaRecord | undefined {
  const record = asObject(json);
  if (record === undefined) return undefined;
  const { state, primary, frequency, dead } = record;
  const trustGroup = record["trustGroup"] ?? undefined;
  const ancestry = ancestryFromJson(record["ancestry"]);
  if (!isState(state) || ancestry === undefined || typeof primary !== "string") return undefined;
  if (typeof frequency !== "number" || !Array.isArray(dead) || !dead.every(isIdentity)) {
    return undefined;
  }
  if (trustGroup !== undefined && typeof trustGroup !== "string") return undefined;
  const failover = record["failover"] === null ? undefined : failoverFromJson(record["failover"]);
  if (failover === undefined && record["failover"] !== null) return undefined;
  const writer = record["writer"] ?? undefined;
  if (writer !== undefined && !isIdentity(writer)) return undefined;
  const branch = branchFromJson(record["branch"]);
  const reverse = settingsFromJson(asObject(record["reverse"]));
  const planned = plannedFromJson(record["planned"]);
  const tail = record["tail"] ?? undefined;
  const losing = record["losing"] === undefined ? undefined : ancestryFromJson(record["losing"]);
  if (losing === undefined && record["losing"] !== undefined) return undefined;
  if (branch === null || planned === null || (tail !== undefined && !isIdentity(tail))) {
    return undefined;
  }
  const address = record["address"];
  if (address !== undefined && typeof address !== "string") return undefined;
  return {
    state,
    ancestry,
    failover,
    address,
    dead: dead as GenerationId[],
    primary,
    trustGroup,
    frequency,
    writer: writer as Incarnation | undefined,
    branch,
    reverse,
    planned,
    losing,
    tail: tail as PointId | undefined,
    media: mediaFromJson(record["media"]),
    choices: choicesFromJson(record["choices"]),
    ...(record["copied"] === true ? { copied: true } : {}),
  };
}

function plannedFromJson(json: Json | undefined): PlannedRecord | undefined | null {
  if (json === undefined || json === null) return undefined;
  const { token, taken }: JsonObject = asObject(json) ?? {};
  if (!isIdentity(token) || typeof taken !== "boolean") return null;
  return { token: token as Token, taken };
}

function mediaToJson({ point, digest, key, import: progress }: MediaRecord): JsonObject {
  return {
    point,
    digest,
    ...(key === undefined ? {} : { key }),
    ...(progress === undefined ? {} : { import: { ...progress } }),
  };
}

function mediaFromJson(json: Json | undefined): MediaRecord | undefined {
  const { point, digest, key, import: progress }: JsonObject = asObject(json) ?? {};
  if (!isIdentity(point) || typeof digest !== "string") return undefined;
  const sound = typeof key === "string" && /^[0-9a-f]{64}$/.test(key);
  return {
    point: point as PointId,
    digest,
    key: sound ? key : undefined,
    import: importFromJson(progress),
  };
}

/** What makes no sense is forgotten: the import begins anew. */
function importFromJson(json: Json | undefined): ImportRecord | undefined {
  const { seed, parts }: JsonObject = asObject(json) ?? {};
  if (!isIdentity(seed) || typeof parts !== "number" || !Number.isSafeInteger(parts) || parts < 0) {
    return undefined;
  }
  return { seed: seed as SeedId, parts };
}

function failoverFromJson(json: Json | undefined): FailoverRecord | undefined {
  const { point, generation, completing, paused }: JsonObject = asObject(json) ?? {};
  if (!isIdentity(point) || !isIdentity(generation)) return undefined;
  if (typeof completing !== "boolean") return undefined;
  return {
    point: point as PointId,
    generation: generation as GenerationId,
    completing,
    ...(paused === true ? { paused } : {}),
  };
}
