/**
 * I42: In any window at most rate × time + burst bytes are sent.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** What may pass at once: the largest frame, twice, for a restarted server has a full bucket. */
const BURST = 2 * (1024 * 1024 + 8192);

/** I42. */
export const THROTTLE: Invariant = {
  id: "I42",
  about: "In any window at most rate × time + burst bytes are sent",
  begin: (ground) => {
    const buckets = new Map<string, { level: number; at: number }>();
    return {
      engine: ({ sighting: { time, event } }) => {
        if (event.kind !== "sent") return;
        const spec = ground.world.machines.find(({ name }) => name === event.machine);
        if (spec === undefined || spec.bandwidth === 0) return;
        const bucket = buckets.get(event.machine) ?? { level: 0, at: time };
        buckets.set(event.machine, bucket);
        const drained = ((time - bucket.at) * spec.bandwidth) / 1_000_000;
        bucket.level = Math.max(0, bucket.level - drained) + event.wire;
        bucket.at = time;
        if (bucket.level <= BURST) return;
        ground.violate("I42", `${event.machine}: ${bucket.level} bytes above its bandwidth`);
      },
    };
  },
};
