/**
 * What a run begins with: servers, a link, and machines with their disks and settings.
 *
 * @module
 */

import { KiB, MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { StorageSpeed } from "../../volume.ts";
import type { MachineSpec, WorldSpec } from "../scenario.ts";

/** Two servers, their link and what they store on, and one or two machines of one or two disks. */
export function makeWorld(random: Prng): WorldSpec {
  const blockSize = random.pick([512, 512, 1024, 2048]);
  const machines: MachineSpec[] = [];
  const count = random.below(4) === 0 ? 2 : 1;
  for (let index = 0; index < count; index++) machines.push(makeMachine(random, index, blockSize));
  return {
    blockSize,
    regionBlocks: random.pick([4, 4, 8]),
    slots: random.pick([2, 3, 4, 8, 16]),
    cowBlocks: random.pick([1, 2, 4, 16, 256, 256]),
    machines,
    link: {
      latency: random.pick([200, 2 * MILLISECOND, 20 * MILLISECOND]),
      jitter: random.pick([50, 500, 5 * MILLISECOND]),
      bandwidth: random.pick([20_000, 100_000, 1_000_000, 0]),
      segment: random.pick([1460, 4 * KiB, 64 * KiB]),
    },
    storage: { a: makeStorage(random), b: makeStorage(random) },
    wall: {
      a: random.between(-300, 300) * SECOND,
      b: random.between(-300, 300) * SECOND,
    },
  };
}

function makeMachine(random: Prng, index: number, blockSize: number): MachineSpec {
  const disks: number[] = [];
  const count = random.below(3) === 0 ? 2 : 1;
  for (let disk = 0; disk < count; disk++) {
    disks.push(random.between(16, 128) * (blockSize / 512));
  }
  return {
    name: index === 0 ? "vm" : `vm${index}`,
    disks,
    block: random.below(4) === 0,
    frequency: random.pick([1, 1, 2, 3, 5, 10]) * SECOND,
    keep: random.between(1, 6),
    compression: random.flip(),
    bandwidth: random.pick([0, 0, 0, 20_000, 200_000]),
  };
}

/** By hand, or in a window that opens and closes in a run whose wall clocks begin near midnight. */
export function makeResync(random: Prng): string | undefined {
  if (random.below(4) > 0) return undefined;
  if (random.flip()) return "manual";
  const two = (value: number) => String(value).padStart(2, "0");
  const time = (seconds: number) => {
    const past = (86_400 + seconds) % 86_400;
    const minutes = Math.floor(past / 60);
    return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(past % 60)}`;
  };
  const from = 5 * random.between(-60, 60);
  return `${time(from)}-${time(from + random.between(3, 30))}`;
}

/** Every kind of retention, on the scale of a run; in half of all runs some number of points. */
export function makeRetention(random: Prng, { frequency }: MachineSpec): string | undefined {
  if (random.flip()) return undefined;
  const cycles = (count: number) => `${(count * frequency) / SECOND}s`;
  switch (random.below(6)) {
    case 0:
      return random.pick(["newest", "hourly 24", "1m 2h, hourly 1d, daily 30d"]);
    case 1:
      return `${cycles(random.between(2, 5))} ${random.between(1, 4)}`;
    case 2:
      return `${cycles(random.between(2, 4))} ${cycles(random.between(5, 15))}`;
    case 3:
      return `all ${cycles(random.between(1, 3))}, ${cycles(random.between(2, 4))} ` +
        cycles(random.between(5, 15));
    case 4:
      return `all ${cycles(1)}, ${cycles(2)} ${cycles(random.between(4, 6))}, ` +
        `${cycles(random.between(3, 5))} ${cycles(random.between(8, 30))}`;
    default:
      return `${cycles(2)} ${random.between(1, 3)}, ${cycles(random.between(5, 7))} ${
        random.between(2, 4)
      }`;
  }
}

/** Whether a machine has application-consistent points, and how often, µs. */
export function makeRest(
  random: Prng,
  { frequency, keep, retention }: MachineSpec,
): number | undefined {
  const newestOnly = retention === undefined ? keep === 1 : retention === "newest";
  if (newestOnly || random.below(3) > 0) return undefined;
  return frequency * random.pick([1, 1, 2, 5]);
}

function makeStorage(random: Prng): StorageSpeed {
  const slow = random.pick([1, 1, 4, 20]);
  return {
    readMin: 20,
    readMean: 60 * slow,
    writeMin: 10,
    writeMean: 30 * slow,
    flushMin: 300,
    flushMean: 700 * slow,
    bandwidth: 1_000_000_000,
  };
}
