/**
 * Every invariant fires on a false fact, and is silent on a true one.
 *
 * @module
 */

// Long because: one lie for each invariant, and a lie without its truth beside it proves nothing.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Failure } from "../../../../engine/core/base/failure.ts";
import type { GenerationId, PointId } from "../../../../engine/core/base/units.ts";
import type { Reply } from "../../../../engine/sim/guests/guest.ts";
import type { Fact, FactOf, Ground } from "../../../../engine/sim/invariants/fact.ts";
import { INVARIANTS } from "../../../../engine/sim/invariants/table.ts";
import { Watchers } from "../../../../engine/sim/invariants/watch.ts";
import { type Judgement, MachineHistory } from "../../../../engine/sim/oracle/history.ts";
import { generate } from "../../../../engine/sim/scenario/generate.ts";

const P1 = "1".repeat(32) as PointId;
const P2 = "2".repeat(32) as PointId;
const P3 = "3".repeat(32) as PointId;
const G1 = "a".repeat(32) as GenerationId;
const RIGHT: Judgement = { mismatches: [], torn: undefined };

/** A ground on which one machine `vm` wrote sector 0 at instants 1 to 2 and 5 to 6; cuts at 3 and 8. */
class FalseGround implements Ground {
  readonly rotten = false;
  restored = false;
  readonly fastest = 1e6;
  now = 1_000_000;
  readonly fired: string[] = [];
  readonly oracle = new MachineHistory(0, [4]);
  readonly cuts = new Map<string, number>([[P1, 3], [P2, 8]]);
  told: string | undefined = P2;
  staged: string | undefined = P2;
  readonly world = {
    ...generate(1).world,
    machines: [{ ...generate(1).world.machines[0]!, name: "vm", bandwidth: 1000, frequency: 1e6 }],
  };

  constructor() {
    for (const [from, to] of [[1, 2], [5, 6]] as const) {
      this.oracle.end(this.oracle.issue(0, 0, 1, "plain", from), to, to);
    }
  }

  history() {
    return this.oracle;
  }

  cutOf(point: string) {
    return this.cuts.get(point);
  }

  /** Points that a demotion made without a cut, and when. */
  readonly tails = new Map<string, number>();
  /** Points of a history that goes on nowhere. */
  readonly lost = new Set<string>();

  madeOf(point: string) {
    const instant = this.cuts.get(point) ?? this.tails.get(point);
    const history = this.lost.has(point) ? new MachineHistory(0, [4]) : this.oracle;
    return instant === undefined ? undefined : { instant, history };
  }

  homeNow: "a" | "b" = "a";

  home() {
    return this.homeNow;
  }

  away() {
    return this.homeNow === "b" ? "a" : "b";
  }

  moves() {
    return this.homeNow === "b" ? 1 : 0;
  }

  roaming() {
    return this.homeNow === "b";
  }

  newest() {
    return { told: this.told, staged: this.staged };
  }

  /** What the replica holds of the open delta: a longer list with every look, then what comes behind it. */
  readonly deltas: ({ id: string; records: number } | undefined)[] = [];

  openDelta() {
    return this.deltas.length > 1 ? this.deltas.shift() : this.deltas[0];
  }

  doubtful() {
    return false;
  }

  slowed() {
    return false;
  }

  retired() {
    return false;
  }

  violate(id: string) {
    this.fired.push(id);
  }

  /** The image of the disk with what request `index` wrote in sector 0. */
  image(index: number): Uint8Array {
    const bytes = new Uint8Array(4 * 512);
    bytes.set(new Uint8Array(this.oracle.wordsOf(this.oracle.requests[index]!)!.buffer));
    return bytes;
  }
}

function image(
  ground: FalseGround,
  point: PointId,
  bytes: Uint8Array,
  over: Partial<FactOf<"image">> = {},
): Fact {
  const cut = ground.cutOf(point);
  const judgement = ground.oracle.judge([bytes], cut ?? 99);
  return { kind: "image", vm: "vm", point, image: [bytes], why: "again", cut, judgement, ...over };
}

function points(ids: readonly PointId[], over: Partial<FactOf<"points">> = {}): Fact {
  return {
    kind: "points",
    vm: "vm",
    points: ids.map((id, at) => ({
      id,
      parent: ids[at - 1],
      generation: G1,
      applied: true,
      broken: undefined,
      kind: "standard",
      protectedAt: at + 1,
    })),
    retention: "last 2",
    held: 0,
    opened: true,
    failedOver: false,
    completed: false,
    damaged: false,
    rotten: false,
    ...over,
  };
}

function reply(over: Partial<Reply>): Fact {
  const usual: Reply = {
    action: "write",
    vm: "vm",
    disk: 0,
    host: "a",
    incarnation: 1,
    took: 100,
    failure: undefined,
    judgement: undefined,
  };
  return { kind: "reply", reply: { ...usual, ...over }, excused: false, tracked: true };
}

function status(
  fields: Record<string, string | number>,
  over: Partial<FactOf<"status">> = {},
): Fact {
  const { state = "Replicating", ...rest } = fields;
  return {
    kind: "status",
    host: "a",
    vm: "vm",
    status: { state, ...rest },
    incarnation: 1,
    started: 0,
    opened: 0,
    quiet: false,
    ...over,
  };
}

function deadline(over: Partial<FactOf<"deadline">>): Fact {
  return {
    kind: "deadline",
    vm: "vm",
    state: "Replicating",
    health: "Normal",
    replica: "Replicating",
    converged: true,
    detail: "",
    ...over,
  };
}

const lost: Failure = { code: "connection-lost", side: "peer", message: "", action: "" };

function seen(host: string, event: FactOf<"engine">["sighting"]["event"]): Fact {
  return { kind: "engine", sighting: { time: 0, host, event } };
}

function tracked(ground: FalseGround, over: Partial<FactOf<"tracked">>): Fact {
  return {
    kind: "tracked",
    host: "a",
    vm: "vm",
    disk: 0,
    base: { kind: "point", point: P2 },
    issued: [],
    marks: () => 0,
    blockSize: 512,
    content: ground.image(1),
    changed: () => 1,
    opened: true,
    ...over,
  };
}

const sent = (wire: number): Fact => seen("a", { kind: "sent", machine: "vm", bytes: 1, wire });
const staged = (point: PointId): Fact => ({ kind: "staged", vm: "vm", point });
const cut = (point: PointId): Fact => ({ kind: "cut", vm: "vm", point, instant: 3, closed: 0 });
const verb = (over: Partial<FactOf<"verb">>): Fact => ({
  kind: "verb",
  host: "a",
  vm: "vm",
  verb: "vm remove",
  outcome: "",
  before: "Disabled",
  after: "none",
  took: 1,
  ...over,
});
const failover = (step: "started" | "completed"): Fact =>
  seen("b", { kind: "failover", machine: "vm", step, point: P1, generation: G1 });
const torn = (ground: FalseGround): Judgement => ({
  mismatches: [],
  torn: { request: ground.oracle.requests[0]!, inside: 0, outside: 1 },
});

/** For each invariant: facts that are true, and one more that is not. */
type Case = (ground: FalseGround) => { readonly before: readonly Fact[]; readonly lie: Fact };

const CASES: Readonly<Record<string, Case>> = {
  I1: (ground) => ({
    before: [image(ground, P1, ground.image(0)), image(ground, P2, ground.image(1))],
    lie: image(ground, P3, new Uint8Array(4 * 512).fill(9), { why: "again", cut: 99 }),
  }),
  I2: (ground) => ({
    before: [image(ground, P1, ground.image(0))],
    lie: image(ground, P1, ground.image(1)),
  }),
  I3: (ground) => ({
    before: [image(ground, P2, ground.image(1))],
    lie: image(ground, P2, ground.image(0)),
  }),
  I4: (ground) => {
    const two = new MachineHistory(0, [4, 4]);
    const late = two.issue(1, 0, 1, "plain", 4);
    const wrong = new Uint8Array(4 * 512);
    wrong.set(new Uint8Array(two.wordsOf(late)!.buffer));
    const both = [new Uint8Array(4 * 512), wrong];
    const fact = image(ground, P1, both[0]!) as FactOf<"image">;
    const none = [both[0]!, both[0]!];
    return {
      before: [
        { ...fact, image: none, judgement: two.judge(none, 3) },
        // Behind the write it belongs into the point.
        { ...fact, point: P2, image: both, judgement: two.judge(both, 6) },
      ],
      lie: { ...fact, image: both, judgement: two.judge(both, 3) },
    };
  },
  I5: () => ({ before: [points([P1, P2])], lie: points([P1, P2, P3]) }),
  I6: (ground) => ({
    before: [image(ground, P1, ground.image(0)), image(ground, P1, ground.image(0))],
    lie: image(ground, P1, ground.image(1), { judgement: RIGHT }),
  }),
  I7: (ground) => ({
    before: [image(ground, P2, ground.image(1)), { kind: "dropped", vm: "vm", point: P1 }],
    lie: image(ground, P2, ground.image(0), { judgement: RIGHT }),
  }),
  I8: (ground) => ({
    before: [image(ground, P1, ground.image(0)), image(ground, P2, ground.image(1))],
    lie: image(ground, P1, ground.image(0), { judgement: torn(ground) }),
  }),
  I9: (ground) => ({
    before: [points([]), cut(P1), staged(P1)],
    lie: image(ground, P1, ground.image(1), { why: "staged" }),
  }),
  I11: () => ({
    before: [{ kind: "told-staged", vm: "vm", point: P2 }, points([P1, P2])],
    lie: points([P1]),
  }),
  I12: (ground) => ({
    before: [
      tracked(ground, {}),
      tracked(ground, { base: { kind: "point", point: P1 }, marks: () => -1 }),
    ],
    lie: tracked(ground, { base: { kind: "point", point: P1 } }),
  }),
  I13: () => ({
    before: [{ kind: "not-opened", host: "b", code: "damaged", message: "", damaged: true }],
    lie: { kind: "not-opened", host: "a", code: "damaged", message: "", damaged: false },
  }),
  I15: () => ({
    before: [reply({ action: "flush", failure: "io-error" })],
    lie: reply({ action: "flush" }),
  }),
  I16: (ground) => ({
    before: [
      reply({ action: "read", judgement: ground.oracle.judge([ground.image(1)], 8) }),
      reply({ action: "read", failure: "io-error" }),
    ],
    lie: reply({ action: "read", judgement: ground.oracle.judge([ground.image(0)], 8) }),
  }),
  I18: () => ({ before: [reply({})], lie: reply({ failure: "no-space: No space left" }) }),
  I19: () => ({ before: [reply({})], lie: reply({ took: 60_000_000 }) }),
  I20: () => ({
    before: [
      seen("b", { kind: "applied", machine: "vm", point: P1 }),
      // The same package, into the replica that comes after it.
      { kind: "removed", vm: "vm" },
      seen("b", { kind: "applied", machine: "vm", point: P1 }),
    ],
    lie: seen("b", { kind: "applied", machine: "vm", point: P1 }),
  }),
  I21: () => ({
    before: [{ kind: "told-staged", vm: "vm", point: P2 }],
    lie: { kind: "told-staged", vm: "vm", point: P1 },
  }),
  I23: () => ({
    before: [failover("started"), failover("completed")],
    lie: seen("b", { kind: "staged", machine: "vm", point: P2 }),
  }),
  I24: () => ({
    before: [points([P1], { opened: false })],
    lie: points([P1, P3], { opened: false }),
  }),
  I22: (ground) => {
    ground.deltas.push({ id: "d", records: 3 }, { id: "d", records: 4 }, { id: "d", records: 4 });
    ground.deltas.push({ id: "d", records: 5 }, { id: "d", records: 5 }, { id: "e", records: 0 });
    const failure = seen("a", { kind: "failure", machine: "vm", failure: lost });
    return { before: [sent(1), failure, sent(1), failure], lie: sent(1) };
  },
  I25: () => ({
    before: [
      deadline({}),
      deadline({ state: "Error", replica: "FailedOver" }),
      deadline({ state: "Suspended", health: "Warning", replica: "FailedOver" }),
      deadline({ state: "PreparedForFailover", health: "Warning", replica: "FailedOver" }),
      deadline({ health: "Critical", replica: "FailedOverWaitingCompletion" }),
    ],
    lie: deadline({ replica: "FailedOver" }),
  }),
  I26: () => ({ before: [points([P1, P2])], lie: points([P2, P1]) }),
  I30: (ground) => ({
    before: [image(ground, P1, ground.image(0), { why: "failover" })],
    lie: image(ground, P1, ground.image(1), { why: "failover" }),
  }),
  I31: () => ({
    before: [{ kind: "failed-over", vm: "vm", asked: P1, started: P1 }],
    lie: { kind: "failed-over", vm: "vm", asked: P1, started: P2 },
  }),
  I36: (ground) => {
    const enabled = { kind: "state", machine: "vm", from: "Disabled", to: "Replicating" } as const;
    ground.now = 1_000_000;
    return {
      // It was asked before the state was left in which it is legal.
      before: [verb({}), seen("a", enabled), verb({ before: "Suspended", took: 5 })],
      lie: verb({ before: "Replicating", host: "b", verb: "vm add" }),
    };
  },
  I37: () => ({ before: [status({ rpoSeconds: 0 })], lie: status({ rpoSeconds: 50 }) }),
  I38: () => {
    const start = { host: "b", verb: "failover start", before: "Replicating" } as const;
    return {
      before: [verb({ ...start, took: 900_000 })],
      lie: verb({ ...start, took: 9_000_000 }),
    };
  },
  I39: () => ({ before: [status({ bytesSent: 7 })], lie: status({ bytesSent: 6 }) }),
  I40: () => ({
    before: [
      { kind: "space", name: "vm.hrl", bytes: 9, bound: undefined, disk: 8 },
      { kind: "space", name: "vm.hrl", bytes: 10, bound: undefined, disk: 16 },
    ],
    lie: { kind: "space", name: "vm.hrl", bytes: 11, bound: undefined, disk: 16 },
  }),
  I41: () => ({ before: [staged(P1), staged(P2), points([P1, P2])], lie: points([P2]) }),
  // 1,000 bytes a second and 100 at once: a frame may be above that, and the next one waits for it.
  I42: () => ({
    before: [sent(1000), sent(60)],
    lie: sent(50),
  }),
  I43: (ground) => {
    ground.told = ground.staged = P1;
    const other = (point: PointId) => seen("a", { kind: "staged", machine: "vm1", point });
    const many = Array.from({ length: 9 }, () => other(P3));
    const waits = status({}, { quiet: true });
    const failed = seen("a", { kind: "failure", machine: "vm", failure: lost });
    const turns = [waits, ...many.slice(0, 4), waits, sent(60), ...many.slice(0, 4), waits];
    return {
      // It waits with changes, and gets its turn; it failed, and waits for itself; the third time it is starved.
      before: [...turns, failed, ...many, waits, sent(60), ...many],
      lie: waits,
    };
  },
  I44: () => ({
    before: [
      staged(P1),
      { kind: "places", vm: "vm", places: ["one"], allowed: ["home", "one"] },
      { kind: "authorization", allowed: false },
      // A package was made of that cut: the replica's administrator imports it.
      cut(P1),
      seen("a", {
        kind: "state",
        machine: "vm",
        from: "InitialReplicationInProgress",
        to: "WaitingForInitialReplication",
      }),
      staged(P1),
    ],
    lie: seen("b", { kind: "staged", machine: "vm", point: P2 }),
  }),
  I45: () => {
    const imported = { kind: "imported", vm: "vm", damaged: true, changed: false } as const;
    return {
      before: [
        { ...imported, outcome: "damaged" },
        { ...imported, damaged: false, changed: true, outcome: "" },
        { ...imported, damaged: false, changed: true, outcome: "io-error" },
      ],
      lie: { ...imported, changed: true, outcome: "" },
    };
  },
  I46: () => ({
    before: [status({ health: "Normal" })],
    lie: status({ health: "Normal", state: "Error" }),
  }),
  I10: () => {
    const kind = "application-consistent";
    const listed = (id: PointId): Fact => {
      const fact = points([id]) as FactOf<"points">;
      return { ...fact, points: fact.points.map((point) => ({ ...point, kind })) };
    };
    return {
      before: [
        { kind: "rest", vm: "vm", point: P1, atRest: true },
        listed(P1),
        { kind: "rest", vm: "vm", point: P2, atRest: false },
        points([P1, P2]),
      ],
      lie: listed(P2),
    };
  },
  I32: () => ({
    before: [{ kind: "test-deleted", vm: "vm", name: "vm - Test", residue: [] }],
    lie: { kind: "test-deleted", vm: "vm", name: "vm - Test", residue: ["a hold"] },
  }),
  I55: () => ({
    before: [{ kind: "frozen", vm: "vm", micros: 700_000 }],
    lie: { kind: "frozen", vm: "vm", micros: 12_000_000 },
  }),
  I56: () => ({
    before: [{ kind: "verified", vm: "vm", equal: true }],
    lie: { kind: "verified", vm: "vm", equal: false },
  }),
  I57: (ground) => {
    const cut = ground.cutOf(P1);
    const bytes = ground.image(1);
    const of = (size: number) => image(ground, P1, bytes, { cut, sizes: [size] });
    return { before: [of(bytes.length)], lie: of(bytes.length + 512) };
  },
  I58: () => {
    const judgement = { mismatches: [], torn: undefined };
    return {
      before: [{ kind: "moved", vm: "vm", judgement, different: [] }],
      lie: { kind: "moved", vm: "vm", judgement, different: [0] },
    };
  },
  I59: () => ({
    before: [{ kind: "failback", vm: "vm", sent: 1024, changed: 1024 }],
    lie: { kind: "failback", vm: "vm", sent: 1536, changed: 1024 },
  }),
  I60: () => {
    const added = { kind: "added", vm: "vm", point: P1, disk: 1 } as const;
    return { before: [{ ...added, wrong: undefined }], lie: { ...added, wrong: 3 } };
  },
  I47: () => ({ before: [deadline({})], lie: deadline({ converged: false }) }),
  I48: () => ({ before: [verb({})], lie: verb({ outcome: undefined }) }),
  I49: () => ({
    before: [{ kind: "calm", micros: 1e6, events: 10, bytes: 10 }],
    lie: { kind: "calm", micros: 1e6, events: 1e6, bytes: 10 },
  }),
  I53: () => ({
    before: [sent(60), sent(50), status({ bytesSent: 2, wireBytes: 110 })],
    lie: status({ bytesSent: 2, wireBytes: 60 }),
  }),
};

for (const invariant of INVARIANTS) {
  Deno.test(`${invariant.id} fires on a false fact, and only on that`, () => {
    const make = CASES[invariant.id];
    ok(make !== undefined, `A case for ${invariant.id}`);
    const ground = new FalseGround();
    const watchers = new Watchers([invariant], ground);
    const { before, lie } = make(ground);
    ok(before.length > 0, "a truth beside the lie");
    for (const fact of before) watchers.tell(fact);
    deepEqual(ground.fired, [], "silent on what is true");
    watchers.tell(lie);
    ok(ground.fired.length > 0, "fires on what is false");
    ok(ground.fired.every((id) => id === invariant.id), "under its own name");
  });
}

Deno.test("every invariant has an id of its own and says what always holds", () => {
  const ids = INVARIANTS.map(({ id }) => id);
  equal(new Set(ids).size, ids.length);
  // Of the 54 that were asked for at first, I1 to I54; those from I55 on count for none of them.
  const first = ids.filter((id) => Number(id.slice(1)) <= 54);
  ok(first.length >= 40, `${first.length} of 54 fire on a false fact`);
  for (const { id, about } of INVARIANTS) ok(/^I\d+$/.test(id) && about.length > 15);
});

/** What an invariant says of facts: the ids that fired. */
function fired(id: string, ground: FalseGround, facts: readonly Fact[]): readonly string[] {
  const invariant = INVARIANTS.find((each) => each.id === id);
  ok(invariant !== undefined);
  const watchers = new Watchers([invariant], ground);
  for (const fact of facts) watchers.tell(fact);
  return ground.fired;
}

/** At 100 s: a write at instants 5 to 6, that is in no point but P2, and only P1 is staged. */
function late(): FalseGround {
  const ground = new FalseGround();
  ground.now = 100_000_000;
  ground.told = ground.staged = P1;
  return ground;
}

const RESTARTED = { incarnation: 2, started: 90_000_000, opened: 91_000_000 };

Deno.test("I37 is judged behind a restart: what was found counts from the start, no later and no earlier", () => {
  const rpo = (seconds: number) => status({ rpoSeconds: seconds }, RESTARTED);
  deepEqual(fired("I37", late(), [rpo(9)]), []);
  deepEqual(fired("I37", late(), [rpo(10)]), []);
  deepEqual(fired("I37", late(), [rpo(3)]), ["I37"]);
  // More than the oldest write's age.
  deepEqual(fired("I37", late(), [rpo(120)]), ["I37"]);
});

Deno.test("I37 is judged from above only while every answer reached its guest", () => {
  const ground = late();
  deepEqual(fired("I37", ground, [status({ rpoSeconds: 120 })]), ["I37"]);
  const lost = late();
  lost.oracle.abandon([lost.oracle.issue(0, 1, 1, "plain", 9)], 10);
  deepEqual(fired("I37", lost, [status({ rpoSeconds: 120 })]), []);
});

Deno.test("I37 is judged exactly again once a point cut by the new process is staged", () => {
  const ground = late();
  ground.now = 95_000_000;
  const facts = [cut(P1), status({ rpoSeconds: 4 }, { ...RESTARTED })];
  deepEqual(fired("I37", ground, facts), ["I37"]);
});

Deno.test("I46 is judged behind a restart, and while the newest attempt is a failed one", () => {
  const normal = status({ health: "Normal", objective: "met" }, RESTARTED);
  deepEqual(fired("I46", late(), [normal]), ["I46"]);
  const early = late();
  early.now = 92_000_000;
  deepEqual(fired("I46", early, [normal]), []);
  const failure = seen("a", { kind: "failure", machine: "vm", failure: lost });
  const fresh = status({ health: "Normal" });
  deepEqual(fired("I46", new FalseGround(), [fresh, failure]), []);
  deepEqual(fired("I46", new FalseGround(), [failure, fresh]), ["I46"]);
});

Deno.test("I24 hears it when a failover began no generation of its own", () => {
  const mine = status({ generation: G1 });
  const over = { state: "FailedOver", generation: "b".repeat(32) };
  deepEqual(fired("I24", new FalseGround(), [mine, status(over, { host: "b" })]), []);
  const same = status({ ...over, generation: G1 }, { host: "b" });
  deepEqual(fired("I24", new FalseGround(), [mine, same]), ["I24"]);
});

/** A ground on which the machine has moved to `b`. */
function moved(): FalseGround {
  const ground = new FalseGround();
  ground.homeNow = "b";
  return ground;
}

const cutAt = (host: string, point: PointId): Fact =>
  seen(host, { kind: "cut", machine: "vm", point, closed: 0, bytes: 0 });
const stagedAt = (host: string, point: PointId): Fact =>
  seen(host, { kind: "staged", machine: "vm", point });

/** The same fact with the two servers exchanged; `host` of a verb is a role, which moves with the machine. */
function mirrored(fact: Fact): Fact {
  const other = (host: string) => host === "a" ? "b" as const : "a" as const;
  if (fact.kind === "verb") return { ...fact, at: other(fact.at ?? fact.host) };
  if (fact.kind === "reply") {
    return { ...fact, reply: { ...fact.reply, host: other(fact.reply.host) } };
  }
  if (fact.kind === "engine") {
    return { ...fact, sighting: { ...fact.sighting, host: other(fact.sighting.host) } };
  }
  return "host" in fact ? { ...fact, host: other(fact.host) } : fact;
}

/** Those that have something to say of one side alone, or see less of a machine that changes sides. */
const ONE_SIDED: Readonly<Record<string, string>> = {
  I24: "of a point that no cut made nobody can tell which of two former replicas made it",
  I44: "the server at `b` has entries, that at `a` lets everybody in",
};

for (const invariant of INVARIANTS) {
  if (invariant.id in ONE_SIDED) continue;
  Deno.test(`${invariant.id} fires on a false fact of a machine that has moved, and only on that`, () => {
    const ground = moved();
    const watchers = new Watchers([invariant], ground);
    const { before, lie } = CASES[invariant.id]!(ground);
    for (const fact of before) watchers.tell(mirrored(fact));
    deepEqual(ground.fired, [], "silent on what is true");
    watchers.tell(mirrored(lie));
    ok(ground.fired.length > 0, "fires on what is false");
  });
}

const shipped = (host: string, wire: number): Fact =>
  seen(host, { kind: "sent", machine: "vm", bytes: wire, wire });

/** Where a machine comes to it begins anew: what is told there is true, and would not be if it had stayed. */
const ANEW: readonly (readonly [id: string, before: readonly Fact[], there: readonly Fact[]])[] = [
  ["I20", [stagedAt("b", P1)], [stagedAt("a", P1)]],
  ["I39", [status({ bytesSent: 7 })], [status({ bytesSent: 6 })]],
  ["I42", [shipped("b", 1000)], [shipped("b", 1000)]],
  ["I53", [shipped("b", 60)], [status({ bytesSent: 0, wireBytes: 0 }, { host: "b" })]],
  [
    "I46",
    [seen("a", { kind: "failure", machine: "vm", failure: lost })],
    [status({ health: "Normal" }, { host: "b" })],
  ],
  ["I11", [{ kind: "told-staged", vm: "vm", point: P2 }], [points([P1])]],
];

for (const [id, before, there] of ANEW) {
  Deno.test(`${id} begins anew where a machine comes to`, () => {
    const ground = new FalseGround();
    const watchers = new Watchers(INVARIANTS.filter((each) => each.id === id), ground);
    for (const fact of before) watchers.tell(fact);
    ground.homeNow = "b";
    for (const fact of there) watchers.tell(fact);
    deepEqual(ground.fired, []);
  });
}

Deno.test("I5 takes the oldest point for what a demoted primary alone had, and no other one", () => {
  deepEqual(fired("I5", moved(), [points([P3, P1])]), []);
  deepEqual(fired("I5", moved(), [points([P1, P3])]), ["I5"]);
  deepEqual(fired("I5", new FalseGround(), [points([P3, P1])]), ["I5"], "it has not moved");
  deepEqual(fired("I5", new FalseGround(), [staged(P3), points([P1, P3])]), ["I5"], "only listed");
  deepEqual(fired("I5", new FalseGround(), [stagedAt("b", P3), points([P1, P3])]), []);
});

Deno.test("I12 is judged at the new home, also against what a demotion made without a cut", () => {
  const ground = moved();
  ground.tails.set(P3, 99);
  const base = { kind: "point", point: P3 } as const;
  const right = tracked(ground, { host: "b", base });
  deepEqual(fired("I12", ground, [right]), []);
  const wrong = tracked(ground, { host: "b", base, content: ground.image(0), changed: () => 2 });
  deepEqual(fired("I12", ground, [wrong]), ["I12"]);
});

Deno.test("I12 asks nothing of a base that an older state of the replica led back to: its disks are ahead of it", () => {
  const wrong = (ground: FalseGround) =>
    tracked(ground, { base: { kind: "point", point: P1 }, content: ground.image(1) });
  for (
    const [restored, staged, expected] of [
      [true, P2, []],
      [true, P1, ["I12"]],
      [false, P2, ["I12"]],
    ] as const
  ) {
    const ground = new FalseGround();
    ground.restored = restored;
    ground.staged = staged;
    deepEqual(fired("I12", ground, [wrong(ground)]), expected);
  }
});

Deno.test("I44 takes what a restart finds of an open delta for what was received before it, and no more", () => {
  const shut = { kind: "authorization", allowed: false } as const;
  const look = status({}, { host: "b" });
  for (
    const [host, counts, expected] of [
      ["b", [2, 3, 3], []],
      ["b", [2, 3, 4], ["I44"]],
      ["a", [2, 3, 3], ["I44"]],
    ] as const
  ) {
    const ground = new FalseGround();
    ground.deltas.push(...counts.map((records) => ({ id: "d", records })));
    deepEqual(fired("I44", ground, [shut, look, { kind: "died", host }, look, look]), expected);
  }
});

Deno.test("I36 lets a disk come in a state that was entered while that waited, and in none that its verb enters", () => {
  for (
    const [to, expected] of [["Disabled", []], ["WaitingForUpdateCompletion", ["I36"]]] as const
  ) {
    const entered = seen("a", { kind: "state", machine: "vm", from: "Error", to });
    const added = verb({ verb: "vm disk add", before: "Suspended", after: to, took: 5 });
    deepEqual(fired("I36", new FalseGround(), [entered, added]), expected);
  }
});

Deno.test("I36 lets the rest of a complete be asked for that failed, and no other complete of what is complete", () => {
  const again = verb({ verb: "failover complete", host: "b", before: "FailedOver" });
  const failed = { ...again, before: "FailedOverWaitingCompletion", outcome: "io-error" };
  deepEqual(fired("I36", new FalseGround(), [failed, again]), []);
  deepEqual(fired("I36", new FalseGround(), [again]), ["I36"]);
});

Deno.test("I23 hears it when the old primary goes on sending to the new one, on either side", () => {
  deepEqual(
    fired("I23", moved(), [cutAt("b", P1), stagedAt("b", P1), stagedAt("a", P1)]),
    [],
  );
  deepEqual(fired("I23", moved(), [cutAt("a", P1), stagedAt("b", P1)]), ["I23"]);
  const back = moved();
  const begun = seen("a", {
    kind: "failover",
    machine: "vm",
    step: "started",
    point: P1,
    generation: G1,
  });
  deepEqual(fired("I23", back, [begun, cutAt("b", P2), stagedAt("a", P2)]), ["I23"]);
});

Deno.test("I23 lets a failover be over where the machine moved, and begin on the other side", () => {
  const ground = new FalseGround();
  const watchers = new Watchers(INVARIANTS.filter(({ id }) => id === "I23"), ground);
  watchers.tell(failover("started"));
  ground.homeNow = "b";
  for (const fact of [cutAt("b", P2), stagedAt("a", P2)]) watchers.tell(fact);
  deepEqual(ground.fired, []);
});

Deno.test("I24 hears it when a machine moves and its generation stays", () => {
  for (const [generation, says] of [["b".repeat(32), []], [G1, ["I24"]]] as const) {
    const ground = new FalseGround();
    const watchers = new Watchers(INVARIANTS.filter(({ id }) => id === "I24"), ground);
    watchers.tell(status({ generation: G1 }));
    ground.homeNow = "b";
    watchers.tell(status({ generation }, { host: "b" }));
    deepEqual(ground.fired, says);
  }
});

Deno.test("I24 hears it when points of one generation were cut on both sides", () => {
  const lists = [cutAt("a", P1), cutAt("b", P2), points([P1], { opened: false })];
  deepEqual(fired("I24", moved(), lists), []);
  deepEqual(fired("I24", moved(), [...lists, points([P1, P2])]), ["I24"]);
});

Deno.test("I37 is judged at the new home, and only by points of the history that goes on there", () => {
  const told = [status({ rpoSeconds: 0 }, { host: "b" })];
  deepEqual(fired("I37", moved(), told), []);
  const late = [status({ rpoSeconds: 50 }, { host: "b" })];
  deepEqual(fired("I37", moved(), late), ["I37"]);
  deepEqual(fired("I37", moved(), [status({ rpoSeconds: 50 })]), [], "not where it was");
  const lost = moved();
  lost.lost.add(P2);
  deepEqual(fired("I37", lost, late), [], "a point of the side that lost");
});

Deno.test("I41 begins anew at the replica on the other side, and is judged there", () => {
  const ground = new FalseGround();
  const watchers = new Watchers(INVARIANTS.filter(({ id }) => id === "I41"), ground);
  watchers.tell(points([P1, P2]));
  ground.homeNow = "b";
  watchers.tell(points([P3]));
  deepEqual(ground.fired, []);
  watchers.tell(points([P3, P1]));
  deepEqual(ground.fired, []);
  watchers.tell(points([P1]));
  deepEqual(ground.fired, ["I41"]);
});
