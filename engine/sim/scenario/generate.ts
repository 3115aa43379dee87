/**
 * The generator: a seed becomes a scenario.
 *
 * Rule: everything is drawn here, from streams named for what they decide; each kind of fault is in the
 * game in about half of all runs (swarm), for a world in which all goes wrong at once never gets deep.
 * The same weights for everybody: no bug is looked for by name.
 *
 * @module
 */

// Long because: it is one table of what may happen and how often, easier to weigh in one place.

import { HOUR, KiB, MILLISECOND, SECOND } from "../../core/base/units.ts";
import { Prng } from "../prng.ts";
import type { StorageSpeed } from "../volume.ts";
import type {
  Direction,
  FaultAction,
  FirstCopy,
  HostName,
  MachineSpec,
  Place,
  RoleAction,
  Scenario,
  ScenarioEvent,
  WorldSpec,
} from "./scenario.ts";

/** Writes of all guests, at most. */
const WRITES_MAX = 240;
/** When the machines are under protection at the earliest and faults begin, µs. */
const SETUP = 100 * MILLISECOND;

/** The scenario of a seed. */
export function generate(seed: number): Scenario {
  const root = new Prng(seed).stream("scenario");
  const drawn = makeWorld(root.stream("world"));
  const machines = drawn.machines.map((machine, vm) => {
    const retention = makeRetention(root.stream(`retention/${vm}`), machine);
    const kept = retention === undefined ? machine : { ...machine, retention };
    const appConsistent = makeRest(root.stream(`rest/${vm}`), kept);
    const resting = appConsistent === undefined ? kept : { ...kept, appConsistent };
    const resync = makeResync(root.stream(`resync/${vm}`));
    return resync === undefined ? resting : { ...resting, resync };
  });
  const world = { ...drawn, machines };
  const pace = root.stream("pace");
  const fastest = Math.min(...world.machines.map(({ frequency }) => frequency));
  const active = Math.min(60 * SECOND, Math.max(8 * SECOND, fastest * pace.between(3, 12)));
  const events: ScenarioEvent[] = [];
  guestEvents(root, world, active, events);
  operatorEvents(root, world, active, events);
  faultEvents(root, world, active, events);
  oldStatesAtFailovers(root.stream("old-state-at-failover"), active, events);
  rotsOnTheWay(root.stream("rot-open"), active, events);
  roleEvents(root, world, active, events);
  spareDisks(root, world, active, events);
  events.sort((left, right) => left.at - right.at);
  return { seed, world, events, quiet: active };
}

function makeWorld(random: Prng): WorldSpec {
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
function makeResync(random: Prng): string | undefined {
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
function makeRetention(random: Prng, { frequency }: MachineSpec): string | undefined {
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

/** Writes come in bursts over the whole time; most of them go to few places. */
function guestEvents(root: Prng, world: WorldSpec, active: number, events: ScenarioEvent[]): void {
  for (const [vm, machine] of world.machines.entries()) {
    const random = root.stream(`guest/${vm}`);
    const budget = Math.floor(random.between(20, WRITES_MAX) / world.machines.length);
    const zeros = random.flip() ? random.pick([5, 15, 40]) : 0;
    const rough = random.between(0, 100);
    const largest = random.pick([2, 8, 24]);
    const hot = machine.disks.map((size) => random.below(size));
    const spread = random.pick([3, 8, 1_000_000]);
    let at = random.flip() ? 0 : SETUP;
    let made = 0;
    while (made < budget && at < active) {
      const burst = random.flip() ? 1 : random.between(2, 12);
      const gap = random.pick([0, 20, 300, 3000]);
      for (let index = 0; index < burst; index++) {
        const disk = random.below(machine.disks.length);
        const size = machine.disks[disk] as number;
        const place = guestPlace(random, size, hot[disk] as number, spread, largest);
        events.push({ at, vm, disk, ...place, ...guestKind(random, zeros, rough) });
        if (random.below(12) === 0) events.push({ at: at + 1, kind: "flush", vm, disk });
        if (random.below(8) === 0) {
          events.push({ at: at + random.below(2000), kind: "read", vm, disk, ...place });
        }
        at += random.exponential(gap);
        made++;
      }
      at += random.exponential(Math.ceil((active * 3) / budget));
    }
    if (random.below(3) === 0) reconnects(random, vm, active, events);
    if (random.below(3) === 0) gates(root.stream(`gate/${vm}`), machine, vm, active, events);
    if (random.flip()) races(root.stream(`race/${vm}`), machine, vm, active, events);
  }
}

function guestKind(random: Prng, zeros: number, rough: number) {
  if (random.below(100) < zeros) return { kind: "zero" } as const;
  return { kind: "write", rough: random.below(100) < rough } as const;
}

function guestPlace(random: Prng, size: number, hot: number, spread: number, largest: number) {
  const count = Math.min(size, random.below(4) === 0 ? random.between(1, largest) : 1);
  const choice = random.below(10);
  // The last sectors of a disk are where arithmetic goes wrong.
  if (choice === 0) return { sector: size - count, count };
  const near = choice < 7 && spread < size;
  const sector = near ? (hot + random.below(spread)) % size : random.below(size);
  return { sector: Math.min(sector, size - count), count };
}

/** Cycles are asked for while guests write again what they have just written. */
function races(
  random: Prng,
  machine: MachineSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  const rounds = random.between(1, 4);
  for (let round = 0; round < rounds; round++) {
    const start = random.between(SETUP, active);
    const disk = random.below(machine.disks.length);
    const size = machine.disks[disk] as number;
    const first = random.below(size);
    const places = Array.from({ length: 4 }, (_, index) => (first + index * 3) % size);
    for (const sector of places) {
      events.push({ at: start, kind: "write", vm, disk, sector, count: 1, rough: true });
    }
    events.push({ at: start + 1000, kind: "cycle", vm });
    const span = random.pick([2, 20, 200]) * MILLISECOND;
    for (let index = 0; index < 10; index++) {
      const at = start + 1000 + random.below(span);
      const sector = random.pick(places);
      events.push({ at, kind: "write", vm, disk, sector, count: 1, rough: true });
    }
  }
}

/** A disk stands still with a write in it while a cycle is asked for: a gate that does not close in time (C1). */
function gates(
  random: Prng,
  machine: MachineSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  let at = random.between(SETUP, active);
  const disk = random.below(machine.disks.length);
  for (let count = random.pick([1, 1, 2, 8]); count > 0; count--) {
    const lasts = random.pick([40, 60, 100, 400]) * MILLISECOND;
    const sector = random.below(machine.disks[disk] as number);
    events.push({ at, kind: "stall", host: "a", place: { vm, disk }, lasts });
    events.push({ at: at + 10, kind: "write", vm, disk, sector, count: 1, rough: true });
    events.push({ at: at + 500, kind: "cycle", vm });
    at += lasts + random.between(MILLISECOND, SECOND);
  }
}

function reconnects(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  const count = random.between(1, 6);
  for (let index = 0; index < count; index++) {
    // Most often while something is under way: just behind a write.
    const writes = events.filter((event) => event.kind === "write" && event.vm === vm);
    const near = writes.length > 0 && random.below(4) > 0
      ? random.pick(writes).at + random.below(60)
      : random.below(active);
    events.push({ at: near, kind: "reconnect", vm });
  }
}

function operatorEvents(root: Prng, world: WorldSpec, active: number, events: ScenarioEvent[]) {
  for (const [vm, machine] of world.machines.entries()) {
    const random = root.stream(`operator/${vm}`);
    const asks = random.pick([0, 0, 1, 4]);
    for (let index = 0; index < asks; index++) {
      events.push({ at: random.below(active), kind: "cycle", vm });
    }
    rests(root.stream(`rests/${vm}`), machine, vm, active, events);
    tests(root.stream(`tests/${vm}`), vm, active, events);
    if (random.below(3) === 0) illegalVerbs(random, vm, active, events);
    relationships(root.stream(`relationship/${vm}`), vm, active, events);
    pauses(root.stream(`pause-replication/${vm}`), vm, active, events);
    growth(root.stream(`grow/${vm}`), world, vm, active, events);
    changes(root.stream(`settings/${vm}`), vm, active, events);
    firstCopies(root.stream(`first-copy/${vm}`), vm, events);
    comparisons(root.stream(`comparisons/${vm}`), vm, active, events);
    exports(root.stream(`export/${vm}`), vm, active, events);
    if (random.below(3) > 0) continue;
    const rounds = random.between(1, 2);
    let at = random.between(Math.floor(active / 4), active);
    for (let round = 0; round < rounds && at < active; round++) {
      events.push({ at, kind: "failover", vm, back: random.flip() ? 0 : random.below(4) });
      at += random.between(200 * MILLISECOND, 4 * SECOND);
      const last = round === rounds - 1;
      const kind = last && random.below(3) === 0 ? "complete" : "cancel";
      events.push({ at, kind, vm });
      // What was refused or lost is asked for again.
      for (const again of [1, 3, 6]) events.push({ at: at + again * SECOND, kind, vm });
      if (kind === "complete") break;
      at += random.between(SECOND, 10 * SECOND);
    }
  }
  authorizations(root.stream("authorization"), active, events);
  limits(root.stream("limit"), active, events);
  const random = root.stream("operator");
  for (const host of ["a", "b"] as const) {
    if (random.below(4) > 0) continue;
    const at = random.below(active);
    events.push({ at, kind: "restart", host, down: random.below(2 * SECOND) });
  }
}

/** Disks come to machines and go, beside those of their guests; where nothing is made of these elsewhere. */
function spareDisks(root: Prng, world: WorldSpec, active: number, events: ScenarioEvent[]): void {
  for (const vm of world.machines.keys()) {
    const random = root.stream(`spare/${vm}`);
    const apart = events.some((event) =>
      (event.kind === "role" || event.kind === "first-copy") && event.vm === vm
    );
    if (random.below(4) > 0 || apart) continue;
    let at = random.below(active);
    events.push({ at, kind: "disk", vm, change: "add" });
    // What was refused, or lost with its server, is asked for again.
    events.push({ at: at + 2 * SECOND, kind: "disk", vm, change: "add" });
    for (let more = random.below(5); more > 0; more--) {
      at += random.exponential(3 * SECOND);
      const change = random.pick(["remove", "exclude", "include", "add"] as const);
      events.push({ at, kind: "disk", vm, change });
    }
  }
}

/** Disks grow, and their guests write behind the old end at once. */
function growth(
  random: Prng,
  { blockSize, machines }: WorldSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  if (random.below(3) > 0) return;
  const sizes = [...machines[vm]?.disks ?? []];
  const times: number[] = [];
  for (let count = random.between(1, 3); count > 0; count--) times.push(random.between(0, active));
  for (const at of times.sort((left, right) => left - right)) {
    const disk = random.below(sizes.length);
    const before = sizes[disk] as number;
    const more = random.between(1, 48) * (blockSize / 512);
    sizes[disk] = before + more;
    events.push({ at, kind: "grow", vm, disk, sectors: before + more });
    for (let writes = random.between(1, 6); writes > 0; writes--) {
      const count = random.between(1, Math.min(8, more));
      // Some of it lies across the old end.
      const sector = Math.max(0, before - 2 + random.below(more - count + 3));
      const later = at + random.exponential(200 * MILLISECOND);
      events.push({ at: later, kind: "write", vm, disk, sector, count, rough: random.flip() });
    }
  }
}

/** Whether a machine has application-consistent points, and how often, µs. */
function makeRest(random: Prng, { frequency, keep, retention }: MachineSpec): number | undefined {
  const newestOnly = retention === undefined ? keep === 1 : retention === "newest";
  if (newestOnly || random.below(3) > 0) return undefined;
  return frequency * random.pick([1, 1, 2, 5]);
}

/** Points at rest are asked for, where there are commands, and some of the freezes go wrong. */
/** Points are exported while all else goes on. */
function exports(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(4) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    events.push({ at: random.between(SETUP, active), kind: "export", vm, back: random.below(4) });
  }
}

function rests(
  random: Prng,
  { appConsistent }: MachineSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  if (appConsistent === undefined) return;
  for (let count = random.below(4); count > 0; count--) {
    events.push({ at: random.between(SETUP, active), kind: "rest", vm });
  }
  if (random.below(3) === 0) return;
  for (let count = random.between(1, 4); count > 0; count--) {
    const what = random.pick(["fails", "sticks", "breaks", "breaks", "thaw-fails"] as const);
    const after = random.between(1, 6 * MILLISECOND);
    const lasts = random.between(100 * MILLISECOND, 4 * SECOND);
    const at = random.between(0, active);
    events.push({ at, kind: "freeze", vm, what, after, lasts });
    if (random.flip()) events.push({ at: at + 10, kind: "rest", vm });
    // The guest is at work when it goes on by itself.
    const size = 8;
    for (let more = 0; what === "breaks" && more < 6; more++) {
      const sector = random.below(size);
      const later = at + 20 * MILLISECOND + random.below(40 * MILLISECOND);
      events.push({ at: later, kind: "write", vm, disk: 0, sector, count: 1, rough: false });
    }
  }
}

/** Tests of failovers; some stay until the end. */
function tests(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(3) > 0) return;
  for (let count = random.between(1, 4); count > 0; count--) {
    const at = random.between(SETUP, active);
    const writes = random.below(12);
    events.push({ at, kind: "test", vm, back: random.flip() ? 0 : random.below(4), writes });
    if (random.below(4) === 0) continue;
    const lasts = random.between(100 * MILLISECOND, 10 * SECOND);
    events.push({ at: at + lasts, kind: "test-delete", vm });
  }
}

/** Relationships that end and begin again, at either side. */
function relationships(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(6) === 0) {
    for (let count = random.between(1, 2); count > 0; count--) {
      const at = random.between(SETUP, active);
      events.push({ at, kind: "disable", vm, remove: random.below(3) === 0 });
    }
  }
  if (random.below(12) === 0) {
    events.push({ at: random.between(SETUP, active), kind: "forget", vm });
  }
}

/** A way of the first copy; `undefined` for over the network at once, as most are. */
function firstCopy(random: Prng): FirstCopy | undefined {
  switch (random.below(8)) {
    case 0:
      return { way: "scheduled", after: random.pick([100 * MILLISECOND, SECOND, 3 * SECOND]) };
    case 1:
      return { way: "existing-copy", stale: random.pick([0, 30, 300, 1000]) };
    case 2: {
      const delay = random.pick([50 * MILLISECOND, 500 * MILLISECOND, 3 * SECOND]);
      const harm = random.pick(["none", "flip", "flip", "cut"] as const);
      const pick = random.u32();
      const stumble = random.pick([undefined, "kill", "power"] as const);
      return { way: "media", delay, harm, pick, ...(stumble === undefined ? {} : { stumble }) };
    }
    default:
      return undefined;
  }
}

/** Ways of the first copy other than over the network at once, and stops in the middle of it. */
function firstCopies(random: Prng, vm: number, events: ScenarioEvent[]): void {
  const first = firstCopy(random);
  if (first !== undefined) events.push({ at: 0, kind: "first-copy", vm, first });
  if (random.below(6) === 0) {
    for (let count = random.between(1, 3); count > 0; count--) {
      const at = SETUP + random.exponential(SECOND);
      events.push({ at, kind: "verb", host: "a", vm, verb: "replication stop" });
    }
  }
}

/** Replication is paused on one side or both, and resumed; what was refused or lost is asked for again. */
function pauses(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(4) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const host = anyHost(random);
    const at = random.between(SETUP, active);
    const lasts = random.pick([10 * MILLISECOND, SECOND, 10 * SECOND]) + random.below(SECOND);
    events.push({ at, kind: "verb", host, vm, verb: "replication pause" });
    for (const again of [0, 1, 3]) {
      const when = at + lasts + again * SECOND;
      events.push({ at: when, kind: "verb", host, vm, verb: "replication resume" });
    }
  }
}

/** Whole disks are compared when an administrator says so, in whatever state; and are held, and given up. */
function comparisons(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(3) > 0) return;
  for (let count = random.between(1, 4); count > 0; count--) {
    let at = random.between(SETUP, active);
    for (let verbs = random.between(1, 4); verbs > 0; verbs--) {
      events.push({ at, kind: "verb", host: "a", vm, verb: random.pick(COMPARISONS) });
      at += random.exponential(random.pick([5, 100, 1000]) * MILLISECOND);
    }
  }
}

const COMPARISONS = [
  "replication resync start",
  "replication resync start",
  "replication resync pause",
  "replication resync continue",
  "replication resync cancel",
  "replication verify",
] as const;

/** Settings change while cycles run. */
function changes(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(4) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const change = random.pick([
      { frequency: random.pick([1, 2, 3, 5, 10]) * SECOND },
      { compression: random.flip() },
      { bandwidth: random.pick([0, 20_000, 200_000]) },
    ]);
    events.push({ at: random.between(SETUP, active), kind: "set", vm, change });
  }
}

/** The replica's server asks entries: its primary is let in, shut out in the middle of things, and let in again. */
function authorizations(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.below(5) > 0) return;
  const place = () => random.pick(["home", "one", "two"] as const);
  events.push({ at: 200 * MILLISECOND, kind: "authorize", allowed: true, place: place() });
  for (let count = random.below(4); count > 0; count--) {
    const at = random.between(SETUP, active);
    const lasts = random.pick([100 * MILLISECOND, 2 * SECOND, 10 * SECOND]);
    events.push({ at, kind: "authorize", allowed: false, place: "home" });
    events.push({ at: at + lasts, kind: "authorize", allowed: true, place: place() });
  }
}

/** What the primary's server may send changes now and then. */
function limits(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.below(6) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const bandwidth = random.pick([20_000, 100_000, 0]);
    events.push({ at: random.below(active), kind: "limit", bandwidth });
  }
}

const ILLEGAL = [
  "vm remove",
  "replication start",
  "failover cancel",
  "failover complete",
  "failover start",
  "replication enable",
  "replication disable",
  "replication pause",
  "replication resume",
] as const;

function illegalVerbs(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  const count = random.between(1, 3);
  for (let index = 0; index < count; index++) {
    const verb = random.pick(ILLEGAL);
    events.push({ at: random.below(active), kind: "verb", host: "a", vm, verb });
  }
}

/** What a run does not have in which machines change sides: who is who is asked there in ways of their own. */
const NOT_WITH_ROLES: ReadonlySet<string> = new Set([
  "rot",
  "rot-open",
  "touch",
  "old-state",
  "destroy",
  "outside",
  "lose-log",
  "latent",
  "io",
  "full",
  "stale",
  "authorize",
]);
/** What is asked of a machine that changes sides, besides that. */
const WITH_ROLES: ReadonlySet<string> = new Set([
  "write",
  "zero",
  "read",
  "flush",
  "reconnect",
  "cycle",
]);

/** In some runs machines change sides, there and back. */
function roleEvents(root: Prng, world: WorldSpec, active: number, events: ScenarioEvent[]): void {
  for (const [vm, { appConsistent, disks }] of world.machines.entries()) {
    const random = root.stream(`roles/${vm}`);
    if (random.below(8) > 0 || appConsistent !== undefined) continue;
    const kept = events.filter((event) =>
      !NOT_WITH_ROLES.has(event.kind) &&
      (!("vm" in event) || event.vm !== vm ||
        (WITH_ROLES.has(event.kind) && isWithin(event, disks)))
    );
    events.splice(0, events.length, ...kept);
    let at = random.between(SETUP + SECOND, Math.max(SETUP + 2 * SECOND, Math.floor(active / 2)));
    let to: HostName = "b";
    for (let rounds = random.between(1, 4); rounds > 0 && at < active; rounds--) {
      at = changeSides(random, vm, to, at, events);
      to = to === "a" ? "b" : "a";
      at += random.between(SECOND, 10 * SECOND);
    }
  }
}

/** False for what is behind the end of a disk that does not grow. */
function isWithin(event: ScenarioEvent, disks: readonly number[]): boolean {
  return !("count" in event && "sector" in event) ||
    event.sector + event.count <= (disks[event.disk] ?? 0);
}

/** One way to the other side, or half of it and back; returns when it should be over. */
function changeSides(
  random: Prng,
  vm: number,
  to: HostName,
  at: number,
  events: ScenarioEvent[],
): number {
  const later = at + random.between(200 * MILLISECOND, 4 * SECOND);
  // What was refused or lost is asked for again.
  const insist = (what: RoleAction["what"], from: number) => {
    for (const again of [0, 1, 3, 6]) {
      events.push({ at: from + again * SECOND, kind: "role", vm, what, to });
    }
  };
  switch (random.below(6)) {
    case 0:
    case 1:
      insist("planned", at);
      return at + SECOND;
    case 2:
      events.push({ at, kind: "role", vm, what: "prepare", to });
      insist(random.flip() ? "cancel" : "force", later);
      insist("planned", later + 7 * SECOND);
      return later + 8 * SECOND;
    case 3:
      events.push({ at, kind: "role", vm, what: "prepare", to });
      events.push({ at: later, kind: "failover", vm, back: 0 });
      insist("reverse", later + random.between(SECOND, 3 * SECOND));
      return later + 3 * SECOND;
    default:
      events.push({ at, kind: "failover", vm, back: random.flip() ? 0 : random.below(4) });
      insist("reverse", later);
      return later + SECOND;
  }
}

/** How one kind of fault is drawn, and how many of it a run has at most. */
interface FaultKind {
  readonly name: string;
  readonly most: number;
  /** One of so many runs has it; 2 by default. */
  readonly rarity?: number;
  make(random: Prng, world: WorldSpec): FaultAction;
}

const FAULTS: readonly FaultKind[] = [
  {
    name: "kill-a",
    most: 4,
    make: (random) => ({ kind: "kill", host: "a", down: downtime(random) }),
  },
  {
    name: "kill-b",
    most: 4,
    make: (random) => ({ kind: "kill", host: "b", down: downtime(random) }),
  },
  {
    name: "power-a",
    most: 3,
    make: (random) => ({ kind: "power", host: "a", down: downtime(random) }),
  },
  {
    name: "power-b",
    most: 3,
    make: (random) => ({ kind: "power", host: "b", down: downtime(random) }),
  },
  { name: "crash", most: 6, make: crashFault },
  { name: "crash-storm", most: 3, rarity: 6, make: crashFault },
  {
    name: "pause",
    most: 2,
    rarity: 3,
    make: (random) => ({ kind: "pause", host: anyHost(random), lasts: span(random, 40) }),
  },
  {
    name: "lag",
    most: 1,
    rarity: 6,
    make: (random) => ({
      kind: "lag",
      host: anyHost(random),
      lag: random.pick([20, 200, 2000]),
      lasts: span(random, 20),
    }),
  },
  {
    name: "clock",
    most: 4,
    make: (random) => ({ kind: "clock", host: anyHost(random), by: clockJump(random) }),
  },
  { name: "io", most: 3, rarity: 4, make: ioFault },
  {
    name: "latent",
    most: 3,
    rarity: 5,
    make: (random, world) => {
      const place = anyDisk(random, world);
      const size = world.machines[place.vm]?.disks[place.disk] ?? 1;
      const sector = random.below(size);
      return { kind: "latent", host: "a", place, sector, sticky: random.flip() };
    },
  },
  {
    name: "outside",
    most: 2,
    rarity: 6,
    make: (random, world) => {
      const place = anyDisk(random, world);
      const sector = random.below(world.machines[place.vm]?.disks[place.disk] ?? 1);
      const fill = 1 + random.below(255);
      return { kind: "outside", ...place, sector, fill, down: downtime(random) };
    },
  },
  {
    name: "lose-log",
    most: 2,
    rarity: 5,
    make: (random, world) => {
      return { kind: "lose-log", ...anyDisk(random, world), down: downtime(random) };
    },
  },
  {
    name: "crash-naming",
    most: 3,
    rarity: 6,
    make: (random) => ({
      kind: "crash-naming",
      host: random.below(4) === 0 ? "a" : "b",
      renames: random.between(1, random.pick([4, 12])),
      when: random.below(4) === 0 ? "before" : "after",
      how: random.pick(["kill", "power"]),
      down: downtime(random),
    }),
  },
  {
    name: "touch",
    most: 2,
    rarity: 12,
    make: (random, world) => ({ kind: "touch", ...anyDisk(random, world), down: downtime(random) }),
  },
  {
    name: "rot",
    most: 2,
    rarity: 8,
    make: (random) => ({ kind: "rot", pick: random.u32(), bit: random.below(8) }),
  },
  {
    name: "old-state",
    most: 2,
    rarity: 8,
    make: (random, world) => ({
      kind: "old-state",
      vm: random.below(world.machines.length),
      age: random.pick([100 * MILLISECOND, 2 * SECOND, 10 * SECOND]) + random.below(SECOND),
      down: downtime(random),
    }),
  },
  {
    name: "slow",
    most: 3,
    rarity: 3,
    make: (random, world) => ({
      kind: "slow",
      ...anyPlace(random, world),
      factor: random.pick([10, 100]),
      lasts: span(random, 20),
    }),
  },
  {
    name: "stall",
    most: 3,
    rarity: 3,
    make: (random, world) => ({
      kind: "stall",
      ...anyPlace(random, world),
      lasts: random.pick([20 * MILLISECOND, 200 * MILLISECOND, 2 * SECOND]),
    }),
  },
  {
    name: "full",
    most: 2,
    rarity: 4,
    make: (random) => ({
      kind: "full",
      host: anyHost(random),
      place: random.pick(["data", "logs"]),
      lasts: span(random, 20),
    }),
  },
  {
    name: "full-logs",
    most: 3,
    rarity: 3,
    make: (random) => ({ kind: "full", host: "a", place: "logs", lasts: span(random, 60) }),
  },
  {
    name: "partition",
    most: 3,
    make: (random) => ({ kind: "partition", way: anyWay(random), lasts: span(random, 40) }),
  },
  {
    name: "link",
    most: 3,
    make: (random) => ({
      kind: "link",
      what: random.pick(["lossRate", "duplicateRate", "reorderRate", "corruptRate"]),
      way: anyWay(random),
      rate: random.pick([2_000, 20_000, 100_000]),
      lasts: span(random, 30),
    }),
  },
  {
    name: "link-stall",
    most: 2,
    rarity: 3,
    make: (random) => ({ kind: "link-stall", way: anyWay(random), lasts: span(random, 10) }),
  },
  {
    name: "link-slow",
    most: 1,
    rarity: 3,
    make: (random) => ({
      kind: "link-slow",
      bandwidth: random.pick([2_000, 10_000]),
      lasts: span(random, 30),
    }),
  },
  { name: "reset", most: 5, make: () => ({ kind: "reset" }) },
  {
    name: "refuse",
    most: 2,
    rarity: 4,
    make: (random) => ({
      kind: "refuse",
      what: random.pick(["refuse", "hang"]),
      lasts: span(random, 10),
    }),
  },
  {
    name: "stale",
    most: 3,
    rarity: 4,
    make: (random, world) => ({
      kind: "stale",
      vm: random.below(world.machines.length),
      what: random.pick(["generation", "parent", "writer"]),
    }),
  },
  {
    name: "destroy-b",
    most: 1,
    rarity: 40,
    make: (random) => ({ kind: "destroy", host: "b", down: downtime(random) }),
  },
  {
    name: "destroy-a",
    most: 1,
    rarity: 16,
    make: (random) => ({ kind: "destroy", host: "a", down: downtime(random) }),
  },
];

/** Every kind of fault that the generator knows, by name. */
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name);

function faultEvents(root: Prng, world: WorldSpec, active: number, events: ScenarioEvent[]): void {
  for (const kind of FAULTS) {
    const random = root.stream(`fault/${kind.name}`);
    if (random.below(kind.rarity ?? 2) > 0) continue;
    const count = random.between(1, kind.most);
    for (let index = 0; index < count; index++) {
      const at = random.between(SETUP, active - 1);
      const fault = kind.make(random, world);
      events.push({ at, ...fault });
      // A crash that comes again soon meets the recovery from the first.
      if ((fault.kind === "kill" || fault.kind === "power") && random.below(4) === 0) {
        const again = crashFault(random);
        events.push({ at: at + fault.down, ...again, host: fault.host });
      }
      // Nobody looks while a replica is down.
      if (kind.name.endsWith("-b") && "down" in fault && random.below(10) === 0) {
        const pick = random.u32();
        events.push({ at: at + (fault.down >>> 1), kind: "rot", pick, bit: random.below(8) });
      }
    }
  }
}

/** The state comes back as it was a little before a failover began or was completed, and knows nothing of it. */
function oldStatesAtFailovers(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.flip()) return;
  for (const event of [...events]) {
    if ((event.kind !== "failover" && event.kind !== "complete") || random.flip()) continue;
    const before = random.pick([100 * MILLISECOND, SECOND, 5 * SECOND]) + random.below(SECOND);
    const at = event.at - before;
    const age = before + random.pick([50 * MILLISECOND, 500 * MILLISECOND, 3 * SECOND]);
    if (at < SETUP || at + age >= active) continue;
    events.push({ at, kind: "old-state", vm: event.vm, age, down: downtime(random) });
  }
}

/** The link is slow, so that deltas are on their way for long, and what the replica has of one rots. */
function rotsOnTheWay(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.below(12) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const at = random.between(SETUP, active - 1);
    const bandwidth = random.pick([2_000, 5_000, 20_000]);
    events.push({ at, kind: "link-slow", bandwidth, lasts: random.between(2, 10) * SECOND });
    const pick = random.u32();
    events.push({ at, kind: "rot-open", pick, bit: random.below(8), down: downtime(random) });
  }
}

function crashFault(random: Prng): FaultAction & { readonly kind: "crash" } {
  return {
    kind: "crash",
    host: anyHost(random),
    calls: random.between(1, random.pick([10, 40, 200])),
    when: random.pick(["before", "after", "torn"]),
    how: random.pick(["kill", "power"]),
    down: downtime(random),
  };
}

function ioFault(random: Prng, world: WorldSpec): FaultAction {
  const what = random.pick(["failReads", "failWrites", "failFlushes"] as const);
  return { kind: "io", ...anyPlace(random, world), what, count: random.pick([1, 1, 3]) };
}

function downtime(random: Prng): number {
  return random.pick([MILLISECOND, 100 * MILLISECOND, SECOND, 5 * SECOND]);
}

/** Mostly short, seldom long. */
function span(random: Prng, seconds: number): number {
  return Math.min(seconds * SECOND, 20 * MILLISECOND + random.exponential((seconds * SECOND) / 8));
}

function clockJump(random: Prng): number {
  const size = random.pick([SECOND, 288 * SECOND, HOUR, 40 * 24 * HOUR]);
  return random.flip() ? size : -size;
}

function anyHost(random: Prng): HostName {
  return random.flip() ? "a" : "b";
}

function anyWay(random: Prng): Direction {
  return random.pick(["both", "both", "a>b", "b>a"]);
}

function anyDisk(random: Prng, world: WorldSpec): { readonly vm: number; readonly disk: number } {
  const vm = random.below(world.machines.length);
  return { vm, disk: random.below(world.machines[vm]?.disks.length ?? 1) };
}

function anyPlace(random: Prng, world: WorldSpec): { host: HostName; place: Place } {
  const choice = random.below(5);
  if (choice < 2) return { host: "b", place: "data" };
  if (choice === 2) return { host: "a", place: "data" };
  return { host: "a", place: choice === 3 ? "logs" : anyDisk(random, world) };
}
