/**
 * A sound message of every type, and sound payloads of data frames.
 *
 * @module
 */

import type {
  GenerationId,
  Incarnation,
  MachineId,
  PointId,
  SeedId,
  Token,
} from "../../../../engine/core/base/units.ts";
import type { Compare, Compared } from "../../../../engine/core/wire/compare.ts";
import type { StagedExtent } from "../../../../engine/core/wire/extent.ts";
import type { MessageOf, MessageType } from "../../../../engine/core/wire/message.ts";
import type { PointDeclaration } from "../../../../engine/core/wire/point.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

function hex<T extends string>(digit: string): T {
  return digit.repeat(32) as T;
}

export const POINT_ID = hex<PointId>("a");
export const GENERATION_ID = hex<GenerationId>("b");
export const DELTA_ID = hex<string>("c");

export const POINT_SAMPLE: PointDeclaration = {
  id: POINT_ID,
  parent: hex<PointId>("d"),
  generation: GENERATION_ID,
  cutAt: 1_700_000_000_000_000,
  kind: "standard",
  sizes: [1 << 20],
};

const ANCESTRY_SAMPLE = [{
  generation: GENERATION_ID,
  parent: hex<GenerationId>("e"),
  branch: POINT_ID,
  writer: "alpha",
  reason: "failover",
}, {
  generation: hex<GenerationId>("e"),
  parent: null,
  branch: null,
  writer: "beta.example",
  reason: "enabled",
}];

/** One of each. */
export const SAMPLES: { readonly [T in MessageType]: MessageOf<T> } = {
  "hello": {
    type: "hello",
    protocol: 1,
    server: "alpha",
    incarnation: hex<Incarnation>("1"),
  },
  "ping": { type: "ping", n: 1 },
  "pong": { type: "pong", n: 1 },
  "bye": { type: "bye", reason: "Stopping" },
  "authorization-ask": { type: "authorization-ask", n: 1 },
  "authorization-told": {
    type: "authorization-told",
    n: 1,
    trustGroup: null,
    refusal: { code: "unauthorized", side: "peer", message: "No entry", action: "Add one" },
  },
  "open-machine": {
    type: "open-machine",
    machine: hex<MachineId>("2"),
    name: "db",
    generation: GENERATION_ID,
    ancestry: ANCESTRY_SAMPLE,
    disks: [1 << 20],
    blockSize: 4096,
    retention: "all 2h, hourly 1d",
    frequency: 300_000_000,
    base: POINT_ID,
    issued: [hex<PointId>("f")],
    space: 4096,
    writer: [hex<Incarnation>("5"), hex<Incarnation>("6")],
    listen: "alpha:7100",
    claim: "continue",
    seeding: "none",
    media: null,
    choices: {
      compression: "off",
      bandwidth: 1_250_000,
      objective: 600_000_000,
      appConsistent: 14_400_000_000,
      resync: "18:30-06:00",
      onUnknown: "hold",
    },
    purpose: "ask",
    yields: hex<GenerationId>("7"),
  },
  "machine-opened": {
    type: "machine-opened",
    generation: GENERATION_ID,
    ancestry: ANCESTRY_SAMPLE,
    newest: POINT_ID,
    seed: null,
    delta: { id: DELTA_ID, parent: POINT_ID, records: 7 },
    writer: hex<Incarnation>("5"),
    tail: null,
    state: "replicating",
    refuses: { code: "paused", message: "Paused here", action: "Resume it" },
  },
  "refused": {
    type: "refused",
    code: "older-generation",
    side: "request",
    message: "The generation is dead",
    action: "Resolve the split brain",
    ancestry: ANCESTRY_SAMPLE,
  },
  "disks": { type: "disks", disks: [1 << 20, 0, 1 << 21] },
  "tail-ask": { type: "tail-ask", disk: 0, from: 0 },
  "tail-told": {
    type: "tail-told",
    disk: 0,
    since: POINT_ID,
    issued: [hex<PointId>("f")],
    runs: [[0, 3], [7, 1]],
    next: null,
  },
  "planned-offer": { type: "planned-offer", token: hex<Token>("9") },
  "planned-held": { type: "planned-held", token: hex<Token>("9") },
  "planned-return": { type: "planned-return", token: hex<Token>("9") },
  "planned-returned": { type: "planned-returned", token: hex<Token>("9") },
  "planned-take": { type: "planned-take", token: hex<Token>("9") },
  "planned-taken": { type: "planned-taken", token: hex<Token>("9") },
  "seed-begin": { type: "seed-begin", seed: hex<SeedId>("3") },
  "seed-ready": { type: "seed-ready", seed: hex<SeedId>("3") },
  "seed-publish": {
    type: "seed-publish",
    point: { ...POINT_SAMPLE, parent: undefined },
    records: 3,
  },
  "delta-open": {
    type: "delta-open",
    delta: DELTA_ID,
    parent: hex<PointId>("d"),
    generation: GENERATION_ID,
    cut: POINT_ID,
  },
  "delta-ready": { type: "delta-ready", delta: DELTA_ID, records: 0 },
  "delta-seal": {
    type: "delta-seal",
    delta: DELTA_ID,
    point: POINT_SAMPLE,
    records: 1,
    digest: "0".repeat(64),
  },
  "delta-drop": { type: "delta-drop", delta: DELTA_ID },
  "progress": { type: "progress", records: 1 },
  "staged": {
    type: "staged",
    point: POINT_ID,
    generation: GENERATION_ID,
    digest: "0".repeat(64),
  },
  "applied": { type: "applied", point: POINT_ID },
};

/** A raw extent of `length` bytes at `at`. */
export function rawExtent(at: number, length: number, fill = 7): StagedExtent {
  const payload = new Uint8Array(length).fill(fill);
  return { disk: 0, at, length, kind: "raw", payload, checksum: loadKernel().checksum(payload) };
}

/** An extent of zeros. */
export function zeroExtent(at: number, length: number): StagedExtent {
  const payload = new Uint8Array(0);
  return { disk: 0, at, length, kind: "zero", payload, checksum: loadKernel().checksum(payload) };
}

/** A compressed extent of `length` bytes at `at`. */
export function zstdExtent(at: number, length: number, fill = 7): StagedExtent {
  const { checksum, payload } = rawExtent(at, length, fill);
  return {
    disk: 0,
    at,
    length,
    kind: "zstd",
    payload: loadKernel().compress(payload, 1),
    checksum,
  };
}

export const COMPARE_SAMPLE: Compare = {
  disk: 0,
  unit: 4096,
  at: 8192,
  count: 9,
  digests: new Uint8Array(9 * 16).fill(3),
};

export const COMPARED_SAMPLE: Compared = {
  disk: 0,
  unit: 4096,
  at: 8192,
  count: 9,
  differs: new Uint8Array([0b1010, 1]),
};
