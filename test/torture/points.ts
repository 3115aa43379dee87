/**
 * Reading images as a guest would: of the primary's disk, and of every point that the replica lists, each
 * by a failover to it that is cancelled after.
 *
 * @module
 */

import { NbdClient } from "../../engine/host/nbd/client.ts";
import { rowsOf, textOf } from "../../engine/agent/command/value.ts";
import type { AgentProcess } from "./agent_process.ts";
import { BLOCK, readStamp } from "./stamp.ts";

/** Bytes in one read. */
const PIECE = 1024 * 1024;
/** Reads under way. */
const DEPTH = 4;

/** A point as the replica lists it. */
export interface ListedPoint {
  readonly id: string;
  readonly broken: string;
}

/** The points of `vm`, oldest first. */
export async function listPoints(replica: AgentProcess, vm: string): Promise<ListedPoint[]> {
  const rows = rowsOf(await replica.call("points list", { vm }));
  return rows.map((row) => ({
    id: textOf(row["id"]),
    broken: row["broken"] === null ? "" : textOf(row["broken"]),
  }));
}

/**
 * What each block of a point holds, as `readStamp` says; `undefined` when retention dropped the point
 * since it was listed.
 */
export async function readPoint(
  replica: AgentProcess,
  vm: string,
  point: string,
  uri: string,
): Promise<Int32Array | undefined> {
  try {
    await replica.call("failover start", { vm, point });
  } catch (error) {
    if ((await listPoints(replica, vm)).some(({ id }) => id === point)) throw error;
    return undefined;
  }
  try {
    return await readImage(uri);
  } finally {
    await replica.call("failover cancel", { vm });
  }
}

/** What each block of an export holds. */
export async function readImage(uri: string): Promise<Int32Array> {
  const client = await NbdClient.connect(uri);
  try {
    const found = new Int32Array(client.size / BLOCK);
    let next = 0;
    await Promise.all(Array.from({ length: DEPTH }, async () => {
      while (next < client.size) {
        const at = next;
        next += PIECE;
        const bytes = await client.read(at, Math.min(PIECE, client.size - at));
        for (let past = 0; past < bytes.length; past += BLOCK) {
          const block = (at + past) / BLOCK;
          found[block] = readStamp(bytes.subarray(past, past + BLOCK), block);
        }
      }
    }));
    return found;
  } finally {
    await client.disconnect();
  }
}
