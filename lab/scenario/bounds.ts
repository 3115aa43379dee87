/**
 * How much a scenario may ask for: what is beyond it is refused before anything runs.
 *
 * @module
 */

import { DAY, MiB } from "../../engine/core/base/units.ts";

/** The bounds. */
export const BOUNDS = {
  /** Characters of a file. */
  text: 256 * 1024,
  /**
   * Commas, colons, line ends, brackets, quotes, dashes and the like, by which the time goes that reading YAML takes: 10 µs for each at
   * first, also where each is a mistake. It is enough for 2,000 steps, and no drill of the library or regression has more than 4,000.
   * JSON on one line is faster.
   */
  marks: 24_000,
  /** Levels of lists and maps in each other. */
  depth: 16,
  /** Values, each counted as often as it is meant. */
  nodes: 100_000,
  /** Places where an alias stands. */
  aliases: 100,
  /** Problems that are told at once. */
  problems: 20,
  /** Steps of a script. */
  steps: 5000,
  /** Expectations. */
  expectations: 1000,
  /** µs of a drill, and of everything in it. */
  time: 400 * DAY,
  /** Requests that workloads make in a whole drill, simulated ones. */
  requests: 5_000_000,
  /** Bytes of all simulated disks, once for each machine. */
  disks: 256 * MiB,
  /** Machines. */
  machines: 16,
  /** Workloads of a machine. */
  workloads: 16,
  /** Bytes a second of a simulated link, at least. */
  linkRate: 40,
  /** Blocks of 4 KiB that a simulated one stands for. */
  scale: 65_536,
} as const;
