/**
 * A machine whose disks are added, taken out, left out and made larger while it moves between two servers, at random:
 * what its guest finds is what it wrote, and a disk that was left out is empty behind a move.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Prng } from "../../../../engine/sim/prng.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { filled, makePair, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = 32 * KiB;
const SETTINGS = { frequency: 3600 * SECOND, retention: "last 3" };
const DISKS_AT_ONCE = 5;

/** What a disk has to hold. */
interface Disk {
  data: Uint8Array;
  excluded: boolean;
}

class Walk {
  readonly #world: SimWorld;
  readonly #random: Prng;
  /** By number. */
  readonly #disks = new Map<number, Disk>();
  #primary: Site;
  #replica: Site;
  #made = 0;

  constructor(seed: number) {
    const { a, b, world } = makePair(seed, SIZE, 4 * KiB);
    [this.#world, this.#primary, this.#replica] = [world, a, b];
    this.#random = world.stream("walk");
    a.host.addDisk("two.img", { size: SIZE });
    a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img"] });
    a.call("replication enable", { vm: "vm", to: "b:7700", ...SETTINGS });
    a.call("replication start", VM);
    a.call("replication cycle", VM);
    for (; this.#made < 2; this.#made++) this.#disks.set(this.#made, empty());
  }

  step(): void {
    const numbers = [...this.#disks.keys()];
    const number = numbers[this.#random.below(numbers.length)] as number;
    const disk = this.#disks.get(number) as Disk;
    // One disk is replicated, whatever else there is.
    const spare = disk.excluded || this.#replicated > 1;
    const act = this.#random.below(11);
    if (act < 4) this.#write(number, disk);
    else if (act === 4) this.#cycle();
    else if (act === 5 && this.#disks.size < DISKS_AT_ONCE) this.#add();
    else if (act === 6 && spare) this.#remove(number);
    else if (act === 7 && spare) this.#exclude(number, disk);
    else if (act === 8) this.#grow(number, disk);
    else if (act === 9) this.#move();
    else if (act === 10) this.#restart();
    this.#check(this.#primary);
  }

  /** At the end the replica has all of it as well. */
  finish(): void {
    this.#cycle();
    this.#replica.call("failover start", VM);
    this.#emptyExcluded();
    this.#check(this.#replica);
    equal(this.#world.violations[0], undefined);
  }

  get #replicated(): number {
    return [...this.#disks.values()].filter(({ excluded }) => !excluded).length;
  }

  /** Waits until one replicates to the other. */
  #settle(): void {
    const stateOf = (site: Site) => {
      const each = (site.call("vm list") as JsonObject[]).find(({ vm }) => vm === "vm");
      return `${each?.["role"]} ${each?.["state"]}`;
    };
    const settled = () =>
      stateOf(this.#primary) === "primary Replicating" &&
      stateOf(this.#replica) === "replica Replicating";
    for (let tries = 0; tries < 400 && !settled(); tries++) this.#world.runFor(SECOND);
    equal(stateOf(this.#primary), "primary Replicating");
    equal(stateOf(this.#replica), "replica Replicating");
  }

  #cycle(): void {
    this.#settle();
    this.#primary.call("replication cycle", VM);
  }

  #write(number: number, { data }: Disk): void {
    const at = this.#random.below(data.length / 512) * 512;
    const length = Math.min(512 * (1 + this.#random.below(8)), data.length - at);
    const value = 1 + this.#random.below(255);
    this.#primary.write(`vm/${number}`, at, filled(length, value));
    data.fill(value, at, at + length);
  }

  #add(): void {
    this.#settle();
    const number = this.#made++;
    this.#primary.host.addDisk(`disk-${number}.img`, { size: SIZE });
    this.#primary.call("vm disk add", { vm: "vm", disk: `disk-${number}.img` });
    this.#disks.set(number, empty());
    this.#primary.call("replication cycle", VM);
  }

  #remove(number: number): void {
    if (this.#disks.size === 1) return;
    this.#settle();
    this.#primary.call("vm disk remove", { vm: "vm", disk: number });
    this.#disks.delete(number);
  }

  #exclude(number: number, disk: Disk): void {
    this.#settle();
    this.#primary.call("vm disk exclude", { vm: "vm", disk: number, off: disk.excluded });
    disk.excluded = !disk.excluded;
    if (!disk.excluded) this.#primary.call("replication cycle", VM);
  }

  #grow(number: number, disk: Disk): void {
    const size = disk.data.length + 4 * KiB;
    this.#primary.call("vm disk grow", { vm: "vm", disk: number, size });
    const larger = new Uint8Array(size);
    larger.set(disk.data);
    disk.data = larger;
  }

  #move(): void {
    this.#settle();
    if (this.#random.below(2) === 0) this.#primary.call("failover planned", VM);
    else {
      this.#primary.call("replication cycle", VM);
      this.#replica.call("failover start", VM);
      this.#replica.call("failover reverse", { vm: "vm", retention: "last 3" });
    }
    this.#emptyExcluded();
    [this.#primary, this.#replica] = [this.#replica, this.#primary];
  }

  /** What stands in for a disk that was left out is empty, and is left out as well. */
  #emptyExcluded(): void {
    for (const disk of this.#disks.values()) {
      if (disk.excluded) disk.data.fill(0);
    }
  }

  #restart(): void {
    const site = this.#random.below(2) === 0 ? this.#primary : this.#replica;
    site.host.kill();
    site.start();
    this.#world.runFor(20 * SECOND);
  }

  #check(site: Site): void {
    const names = [...this.#disks.keys()].map((number) => `vm/${number}`);
    deepEqual([...site.server?.exports.list() ?? []].sort(), names.sort());
    for (const [number, { data }] of this.#disks) {
      deepEqual(site.read(`vm/${number}`, 0, data.length), data, `disk ${number}`);
    }
  }
}

function empty(): Disk {
  return { data: filled(SIZE, 0), excluded: false };
}

Deno.test("disks come, go and grow while their machine moves, and hold what was written (M65, M66)", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const walk = new Walk(seed);
    for (let step = 0; step < 30; step++) walk.step();
    walk.finish();
  }
});
