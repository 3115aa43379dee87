/**
 * Commands of the model-based property: what guests, administrators and misfortune do, each to both the
 * model and the servers.
 *
 * Rule: a command asks the model what must come of it before it is done, and afterwards has everything
 * that can be seen judged. Ordered from simple to intricate, so that a failure shrinks to the simplest.
 *
 * @module
 */
// Long because: all that may be done stands side by side, and is weighed in one place.

import fc from "fast-check";
import type { JsonObject } from "../../engine/core/base/json.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import {
  count,
  fulfilled,
  judge,
  Named,
  pointOf,
  siteOf,
  type Step,
  TRIES,
  valueOf,
  type Where,
} from "./command.ts";
import { Cycle, heard } from "./cycle_command.ts";
import { ChangeDisk, Prepared } from "./disk_commands.ts";
import { FirstCopy } from "./first_copies.ts";
import { type Meanwhile, Paused, Verify } from "./pause_commands.ts";
import type { DiskChange } from "./reference/disks.ts";
import type { Reference } from "./reference/reference.ts";
import { other, type SiteName } from "./reference/standing.ts";
import { type Outcome, type Servers, VM } from "./servers.ts";

/** A guest writes at the server that serves its disks. */
export class Write extends Named implements Step {
  readonly #where: Where;
  readonly #place: readonly [number, number, number, number];

  constructor(where: Where, disk: number, block: number, blocks: number, stamp: number) {
    super("write at", where, disk, block, blocks, stamp);
    this.#where = where;
    this.#place = [disk, block, blocks, stamp];
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up[siteOf(this.#where, model)];
  }

  run(model: Reference, real: Servers): void {
    const site = siteOf(this.#where, model);
    if (real.write(site, ...this.#place)) {
      count(`write at ${site}`);
      model.wrote(site, ...this.#place);
    }
    judge(model, real);
  }
}

/** A guest flushes. */
export class Flush extends Named implements Step {
  readonly #site: SiteName;
  readonly #disk: number;

  constructor(site: SiteName, disk: number) {
    super("flush", site, disk);
    this.#site = site;
    this.#disk = disk;
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up[this.#site];
  }

  run(model: Reference, real: Servers): void {
    if (real.flush(this.#site, this.#disk)) model.flushed(this.#site, this.#disk);
    judge(model, real);
  }
}

/** An administrator asks for something, whether it is legal or not. */
export class Verb extends Named implements Step {
  readonly #where: Where;
  #site: SiteName = "a";
  readonly #verb: string;
  readonly #pick: number;

  constructor(where: Where, verb: string, pick: number) {
    super(`"${verb}"`, "at", where, verb === "failover start" ? `on point ${pick}` : "");
    this.#where = where;
    this.#verb = verb;
    this.#pick = pick;
  }

  override check(model: Readonly<Reference>): boolean {
    const site = siteOf(this.#where, model);
    // Where it cannot be done to its end, it may lock the machine and do no more.
    const sure = this.#verb !== "failover planned" || model.expect(this.#verb, site) === "done";
    return model.up[site] && sure && this.#isClear(model, site);
  }

  run(model: Reference, real: Servers): void {
    this.#site = siteOf(this.#where, model);
    const { args, point } = this.#arguments(model, real);
    const expected = model.expect(this.#verb, this.#site);
    let outcome = real.call(this.#site, this.#verb, args);
    // What needs the peer may first learn that its connection is gone.
    const again = this.#verb === "failover planned" ? TRIES : 1;
    for (let trial = 1; trial < again && outcome?.failure !== undefined; trial++) {
      real.world.runFor(SECOND);
      outcome = real.call(this.#site, this.#verb, args);
    }
    if (fulfilled(this.#verb, this.#site, expected, outcome)) this.#did(model, outcome, point);
    judge(model, real);
  }

  /** Where it cannot be told from outside what disks a point lacks, nobody says what a failover to it has. */
  #isClear(model: Readonly<Reference>, site: SiteName): boolean {
    const points = model.replica(site)?.points ?? [];
    const chosen = points[this.#pick % Math.max(points.length, 1)];
    return this.#verb !== "failover start" || chosen === undefined || model.isClear(site, chosen);
  }

  #arguments(model: Reference, real: Servers): { args: JsonObject; point: string } {
    const points = model.replica(this.#site)?.points ?? [];
    const point = points[this.#pick % Math.max(points.length, 1)]?.id ?? "";
    switch (this.#verb) {
      case "vm add":
        return { args: { vm: VM, disks: real.devices }, point };
      case "replication enable": {
        const settings = {
          to: "b:7700",
          frequency: 3600 * SECOND,
          retention: `last ${model.keep}`,
        };
        return { args: { vm: VM, ...settings }, point };
      }
      case "failover start":
        return { args: point === "" ? { vm: VM } : { vm: VM, point }, point };
      case "failover reverse": {
        const to = `${other(this.#site)}:7700`;
        return { args: { vm: VM, to, frequency: 3600 * SECOND }, point };
      }
      default:
        return { args: { vm: VM }, point };
    }
  }

  #did(model: Reference, outcome: Outcome, point: string): void {
    switch (this.#verb) {
      case "vm add":
        return model.added();
      case "vm remove":
      case "replication disable":
        return model.ended(this.#verb, this.#site);
      case "replication enable":
        return model.enabled(this.#site);
      case "replication start":
        return model.started(this.#site, String(valueOf(outcome)["state"]));
      case "failover start": {
        const started = pointOf(outcome);
        if (started !== point) throw new Error(`asked for point ${point}, got ${started}`);
        const wrong = model.failedOver(this.#site, started);
        if (wrong !== "") throw new Error(wrong);
        countStandIns(model, this.#site, started);
        return;
      }
      case "failover cancel":
        return model.cancelled(this.#site);
      case "failover complete":
        return model.completed(this.#site, pointOf(outcome));
      case "failover reverse":
        return model.reversed(this.#site);
      case "failover planned":
        return model.planned(this.#site);
    }
  }
}

/** How often a failover has an empty disk in place of one that its point has not. */
function countStandIns(model: Reference, site: SiteName, point: string): void {
  const here = model.replica(site);
  if (here?.parts.includes("out")) {
    count(`a machine with a disk that is left out was failed over at ${site}`);
  }
  const image = here?.points.find(({ id }) => id === point)?.image ?? [];
  const stands = here?.parts.some((part, at) => part === "in" && (image[at]?.length ?? 0) === 0);
  if (stands) count("a machine was failed over to a point without one of its disks");
}

/** What comes amid a cycle. */
const AMID = ["write", "kill a", "kill b", "power a", "power b", "cut the link"] as const;
type Amid = typeof AMID[number];

/** A cycle in which something comes, so many events after it was asked for. */
class DisturbedCycle extends Named implements Step {
  readonly #where: Where;
  readonly #steps: number;
  readonly #amid: Amid;
  readonly #stamp: number;

  constructor(where: Where, steps: number, amid: Amid, stamp: number) {
    super("cycle at", where, `and after ${steps} events ${amid}`, amid === "write" ? stamp : "");
    this.#where = where;
    this.#steps = steps;
    this.#amid = amid;
    this.#stamp = stamp;
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up.a && model.up.b;
  }

  run(model: Reference, real: Servers): void {
    const site = siteOf(this.#where, model);
    const verb = "replication cycle";
    const before = model.expect(verb, site);
    const amid = () => this.#disturb(model, real, site);
    const outcome = real.callAmid(site, verb, { vm: VM }, this.#steps, amid);
    count(`cycle with ${this.#amid}`);
    const expected = before === "refused" ? "refused" : "either";
    const done = outcome !== undefined && fulfilled(verb, site, expected, outcome);
    const told = done ? heard(model, real, site, pointOf(outcome), false) : () => {};
    judge(model, real);
    told();
  }

  #disturb(model: Reference, real: Servers, cycling: SiteName): void {
    if (this.#amid === "write") {
      const place = [cycling, 0, 1, 2, this.#stamp] as const;
      if (real.write(...place)) model.wrote(...place);
    } else if (this.#amid === "cut the link") {
      real.link(false);
      model.linked = false;
    } else {
      const [how, site] = this.#amid.split(" ") as ["kill" | "power", SiteName];
      real.die(site, how === "power");
      model.died(site, how === "power");
    }
  }
}

/** A resynchronization, from its start to its end: in one go, paused and continued, or cancelled and begun again. */
class Resynchronize extends Named implements Step {
  readonly #steps: number;
  readonly #how: "at once" | "paused" | "cancelled";

  constructor(steps: number, how: "at once" | "paused" | "cancelled") {
    super("resynchronize", how, how === "at once" ? "" : `after ${steps} events`);
    this.#steps = steps;
    this.#how = how;
  }

  override check(model: Readonly<Reference>): boolean {
    const site = model.writer;
    return model.up[site] && model.expect("replication resync start", site) === "done";
  }

  run(model: Reference, real: Servers): void {
    const site = model.writer;
    this.#ask(real, site, "start");
    for (let step = 0; step < this.#steps; step++) real.world.step();
    const standing = real.standing(site);
    // It may be over by then: what is over is not paused.
    if (this.#how !== "at once" && standing === "primary Resynchronizing") {
      this.#ask(real, site, this.#how === "paused" ? "pause" : "cancel");
      real.world.runFor(5 * SECOND);
      const rests = this.#how === "paused"
        ? "primary ResynchronizeSuspended"
        : "primary WaitingForStartResynchronize";
      judge(model, real);
      // Its end may have been nearer than the word.
      if (real.standing(site) === rests) {
        this.#ask(real, site, this.#how === "paused" ? "continue" : "start");
        count(`resynchronization really ${this.#how}`);
      }
    }
    if (!real.until(site, "primary Replicating")) {
      throw new Error(`a resynchronization does not end: ${real.standing(site)}`);
    }
    judge(model, real);
    count(`resynchronization ${this.#how}`);
  }

  #ask(real: Servers, site: SiteName, word: string): void {
    const outcome = real.call(site, `replication resync ${word}`, { vm: VM });
    fulfilled(`replication resync ${word}`, site, "done", outcome);
  }
}

/** A machine is tested on a point while replication goes on, writes over its disks, and is deleted. */
class TestFailover extends Named implements Step {
  readonly #pick: number;

  constructor(pick: number) {
    super("test failover on point", pick);
    this.#pick = pick;
  }

  override check(model: Readonly<Reference>): boolean {
    const site = other(model.writer);
    const points = model.replica(site)?.points ?? [];
    const chosen = points[this.#pick % Math.max(points.length, 1)];
    if (chosen === undefined || !model.isClear(site, chosen)) return false;
    return model.up[site] && model.expect("failover test", site) === "done";
  }

  run(model: Reference, real: Servers): void {
    const site = other(model.writer);
    const points = model.replica(site)?.points ?? [];
    const chosen = points[this.#pick % points.length];
    const args = { vm: VM, point: chosen?.id ?? "" };
    const outcome = real.call(site, "failover test", args);
    fulfilled("failover test", site, "done", outcome);
    const vm = String(valueOf(outcome)["vm"]);
    const wrong = model.testShows(site, chosen?.id ?? "", real.useTest(site, vm, 999));
    if (wrong !== "") throw new Error(`the test machine: ${wrong}`);
    model.tested(site, true);
    if (model.up[model.writer]) new Cycle("the writer").run(model, real);
    const gone = real.call(site, "failover test", { vm: VM, delete: vm });
    fulfilled("failover test", site, "done", gone);
    model.tested(site, false);
    judge(model, real);
  }
}

/** The number of points to keep is changed: fewer prunes, more keeps. */
class Keep extends Named implements Step {
  readonly #points: number;

  constructor(points: number) {
    super("keep", points, "points");
    this.#points = points;
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up[model.writer] && model.expect("replication set", model.writer) === "done";
  }

  run(model: Reference, real: Servers): void {
    const args = { vm: VM, retention: `last ${this.#points}` };
    const outcome = real.call(model.writer, "replication set", args);
    fulfilled("replication set", model.writer, "done", outcome);
    model.keeping(this.#points);
    judge(model, real);
  }
}

/** A server dies and stays down. */
export class Die extends Named implements Step {
  readonly #site: SiteName;
  readonly #dark: boolean;

  constructor(site: SiteName, dark: boolean) {
    super(dark ? "power loss" : "kill", site);
    this.#site = site;
    this.#dark = dark;
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up[this.#site];
  }

  run(model: Reference, real: Servers): void {
    real.die(this.#site, this.#dark);
    model.died(this.#site, this.#dark);
    judge(model, real);
  }
}

/** A server that is down starts again. */
class Start extends Named implements Step {
  readonly #site: SiteName;

  constructor(site: SiteName) {
    super("start", site);
    this.#site = site;
  }

  override check(model: Readonly<Reference>): boolean {
    return !model.up[this.#site];
  }

  run(model: Reference, real: Servers): void {
    real.start(this.#site);
    model.cameBack(this.#site);
    judge(model, real);
  }
}

/** The link breaks, or is mended. */
class Link extends Named implements Step {
  readonly #up: boolean;

  constructor(up: boolean) {
    super(up ? "mend the link" : "cut the link");
    this.#up = up;
  }

  override check(model: Readonly<Reference>): boolean {
    return model.linked !== this.#up;
  }

  run(model: Reference, real: Servers): void {
    real.link(this.#up);
    model.linked = this.#up;
    judge(model, real);
  }
}

/** The replica's folder is copied by a backup while its server is down. */
class BackUp extends Named implements Step {
  constructor() {
    super("back up the replica");
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up.b && (model.replica("b")?.points.length ?? 0) > 0;
  }

  run(model: Reference, real: Servers): void {
    real.die("b", false);
    real.backUp();
    model.backedUp();
    real.start("b");
    judge(model, real);
  }
}

/** Yesterday's replica takes the place of today's. */
class Restore extends Named implements Step {
  constructor() {
    super("restore yesterday's replica");
  }

  override check(model: Readonly<Reference>): boolean {
    return model.up.b && model.hasBackup && model.replica("b") !== undefined;
  }

  run(model: Reference, real: Servers): void {
    real.die("b", false);
    count("restore");
    real.restore();
    model.restored();
    real.start("b");
    judge(model, real);
  }
}

/** A wall clock jumps, by up to a day in either direction. */
class ClockJump extends Named implements Step {
  readonly #site: SiteName;
  readonly #seconds: number;

  constructor(site: SiteName, seconds: number) {
    super("clock at", site, "jumps by", seconds, "s");
    this.#site = site;
    this.#seconds = seconds;
  }

  run(model: Reference, real: Servers): void {
    real.sites[this.#site].host.jumpWall(this.#seconds * SECOND);
    judge(model, real);
  }
}

/** Nothing is done for a while. */
class Wait extends Named implements Step {
  readonly #seconds: number;

  constructor(seconds: number) {
    super("wait", seconds, "s");
    this.#seconds = seconds;
  }

  run(model: Reference, real: Servers): void {
    real.world.runFor(this.#seconds * SECOND);
    judge(model, real);
  }
}

const VERBS: readonly (readonly [SiteName, string])[] = [
  ["a", "vm add"],
  ["a", "replication enable"],
  ["a", "replication start"],
  ["b", "failover start"],
  ["b", "failover cancel"],
  ["b", "failover complete"],
  ["b", "failover reverse"],
  ["a", "failover reverse"],
  ["b", "replication disable"],
  ["a", "replication disable"],
  ["a", "vm remove"],
  ["b", "vm remove"],
  ["a", "failover start"],
  ["a", "failover cancel"],
  ["a", "failover complete"],
  ["b", "replication enable"],
  ["b", "replication start"],
];

/** What brings a machine under protection, for runs that begin so. */
export const PROTECTION: readonly Step[] = [
  new Verb("a", "vm add", 0),
  new Verb("a", "replication enable", 0),
  new Verb("a", "replication start", 0),
  new Cycle("a"),
];

/** The same with a first copy that came by media, and with one that was there. */
export const PROTECTED_BY: readonly (readonly Step[])[] = (["media", "existing copy"] as const)
  .map((how) => [
    new Verb("a", "vm add", 0),
    new Write("a", 0, 5, 4, 55),
    new Verb("a", "replication enable", 0),
    new FirstCopy(how, 56),
  ]);

/** What makes the second server the primary, behind that. */
export const REVERSAL: readonly Step[] = [
  new Write("a", 0, 1, 3, 77),
  new Verb("b", "failover start", 0),
  new Verb("b", "failover reverse", 0),
  new Cycle("b"),
];

/** Commands for disks of so many blocks each. */
export function commandsFor(disks: readonly number[]): fc.Arbitrary<Step>[] {
  const site = fc.constantFrom<SiteName>("a", "b");
  // One more than there are at first: it may have been added.
  const disk = fc.nat(disks.length);
  const stamp = fc.integer({ min: 1, max: 1_000_000 });
  const most = Math.min(...disks);
  const block = fc.nat(most - 4);
  const count = fc.integer({ min: 1, max: 4 });
  const where = fc.constantFrom<Where>("the writer", "the writer", "its peer");
  const write = fc.tuple(where, disk, block, count, fc.oneof(stamp, fc.constant(0)))
    .map((place) => new Write(...place));
  const verb = fc.tuple(fc.constantFrom(...VERBS), fc.nat(7))
    .map(([[at, words], pick]) => new Verb(at, words, pick));
  const usual = fc.constantFrom<readonly [Where, string]>(
    ["its peer", "failover start"],
    ["its peer", "failover start"],
    ["its peer", "failover cancel"],
    ["its peer", "failover reverse"],
    ["the writer", "failover planned"],
    ["the writer", "replication start"],
  );
  const amid = fc.constantFrom<Amid>(...AMID);
  return [
    write,
    write,
    write,
    fc.tuple(site, disk).map((place) => new Flush(...place)),
    fc.constant(new Cycle("the writer")),
    fc.constant(new Cycle("the writer")),
    fc.constant(new Cycle("its peer")),
    fc.tuple(usual, fc.nat(7)).map(([[at, words], pick]) => new Verb(at, words, pick)),
    verb,
    fc.tuple(site, fc.boolean()).map(([at, dark]) => new Die(at, dark)),
    site.map((at) => new Start(at)),
    site.map((at) => new Start(at)),
    fc.constantFrom(true, true, false).map((up) => new Link(up)),
    fc.constant(new Link(true)),
    fc.tuple(where, fc.nat(400), amid, stamp)
      .map((place) => new DisturbedCycle(...place)),
    fc.tuple(
      fc.nat(60),
      fc.constantFrom("at once" as const, "paused" as const, "cancelled" as const),
    )
      .map((place) => new Resynchronize(...place)),
    fc.nat(5).map((pick) => new TestFailover(pick)),
    ...rareCommands(stamp),
    ...changesOfDisks(stamp),
    fc.integer({ min: 1, max: 5 }).map((points) => new Keep(points)),
    fc.constant(new BackUp()),
    fc.constant(new Restore()),
    fc.tuple(site, fc.integer({ min: -86_400, max: 86_400 }))
      .map((place) => new ClockJump(...place)),
    fc.integer({ min: 1, max: 120 }).map((seconds) => new Wait(seconds)),
  ];
}

/** Changes of disks: more of them become than go. */
function changesOfDisks(stamp: fc.Arbitrary<number>): fc.Arbitrary<Step>[] {
  const where = fc.constantFrom<Where>("the writer", "the writer", "the writer", "its peer");
  const change = (min: number, max: number, ...kinds: readonly DiskChange[]) => {
    const blocks = fc.integer({ min, max });
    const asked = fc.record({ change: fc.constantFrom(...kinds), place: fc.nat(3), blocks, stamp });
    return fc.tuple(where, asked).map(([at, each]) => new ChangeDisk(at, each));
  };
  return [
    change(9, 12, "add"),
    change(1, 4, "grow"),
    change(0, 0, "exclude", "include"),
    change(0, 0, "exclude", "include", "remove"),
    stamp.map((each) => new Prepared(each)),
  ];
}

/** What an administrator does now and then. */
function rareCommands(stamp: fc.Arbitrary<number>): fc.Arbitrary<Step>[] {
  return [
    fc.tuple(
      fc.constantFrom("the writer" as const, "its peer" as const),
      fc.constantFrom<Meanwhile>("nothing", "kill", "power loss"),
      stamp,
    ).map((place) => new Paused(...place)),
    fc.constant(new Verify()),
    fc.tuple(fc.constantFrom("media" as const, "existing copy" as const), stamp)
      .map((place) => new FirstCopy(...place)),
  ];
}
