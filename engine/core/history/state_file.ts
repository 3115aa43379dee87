/**
 * The doubled state file: `state.0` and `state.1`, written alternately, both taken from the file
 * system when the replica is made, so that writing state never needs new space (R10).
 *
 * | at | field    | type | meaning                                              |
 * |----|----------|------|------------------------------------------------------|
 * |  0 | magic    | 8    | `WSSTATE1`                                           |
 * |  8 | sequence | u64  | the higher of two valid states counts                |
 * | 16 | length   | u32  | bytes of body                                        |
 * | 20 | version  | u32  | 1                                                    |
 * | 24 | checksum | u64  | XXH3-64 of the 24 bytes before and the body          |
 * | 32 | body     |      | canonical JSON                                       |
 *
 * Rule: a write replaces the older of the two, so a crash inside it leaves the newer one; a write that
 * failed is repeated on the same file, for the other may be the only valid one.
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { isFailed, localFailure } from "../base/failure.ts";
import { canonicalBytes, parseCanonical } from "../base/json.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { RESERVE_SIZE, STATE_CAPACITY, STATE_SLACK } from "./bounds.ts";
import { stateFrom, stateJson, type StoreState } from "./store_state.ts";

const HEADER_SIZE = 32;
const VERSION = 1;
const MAGIC = encodeUtf8("WSSTATE1");
const RESERVE = "reserve";

/** The names of the two files. */
export const STATE_NAMES = ["state.0", "state.1"] as const;

interface Slot {
  readonly sequence: number;
  readonly state: StoreState;
}

/** The two files, open. */
export class StateFile {
  readonly #folder: Folder;
  readonly #kernel: Kernel;
  readonly #files: readonly [File, File];
  #sequence = 0;
  #next = 0;

  private constructor(folder: Folder, kernel: Kernel, files: readonly [File, File]) {
    this.#folder = folder;
    this.#kernel = kernel;
    this.#files = files;
  }

  /** Makes both files at their full size. Crash: without a valid state there is no replica. */
  static *create(folder: Folder, kernel: Kernel): Task<StateFile> {
    const files: File[] = [];
    try {
      for (const name of STATE_NAMES) {
        const file = yield* folder.open(name, { create: true, truncate: true });
        files.push(file);
        yield* file.allocate(STATE_CAPACITY);
        yield* file.flush();
      }
      yield* keepReserve(folder);
      yield* folder.flush();
    } catch (error) {
      for (const file of files) yield* file.close();
      throw error;
    }
    return new StateFile(folder, kernel, files as [File, File]);
  }

  /**
   * Opens both files, making one that is missing. The state is `undefined` when neither is valid.
   * `unborn`: the second was never written, so a crash cut the making of the replica short.
   * What was read is flushed: after a kill it may be in the kernel only, and what follows from it
   * must not outlive it.
   */
  static *open(
    folder: Folder,
    kernel: Kernel,
  ): Task<{ file: StateFile; state: StoreState | undefined; unborn: boolean }> {
    const files: File[] = [];
    try {
      for (const name of STATE_NAMES) files.push(yield* folder.open(name, { create: true }));
      const file = new StateFile(folder, kernel, files as [File, File]);
      const slots: (Slot | undefined)[] = [];
      for (const each of files) slots.push(yield* readSlot(each, kernel));
      const state = file.#choose(slots);
      if (state !== undefined) yield* (files[1 - file.#next] as File).flush();
      const unborn = state === undefined && (yield* isBlank(files[1] as File));
      return { file, state, unborn };
    } catch (error) {
      for (const file of files) yield* file.close();
      throw error;
    }
  }

  #choose(slots: readonly (Slot | undefined)[]): StoreState | undefined {
    const [first, second] = slots;
    const winner = (second?.sequence ?? 0) > (first?.sequence ?? 0) ? 1 : 0;
    this.#sequence = slots[winner]?.sequence ?? 0;
    this.#next = 1 - winner;
    return slots[winner]?.state;
  }

  /**
   * Makes `state` durable. `growing` says that it lists a point more: then it must leave the slack
   * free that failover and fencing need (R10). Throws `no-space` when it is too large.
   */
  *write(state: StoreState, growing: boolean): Task<void> {
    const body = canonicalBytes(stateJson(state));
    const room = STATE_CAPACITY - HEADER_SIZE - (growing ? STATE_SLACK : 0);
    if (body.length > room) {
      throw localFailure(
        "no-space",
        `The state of "${state.name}" is full: ${body.length} bytes`,
        "Keep fewer recovery points",
      );
    }
    const bytes = this.#encode(body);
    // Crash before or inside: the other file is valid and older. After the flush: this one counts.
    const file = this.#files[this.#next] as File;
    try {
      yield* file.write(0, bytes);
    } catch (error) {
      // Only a file system that copies on write can lack space here: give it the reserve (R10).
      if (!isFailed(error, "no-space")) throw error;
      yield* spendReserve(this.#folder);
      yield* file.write(0, bytes);
    }
    yield* file.flush();
    this.#next = 1 - this.#next;
  }

  #encode(body: Uint8Array): Uint8Array {
    this.#sequence++;
    const writer = new ByteWriter(HEADER_SIZE + body.length);
    writer.raw(MAGIC).safe64(this.#sequence).u32(body.length).u32(VERSION).u64(0n).raw(body);
    writer.seek(HEADER_SIZE - 8).u64(checksum(this.#kernel, writer.bytes));
    return writer.bytes;
  }

  /** Gives both files back. */
  *close(): Task<void> {
    for (const file of this.#files) yield* file.close();
  }
}

/** Gives the reserve back to the file system, for what must not fail for want of space (R10). */
export function* spendReserve(folder: Folder): Task<void> {
  yield* folder.remove(RESERVE);
  yield* folder.flush();
}

/** Takes the reserve again where it was given back and there is room; failing is no failure. */
export function* keepReserve(folder: Folder): Task<void> {
  try {
    const file = yield* folder.open(RESERVE, { create: true });
    try {
      yield* file.allocate(RESERVE_SIZE);
    } finally {
      yield* file.close();
    }
  } catch (error) {
    if (!isFailed(error, "no-space")) throw error;
  }
}

/** Bytes 0 to 24 and the body, without the checksum between them. */
function checksum(kernel: Kernel, bytes: Uint8Array): bigint {
  const content = new Uint8Array(bytes.length - 8);
  content.set(bytes.subarray(0, HEADER_SIZE - 8));
  content.set(bytes.subarray(HEADER_SIZE), HEADER_SIZE - 8);
  return kernel.checksum(content);
}

/** True when nothing was ever written to a state file. */
function* isBlank(file: File): Task<boolean> {
  const header = yield* file.read(0, HEADER_SIZE);
  return header.every((byte) => byte === 0);
}

function* readSlot(file: File, kernel: Kernel): Task<Slot | undefined> {
  let header: Uint8Array;
  try {
    header = yield* file.read(0, HEADER_SIZE);
    const reader = new ByteReader(header);
    const magic = reader.bytes(MAGIC.length);
    const sequence = reader.safe64();
    const length = reader.u32();
    const version = reader.u32();
    const sum = reader.u64();
    if (!reader.ok || magic.some((byte, at) => byte !== MAGIC[at])) return undefined;
    if (length > STATE_CAPACITY - HEADER_SIZE) return undefined;
    const bytes = yield* file.read(0, HEADER_SIZE + length);
    if (bytes.length !== HEADER_SIZE + length || checksum(kernel, bytes) !== sum) return undefined;
    if (version !== VERSION) throw strangeVersion(version);
    const state = stateFrom(parseCanonical(bytes.subarray(HEADER_SIZE)));
    return state === undefined ? undefined : { sequence, state };
  } catch (error) {
    if (isFailed(error, "latent-sector")) return undefined;
    throw error;
  }
}

function strangeVersion(version: number): Error {
  return localFailure(
    "wrong-version",
    `A replica's state is of version ${version}, which this program does not know`,
    "Start the version of the program that wrote it",
  );
}
