/**
 * I42: In any window at most rate × time + burst bytes are sent, or rate × time and one frame above the burst.
 *
 * A frame that has passed its machine's bucket may wait for the whole server's, and is told of late. If the bucket here
 * was empty until then, it leaks that frame too late, and is too full by at most the frame until it is empty again.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** A tenth of a second may pass at once. */
const BURST_PART = 10;

/** A bucket that leaks at the rate: what is in it was sent faster than that. */
interface Bucket {
  level: number;
  at: number;
  /** The frame that it was empty before, which may have been told of late. */
  late: number;
}

/** I42. */
export const THROTTLE: Invariant = {
  id: "I42",
  about:
    "In any window at most rate × time + burst bytes are sent, or rate × time and one frame above the burst",
  begin: (ground) => {
    /** By server, machine, and how often that had moved: where it comes to, its bucket is a new one. */
    const buckets = new Map<string, Bucket>();
    const keyOf = (host: string, vm: string) => `${host}/${vm}/${ground.moves(vm)}`;
    let limit = 0;
    const all: Bucket = { level: 0, at: 0, late: 0 };
    /** The newest frame of each machine: one of each may be told of late. */
    const late = new Map<string, number>();
    const together = (time: number, machine: string, wire: number) => {
      if (limit === 0) return;
      all.level = Math.max(0, all.level - ((time - all.at) * limit) / 1_000_000) + wire;
      all.at = time;
      const before = [...late.values()].reduce((sum, bytes) => sum + bytes, 0);
      late.set(machine, wire);
      const above = all.level - Math.max(Math.ceil(limit / BURST_PART), wire) - before;
      if (above <= 0) return;
      ground.violate("I42", `${Math.round(above)} bytes above what the whole server may send`);
    };
    return {
      limit: ({ bandwidth }) => {
        limit = bandwidth;
        all.level = 0;
        all.at = ground.now;
        // What passed under the limit before may still be told of.
        if (bandwidth === 0) return;
        for (const { name } of ground.world.machines) if (!late.has(name)) late.set(name, 0);
      },
      engine: ({ sighting: { host, time, event } }) => {
        // A relationship that begins anew has a full bucket.
        if (event.kind === "state" && event.to === "ReadyForInitialReplication") {
          buckets.delete(keyOf(host, event.machine));
        }
        if (event.kind !== "sent") return;
        // The primary's server at `b` is given no limit of its own.
        if (host === "a") together(time, event.machine, event.wire);
        const spec = ground.world.machines.find(({ name }) => name === event.machine);
        if (spec === undefined || spec.bandwidth === 0) return;
        const key = keyOf(host, event.machine);
        const bucket = buckets.get(key) ?? { level: 0, at: time, late: 0 };
        buckets.set(key, bucket);
        const leaked = ((time - bucket.at) * spec.bandwidth) / 1_000_000;
        if (leaked >= bucket.level) bucket.late = event.wire;
        bucket.level = Math.max(0, bucket.level - leaked) + event.wire;
        bucket.at = time;
        const burst = Math.ceil(spec.bandwidth / BURST_PART);
        const most = Math.max(burst, event.wire) + bucket.late;
        if (bucket.level <= most) return;
        const above = Math.round(bucket.level - most);
        ground.violate("I42", `${event.machine}: ${above} bytes above its bandwidth and burst`);
      },
      // A server that starts has full buckets.
      died: ({ host }) => {
        for (const key of [...buckets.keys()]) if (key.startsWith(`${host}/`)) buckets.delete(key);
        if (host === "a") all.level = 0;
      },
    };
  },
};
