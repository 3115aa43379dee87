/**
 * Kinds of storage that a site may have, by name.
 *
 * @module
 */

import { MILLISECOND } from "../../engine/core/base/units.ts";
import { type StorageSpeed, USUAL_STORAGE } from "../../engine/sim/volume.ts";

/** Names of storage: solid-state, spinning, and much too slow. */
export const STORAGE_NAMES = ["ssd", "hdd", "slow"] as const;

/** How fast each is, in the world that is meant. */
export const STORAGES: Readonly<Record<typeof STORAGE_NAMES[number], StorageSpeed>> = {
  ssd: USUAL_STORAGE,
  hdd: {
    readMin: 2 * MILLISECOND,
    readMean: 6 * MILLISECOND,
    writeMin: 2 * MILLISECOND,
    writeMean: 6 * MILLISECOND,
    flushMin: 8 * MILLISECOND,
    flushMean: 10 * MILLISECOND,
    bandwidth: 150_000_000,
  },
  slow: {
    readMin: 10 * MILLISECOND,
    readMean: 30 * MILLISECOND,
    writeMin: 10 * MILLISECOND,
    writeMean: 40 * MILLISECOND,
    flushMin: 50 * MILLISECOND,
    flushMean: 100 * MILLISECOND,
    bandwidth: 10_000_000,
  },
};
