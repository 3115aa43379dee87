/**
 * The written form of a world, of expectations and of the whole: what reads them, and what is usual where nothing is said.
 *
 * @module
 */

import * as z from "zod/mini";
import { DAY, GiB, HOUR, KiB, MILLISECOND, SECOND, TiB } from "../../engine/core/base/units.ts";
import { DISKS_MAX } from "../../engine/core/base/limits.ts";
import { BOUNDS } from "./bounds.ts";
import { count, flag, NAME, quantity, record, shown, text, word } from "./form.ts";
import { SCENARIO_NAME } from "./rename.ts";
import { STORAGE_NAMES } from "./storages.ts";

const SLUG = 'Use lower-case letters, digits and "-", at most 64';
const SHARE_MAX = 1_000_000;
const RATE_MAX = 1024 * GiB;
const SIZE_MAX = 1024 * TiB;

/** A time from 0 on. */
export const time = () => quantity("time", 0, BOUNDS.time);
const share = () => quantity("share", 0, SHARE_MAX);
const rate = () => quantity("rate", 0, RATE_MAX);
const size = (min = 0) => quantity("size", min, SIZE_MAX);

const access = () => quantity("time", 0, 10 * SECOND);

const STORAGE = z.union([
  z.enum(STORAGE_NAMES),
  record({
    readMin: access(),
    readMean: access(),
    writeMin: access(),
    writeMean: access(),
    flushMin: access(),
    flushMean: access(),
    bandwidth: rate(),
  }),
]);

const SITE = record({
  storage: z.prefault(STORAGE, "ssd"),
  clock: z.prefault(quantity("time", -BOUNDS.time, BOUNDS.time), "0s"),
});

const LINK = record({
  between: z.optional(z.array(NAME).check(z.length(2))),
  rtt: z.prefault(quantity("time", 0, 60 * SECOND), "20ms"),
  jitter: z.prefault(quantity("time", 0, 60 * SECOND), "1ms"),
  rate: z.prefault(rate(), "100Mbit"),
});

const REQUESTS = /^\d{1,6}\/s$/;

const WORKLOAD = record({
  id: z.optional(word(/^[a-z0-9-]{1,32}$/, SLUG)),
  kind: z.prefault(
    z.enum(["steady", "diurnal", "bursts", "zipf", "sequential", "database", "ransomware"]),
    "steady",
  ),
  disk: z.prefault(count(0, DISKS_MAX - 1), 0),
  /** So many bytes a second, or so many requests. */
  rate: z.prefault(
    z.union([word(REQUESTS, "Expected a rate such as 40MB/s or 20/s"), rate()]),
    "1MB/s",
  ),
  size: z.prefault(size(512), "64KiB"),
  from: z.prefault(time(), "0s"),
  until: z.optional(time()),
  span: z.prefault(quantity("share", 1, SHARE_MAX), "100%"),
  rough: z.optional(share()),
  on: z.prefault(quantity("time", MILLISECOND, DAY), "1m"),
  off: z.prefault(quantity("time", MILLISECOND, 7 * DAY), "4m"),
  hot: z.prefault(quantity("share", 1, SHARE_MAX), "10%"),
  hotWrites: z.prefault(share(), "90%"),
  commit: z.prefault(count(1, 10_000), 32),
  peak: z.prefault(count(0, 23), 14),
  night: z.prefault(share(), "10%"),
});

const HARM = record({
  kind: z.enum(["none", "flip", "cut"]),
  pick: z.prefault(count(0, 0xffff_ffff), 0),
  stumble: z.optional(z.enum(["kill", "power"])),
});

const FIRST_COPY = z.union([
  z.literal("network"),
  z.discriminatedUnion("way", [
    record({ way: z.literal("network") }),
    record({ way: z.literal("scheduled"), after: z.prefault(time(), "1h") }),
    record({ way: z.literal("existing-copy"), stale: z.prefault(share(), "5%") }),
    record({ way: z.literal("media"), delay: z.prefault(time(), "1d"), harm: z.optional(HARM) }),
  ], { error: '"way" is network, scheduled, existing-copy or media' }),
]);

const REPLICATION = record({
  frequency: z.prefault(quantity("time", SECOND, HOUR), "5m"),
  retention: z.prefault(text(256), "last 24"),
  compression: z.prefault(flag(), true),
  bandwidth: z.prefault(rate(), 0),
  appConsistent: z.prefault(time(), 0),
  resync: z.prefault(text(40), "auto"),
  firstCopy: z.prefault(FIRST_COPY, "network"),
});

const MACHINE = record({
  at: z.optional(NAME),
  disks: z.array(size(4 * KiB)).check(z.minLength(1), z.maxLength(DISKS_MAX)),
  used: z.prefault(share(), "50%"),
  device: z.prefault(flag(), false),
  workloads: z.prefault(z.array(WORKLOAD).check(z.maxLength(BOUNDS.workloads)), [{}]),
  replication: z.prefault(REPLICATION, {}),
  objective: z.prefault(
    record({ rpo: z.prefault(time(), 0), rto: z.prefault(time(), 0) }),
    {},
  ),
});

const BLOCKS = ["512B", "1KiB", "2KiB", "4KiB", "8KiB", "16KiB", "32KiB", "64KiB"] as const;

const GRAIN = record({
  region: z.prefault(count(1, 64), 4),
  slots: z.prefault(count(1, 4096), 16),
  oldBlocks: z.prefault(count(1, 65_536), 256),
  packet: z.prefault(quantity("size", 64, 64 * KiB), "64KiB"),
});

/** A world. */
export const WORLD = record({
  scale: z.prefault(count(1, BOUNDS.scale), 1),
  block: z.optional(z.enum(BLOCKS)),
  grain: z.optional(GRAIN),
  sites: z.prefault(z.record(NAME, z.union([z.null(), SITE])), { a: null, b: null }),
  links: z.prefault(z.record(NAME, z.union([z.null(), LINK])), { wan: null }),
  machines: z.record(NAME, MACHINE),
});

/** A world as it was read. */
export type WrittenWorld = z.infer<typeof WORLD>;
/** A machine as it was read. */
export type WrittenMachine = z.infer<typeof MACHINE>;
/** A workload as it was read. */
export type WrittenWorkload = z.infer<typeof WORKLOAD>;

/** The site of which nothing is said. */
export const usualSite = () => SITE.parse({});
/** The link of which nothing is said. */
export const usualLink = () => LINK.parse({});

/** Bounds of a number; a bare one is met within 10 %. */
function range<T extends z.ZodMiniType<number>>(of: T) {
  const each = z.optional(of);
  return z.union([of, record({ min: each, max: each, about: each })]);
}

/** The id of a step: what its line says, or its number. */
export const STEP_ID = z.union([
  word(/^[a-z0-9][a-z0-9-]{0,63}$/, SLUG),
  count(0, BOUNDS.steps),
]);

/** Expectations by the key that tells them apart. */
export const EXPECTATIONS = {
  vm: record({
    vm: NAME,
    rpo: z.optional(range(time())),
    rto: z.optional(range(time())),
    lostWrites: z.optional(range(count(0, 1e12))),
    lostBytes: z.optional(range(size())),
    worstRpo: z.optional(range(time())),
    runsAt: z.optional(z.union([z.literal(""), NAME])),
  }),
  invariants: record({
    invariants: z.union([
      z.literal("all"),
      z.array(word(/^I\d{1,2}$/, "An invariant is called I1, I2 and so on")).check(z.minLength(1)),
    ]),
  }),
  converges: record({ converges: count(1, 1000) }),
  step: record({ step: STEP_ID, outcome: z.prefault(text(64), "done") }),
} as const;

/** What stands around world, script and expectations. */
export const HEAD = {
  formatVersion: z.prefault(
    z.literal(1, {
      error: ({ input }) => `Format 1 is the only one that is read here, found ${shown(input)}`,
    }),
    1,
  ),
  name: word(SCENARIO_NAME, SLUG),
  title: z.optional(text(200)),
  story: z.prefault(text(20_000), ""),
  seed: z.prefault(count(0, Number.MAX_SAFE_INTEGER), 1),
  engineHash: z.optional(word(/^[0-9a-f]{8,64}$/, "A hash is 8 to 64 hex digits")),
  attended: z.prefault(flag(), false),
  end: z.optional(quantity("time", SECOND, BOUNDS.time)),
};

/** The whole, its script and expectations as they come. */
export const SCENARIO = record({
  ...HEAD,
  world: WORLD,
  script: z.optional(z.nullable(z.array(z.unknown()).check(z.maxLength(BOUNDS.steps)))),
  expect: z.optional(z.nullable(z.array(z.unknown()).check(z.maxLength(BOUNDS.expectations)))),
});
