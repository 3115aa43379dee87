/**
 * I49: Without writes and faults a server does little: cycles of nothing, and signs of life.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** Of one empty cycle with its pings. */
const EVENTS_MAX = 600;
const BYTES_MAX = 16_384;

/** I49. */
export const QUIESCENCE: Invariant = {
  id: "I49",
  about: "Without writes and faults a server does little: cycles of nothing, and signs of life",
  begin: (ground) => ({
    calm: ({ micros, events, bytes }) => {
      const cycles = ground.world.machines.reduce(
        (sum, { frequency }) => sum + Math.ceil(micros / frequency) + 1,
        0,
      );
      if (events > cycles * EVENTS_MAX || bytes > cycles * BYTES_MAX) {
        ground.violate("I49", `${events} events and ${bytes} bytes in ${cycles} cycles of nothing`);
      }
    },
  }),
};
