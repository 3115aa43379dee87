/**
 * Control messages: every one there is, who may send it, and what it holds.
 *
 * Rule: the table below is the definition; types, validation and docs/WIRE.md come from it. A message
 * that is not exactly as described, or not in canonical form, is malformed.
 *
 * @module
 */
// Long because: every message stands in one table.

import { assert } from "../base/assert.ts";
import type { Json } from "../base/json.ts";
import { asObject, canonicalBytes, parseCanonical } from "../base/json.ts";
import { CONTROL_PAYLOAD_MAX, DISKS_MAX, ISSUED_MAX, WRITERS_MAX } from "../base/limits.ts";
import type {
  GenerationId,
  Incarnation,
  MachineId,
  PointId,
  SeedId,
  Token,
} from "../base/units.ts";
import { HOUR, SECOND } from "../base/units.ts";
import { CHOICES } from "./choices.ts";
import type { Fields, ObjectOf } from "./fields.ts";
import {
  checkFields,
  digestOrNone,
  failureCode,
  identity,
  integer,
  key,
  list,
  name,
  nullable,
  object,
  oneOf,
  optional,
  side,
  text,
} from "./fields.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { ANCESTRY, POINT, SIZES } from "./point.ts";
import { retentionField } from "./retention.ts";

/** Which end of a channel may send a message: who replicates, who receives, or both. */
export type Sender = "primary" | "replica" | "both";
/** Where a message travels: on channel 0, on a machine's channel, or on both kinds. */
export type Where = "session" | "channel" | "anywhere";

interface Definition {
  readonly sender: Sender;
  readonly where: Where;
  /** One line of documentation. */
  readonly about: string;
  readonly fields: Fields;
}

const count = integer(0, Number.MAX_SAFE_INTEGER);
const point = identity<PointId>("point");
const generation = identity<GenerationId>("generation");
const machine = identity<MachineId>("machine");
const seed = identity<SeedId>("seed");
const delta = identity<string>("delta");
const token = identity<Token>("token");
const incarnation = identity<Incarnation>("incarnation");

/** Runs of blocks in one message: with two numbers of 16 digits each it stays well below its bound. */
export const TAIL_RUNS_MAX = 4096;

/** Version of everything in this folder, told in `hello`. */
export const PROTOCOL_VERSION = 1;

/** Every control message by its `type`. */
export const MESSAGES = {
  "hello": {
    sender: "both",
    where: "session",
    about: "The first frame of each end: who is there, in which run of its process.",
    fields: {
      protocol: integer(1, 65_535),
      server: name("server"),
      incarnation,
    },
  },
  "ping": {
    sender: "both",
    where: "session",
    about: "Sent when nothing else was: I am alive. `n` grows.",
    fields: { n: count },
  },
  "pong": {
    sender: "both",
    where: "session",
    about: "Answers the newest ping; older ones that were not answered yet are answered with it.",
    fields: { n: count },
  },
  "bye": {
    sender: "both",
    where: "anywhere",
    about: "Ends the channel in order; on channel 0 the connection.",
    fields: { reason: text(1024) },
  },
  "authorization-ask": {
    sender: "primary",
    where: "session",
    about: "Would the server that connected be accepted as the primary of machines? `n` grows.",
    fields: { n: count },
  },
  "authorization-told": {
    sender: "replica",
    where: "session",
    about: "Answers the newest authorization-ask, of this moment: the trust group, or why not.",
    fields: {
      n: count,
      /** The group of the machines of that primary; null when it is refused. */
      trustGroup: nullable(name("trust group")),
      /** What an open-machine would be refused with; null when it would not be for this reason. */
      refusal: nullable(
        object({ code: failureCode(), side: side(), message: text(4096), action: text(4096) }),
      ),
    },
  },
  "open-machine": {
    sender: "primary",
    where: "channel",
    about: "Opens a channel: the machine, its lineage here, its disks, its settings.",
    fields: {
      machine,
      name: name("machine"),
      generation,
      ancestry: ANCESTRY,
      /** Bytes of each disk by index; 0 for an index that has none. */
      disks: SIZES,
      blockSize: integer(512, 65_536),
      /** Which recovery points to keep. */
      retention: retentionField(),
      /** Time between cuts in µs. */
      frequency: integer(1 * SECOND, 1 * HOUR),
      /** The newest point acknowledged as staged, to which the tracked bits are relative (T4). */
      base: nullable(point),
      /** Points cut since the base. */
      issued: list(point, 0, ISSUED_MAX),
      /** Bytes that the disks take at the primary, while they are to be seeded; else 0 (R10). */
      space: count,
      /** The incarnations of this primary, newest first: the first is this one (L1). */
      writer: list(incarnation, 1, WRITERS_MAX),
      /** Where the primary listens itself, host:port, for a replication the other way; "" if nowhere. */
      listen: text(300),
      /** `take-over`: the administrator has said that this copy of the primary is the one. */
      claim: oneOf<"continue" | "take-over">("continue", "take-over"),
      /** How the first copy comes to the replica, while it is on its way. */
      seeding: oneOf<"none" | "network" | "existing-copy" | "media">(
        "none",
        "network",
        "existing-copy",
        "media",
      ),
      /** The package on media that holds the first copy, once it is complete: the replica takes no other. */
      media: nullable(
        object({
          point,
          digest: digestOrNone(),
          /** What it is sealed with; absent of one that an earlier version exported, which nobody imports. */
          key: optional(key()),
        }),
      ),
      /** What else was chosen for the machine, for whoever becomes its primary. */
      choices: optional(CHOICES),
      /** It is only asked where the machine runs, and no replica is made for that; absent where it is to be sent to. */
      purpose: optional(oneOf<"ask">("ask")),
      /** The generation that its administrator keeps in place of its own; absent where nobody said so (L1). */
      yields: optional(generation),
    },
  },
  "machine-opened": {
    sender: "replica",
    where: "channel",
    about: "Answers open-machine: the machine's lineage and what is durable at the replica.",
    fields: {
      generation,
      ancestry: ANCESTRY,
      /** The newest staged point. */
      newest: nullable(point),
      /** The initial replication in progress. */
      seed: nullable(seed),
      /** The unsealed delta, and how many of its records are durable. */
      delta: nullable(object({ id: delta, parent: point, records: count })),
      /** The incarnation of the primary that this generation is bound to (L1). */
      writer: nullable(incarnation),
      /** The point that the replica held last as the primary, while it is its newest one (L6). */
      tail: nullable(point),
      /** State of the replica, for the primary's health. */
      state: text(64),
      /** Why it would refuse data at this moment; absent where it would take it. */
      refuses: optional(object({ code: failureCode(), message: text(1024), action: text(1024) })),
    },
  },
  "refused": {
    sender: "replica",
    where: "channel",
    about: "Refuses what was asked or sent, and ends the channel: nothing follows it but bye.",
    fields: {
      code: failureCode(),
      side: side(),
      message: text(4096),
      action: text(4096),
      /** The history here, where it and the one that was told have parted; else absent (L1). */
      ancestry: optional(ANCESTRY),
    },
  },
  "disks": {
    sender: "primary",
    where: "channel",
    about: "Disks were added or have grown: what follows may lie in their new ranges.",
    fields: { disks: SIZES },
  },
  "tail-ask": {
    sender: "primary",
    where: "channel",
    about:
      "Asks what the replica changed of a disk when it was the primary itself, from a block on.",
    fields: { disk: integer(0, DISKS_MAX - 1), from: count },
  },
  "tail-told": {
    sender: "replica",
    where: "channel",
    about:
      "Answers tail-ask: since when, and runs of blocks that changed; `next` when there are more.",
    fields: {
      disk: integer(0, DISKS_MAX - 1),
      /** What the blocks changed since; null where nothing tells exactly what changed. */
      since: nullable(point),
      /** Cuts that it issued since. */
      issued: list(point, 0, ISSUED_MAX),
      /** First block and number of blocks of each run, in order. */
      runs: list(list(count, 2, 2), 0, TAIL_RUNS_MAX),
      next: nullable(count),
    },
  },
  "planned-offer": {
    sender: "primary",
    where: "channel",
    about: "Hands over the right to start the machine: a planned failover is prepared (L4).",
    fields: { token },
  },
  "planned-held": {
    sender: "replica",
    where: "channel",
    about: "Answers planned-offer: the right is here, durably.",
    fields: { token },
  },
  "planned-return": {
    sender: "primary",
    where: "channel",
    about: "Asks for the right to be given back: the planned failover is cancelled.",
    fields: { token },
  },
  "planned-returned": {
    sender: "replica",
    where: "channel",
    about: "Answers planned-return: the machine will not be started by that right, durably.",
    fields: { token },
  },
  "planned-take": {
    sender: "primary",
    where: "channel",
    about: "Asks the replica to fail over to the planned point, and to become the primary.",
    fields: { token },
  },
  "planned-taken": {
    sender: "replica",
    where: "channel",
    about: "Answers planned-take: it will be done, also after a crash; the channel ends with it.",
    fields: { token },
  },
  "seed-begin": {
    sender: "primary",
    where: "channel",
    about: "Begins or resumes an initial replication; extents may follow once seed-ready came.",
    fields: { seed },
  },
  "seed-ready": {
    sender: "replica",
    where: "channel",
    about: "Answers seed-begin.",
    fields: { seed },
  },
  "seed-publish": {
    sender: "primary",
    where: "channel",
    about: "Ends an initial replication: its disks are this point. `records` extents were sent.",
    fields: { point: POINT, records: count },
  },
  "delta-open": {
    sender: "primary",
    where: "channel",
    about: "Begins or resumes a delta to `parent`; extents may follow once delta-ready came.",
    fields: { delta, parent: point, generation, cut: point },
  },
  "delta-ready": {
    sender: "replica",
    where: "channel",
    about: "Answers delta-open: the durable records of that delta, at which sending resumes.",
    fields: { delta, records: count },
  },
  "delta-seal": {
    sender: "primary",
    where: "channel",
    about: "Ends a delta: with these records and this chain digest it makes this point.",
    fields: { delta, point: POINT, records: count, digest: digestOrNone() },
  },
  "delta-drop": {
    sender: "primary",
    where: "channel",
    about: "Throws an unsealed delta away.",
    fields: { delta },
  },
  "progress": {
    sender: "replica",
    where: "channel",
    about: "Durable records of the open delta, or of the seed since seed-ready; moves the window.",
    fields: { records: count },
  },
  "staged": {
    sender: "replica",
    where: "channel",
    about: "The point is durable at the replica and can be failed over to (R1, R2).",
    fields: { point, generation, digest: digestOrNone() },
  },
  "applied": {
    sender: "replica",
    where: "channel",
    about: "The point is in the replica's disks.",
    fields: { point },
  },
} as const satisfies { readonly [type: string]: Definition };

/** The `type` of a control message. */
export type MessageType = keyof typeof MESSAGES;

/** The control message of one type. */
export type MessageOf<T extends MessageType> =
  & { readonly type: T }
  & ObjectOf<typeof MESSAGES[T]["fields"]>;

/** Any control message. */
export type ControlMessage = { [T in MessageType]: MessageOf<T> }[MessageType];

/** The first message of each end. */
export type Hello = MessageOf<"hello">;

/** `message` as canonical JSON. That it is sound is asserted: it is ours. */
export function encodeControl(message: ControlMessage): Uint8Array {
  const json = message as unknown as Json;
  const problem = checkFields(MESSAGES[message.type].fields, json, "type");
  assert(problem === undefined, `A message we send is sound: ${message.type} ${problem ?? ""}`);
  const payload = canonicalBytes(json);
  assert(payload.length <= CONTROL_PAYLOAD_MAX, "A message we send is not too long");
  return payload;
}

/** The message in `payload`; a failure `malformed` that says what is wrong with it otherwise. */
export function decodeControl(payload: Uint8Array): ControlMessage | Malformed {
  if (payload.length > CONTROL_PAYLOAD_MAX) return unsound("is too long");
  const value = asObject(parseCanonical(payload));
  if (value === undefined) return unsound("is not a JSON object of integers and texts");
  const type = value["type"];
  if (typeof type !== "string" || !isMessageType(type)) return unsound("has an unknown type");
  const problem = checkFields(MESSAGES[type].fields, value, "type");
  if (problem !== undefined) return unsound(`"${type}" ${problem}`);
  if (!sameBytes(canonicalBytes(value), payload)) return unsound(`"${type}" is not canonical`);
  return value as unknown as ControlMessage;
}

function isMessageType(type: string): type is MessageType {
  return Object.hasOwn(MESSAGES, type);
}

function unsound(problem: string): Malformed {
  return malformed(`A control message ${problem}`);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}
