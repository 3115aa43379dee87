/**
 * What a replica remembers of its relationship, durable with the store's state.
 *
 * @module
 */

import { asObject, type Json, type JsonObject } from "../base/json.ts";
import { type GenerationId, type Incarnation, isIdentity, type PointId } from "../base/units.ts";
import { type Ancestry, ancestryFromJson, ancestryToJson } from "../lineage/generation.ts";
import { isState, type ReplicationState } from "../relationship/state.ts";

/** A failover that was started and is neither cancelled nor complete. */
export interface FailoverRecord {
  /** The point that was chosen; fixed at selection (I31). */
  readonly point: PointId;
  /** The generation that becomes the machine's when the failover is completed (L5). */
  readonly generation: GenerationId;
  /** True once `complete` was asked for: from then on there is only the way forward. */
  readonly completing: boolean;
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
  /** Frequency that the primary told, µs. */
  readonly frequency: number;
  /** The primary's incarnation that the generation is bound to (L1); none after a rebuild. */
  readonly writer: Incarnation | undefined;
}

/** Dead generations remembered, at most; older ones cannot come back, for ids are random. */
const DEAD_MAX = 64;

/** `record` with `generation` among the dead. */
export function withDead(record: ReplicaRecord, generation: GenerationId): ReplicaRecord {
  return { ...record, dead: [generation, ...record.dead].slice(0, DEAD_MAX) };
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
  return {
    state,
    ancestry,
    failover,
    dead: dead as GenerationId[],
    primary,
    trustGroup,
    frequency,
    writer: writer as Incarnation | undefined,
  };
}

function failoverFromJson(json: Json | undefined): FailoverRecord | undefined {
  const { point, generation, completing }: JsonObject = asObject(json) ?? {};
  if (!isIdentity(point) || !isIdentity(generation)) return undefined;
  if (typeof completing !== "boolean") return undefined;
  return { point: point as PointId, generation: generation as GenerationId, completing };
}
