/**
 * A sound conversation of each end, as frames that can be taken apart: what hostile inputs are made of.
 *
 * @module
 */

import { encodeCompare, encodeCompared } from "../../../engine/core/wire/compare.ts";
import { encodeExtent } from "../../../engine/core/wire/extent.ts";
import { FRAME_HEADER_SIZE, type FrameType } from "../../../engine/core/wire/frame.ts";
import { type ControlMessage, encodeControl } from "../../../engine/core/wire/message.ts";
import { loadKernel } from "../../../wasm/codec.ts";
import {
  COMPARE_SAMPLE,
  COMPARED_SAMPLE,
  rawExtent,
  SAMPLES,
  zeroExtent,
  zstdExtent,
} from "../../unit/core/wire/samples.ts";

/** Which end speaks. */
export type Speaker = "primary" | "replica";

/** A frame before it becomes bytes; every field may be wrong. */
export interface LooseFrame {
  readonly version: number;
  readonly type: number;
  readonly channel: number;
  /** What the header says; the payload's own length in a sound frame. */
  readonly length: number;
  readonly payload: Uint8Array;
  /** Added to the right checksum. */
  readonly checksumOff: bigint;
  /** What the payload was made of, for mutating it; `undefined` for bytes. */
  readonly message: ControlMessage | undefined;
}

const TYPES: readonly FrameType[] = ["control", "extent", "compare", "compared"];

/** A sound frame of `payload`. */
export function dataFrame(type: FrameType, channel: number, payload: Uint8Array): LooseFrame {
  return {
    version: 1,
    type: TYPES.indexOf(type) + 1,
    channel,
    length: payload.length,
    payload,
    checksumOff: 0n,
    message: undefined,
  };
}

/** A sound control frame. */
export function controlFrame(channel: number, message: ControlMessage): LooseFrame {
  return { ...dataFrame("control", channel, encodeControl(message)), message };
}

/** Everything that one end says in a life of one machine on one session. */
export function conversation(speaker: Speaker): readonly LooseFrame[] {
  return speaker === "primary" ? PRIMARY : REPLICA;
}

const PRIMARY: readonly LooseFrame[] = [
  controlFrame(0, SAMPLES["hello"]),
  controlFrame(1, SAMPLES["open-machine"]),
  controlFrame(0, SAMPLES["ping"]),
  controlFrame(1, SAMPLES["seed-begin"]),
  dataFrame("extent", 1, encodeExtent(rawExtent(0, 4096))),
  dataFrame("extent", 1, encodeExtent(zeroExtent(4096, 65_536))),
  controlFrame(1, SAMPLES["seed-publish"]),
  controlFrame(1, SAMPLES["delta-open"]),
  dataFrame("extent", 1, encodeExtent(zstdExtent(8192, 16_384))),
  dataFrame("compare", 1, encodeCompare(COMPARE_SAMPLE)),
  controlFrame(1, SAMPLES["delta-seal"]),
  controlFrame(1, SAMPLES["delta-drop"]),
  controlFrame(1, SAMPLES["bye"]),
  controlFrame(0, SAMPLES["bye"]),
];

const REPLICA: readonly LooseFrame[] = [
  controlFrame(0, SAMPLES["hello"]),
  controlFrame(0, SAMPLES["ping"]),
  controlFrame(1, SAMPLES["machine-opened"]),
  controlFrame(1, SAMPLES["delta-ready"]),
  controlFrame(1, SAMPLES["progress"]),
  dataFrame("compared", 1, encodeCompared(COMPARED_SAMPLE)),
  controlFrame(1, SAMPLES["progress"]),
  controlFrame(1, SAMPLES["staged"]),
  controlFrame(1, SAMPLES["applied"]),
  controlFrame(1, SAMPLES["refused"]),
  controlFrame(1, SAMPLES["bye"]),
  controlFrame(0, SAMPLES["bye"]),
];

/** The bytes of a frame, with the checksum that its header and payload ask for. */
export function frameBytes(frame: LooseFrame): Uint8Array {
  const known = frame.checksumOff === 0n ? cache.get(frame) : undefined;
  if (known !== undefined) return known;
  const bytes = new Uint8Array(FRAME_HEADER_SIZE + frame.payload.length);
  const view = new DataView(bytes.buffer);
  // The checksum covers the header's first half and the payload: it is computed side by side.
  view.setUint8(8, frame.version);
  view.setUint8(9, frame.type);
  view.setUint16(10, frame.channel, true);
  view.setUint32(12, frame.length, true);
  bytes.set(frame.payload, FRAME_HEADER_SIZE);
  const covered = Math.min(bytes.length, FRAME_HEADER_SIZE + frame.length);
  const checksum = loadKernel().checksum(bytes.subarray(8, covered)) + frame.checksumOff;
  bytes.copyWithin(0, 8, 16);
  view.setBigUint64(8, BigInt.asUintN(64, checksum), true);
  if (PRIMARY.includes(frame) || REPLICA.includes(frame)) cache.set(frame, bytes);
  return bytes;
}

/** Sound frames are made once; most of a hostile input is sound. */
const cache = new Map<LooseFrame, Uint8Array>();
