/**
 * I41: Exactly the points are listed that the retention keeps, of all that there ever were.
 *
 * The judge reads the administrator's text by itself and knows one sentence: of every period of a tier, as
 * far back as it reaches, the first point that is application-consistent stays, else the first; and so do
 * the newest. It is told when each point was made in protected time, and believes that only as far as time
 * has passed in the world.
 *
 * @module
 */

import type { FactOf, Ground, Invariant, ListedPoint } from "./fact.ts";

/** Points that may be on their way out. */
const SLACK = 3;

/** I41. */
export const RETENTION: Invariant = {
  id: "I41",
  about: "Exactly the points are listed that the retention keeps, of all that there ever were",
  begin: (ground) => {
    const machines = new Map<string, Judge>();
    /** How often the machine had moved that each one judges: the other side keeps points of its own. */
    const moves = new Map<string, number>();
    let shed = false;
    const judgeOf = (vm: string): Judge => {
      const judge = machines.get(vm) ?? new Judge(ground, vm);
      machines.set(vm, judge);
      return judge;
    };
    return {
      staged: ({ vm }) => judgeOf(vm).staged(),
      removed: ({ vm }) => {
        machines.delete(vm);
      },
      destroyed: ({ host }) => {
        if (host === "b") machines.clear();
      },
      points: (fact) => {
        if (fact.damaged) shed = true;
        const moved = ground.moves(fact.vm);
        if ((moves.get(fact.vm) ?? 0) !== moved) machines.delete(fact.vm);
        moves.set(fact.vm, moved);
        if (!ground.retired(fact.vm)) judgeOf(fact.vm).look(fact, shed);
      },
    };
  },
};

/** Judges the list of one machine. */
class Judge {
  readonly #ground: Ground;
  readonly #vm: string;
  /** Every point that was ever listed since the retention was chosen, oldest first. */
  #known: ListedPoint[] = [];
  #retention = "";
  /** What was listed when the retention was looked at last, and what it keeps: they are the same most of the time. */
  #listed: readonly ListedPoint[] = [];
  #expected: ReadonlySet<string> = new Set();
  /** Most points that were held at once since the points before this one and the one before it. */
  #held = [0, 0];

  constructor(ground: Ground, vm: string) {
    this.#ground = ground;
    this.#vm = vm;
  }

  staged(): void {
    this.#held = [0, this.#held[0] ?? 0];
  }

  look(fact: FactOf<"points">, shed: boolean): void {
    const { points, retention, held } = fact;
    this.#held[0] = Math.max(this.#held[0] ?? 0, held);
    if (retention !== this.#retention || !alike(points, this.#listed)) {
      if (retention !== this.#retention) this.#known = [];
      this.#retention = retention;
      this.#listed = points;
      this.#learn(points);
      this.#expected = keptOf(this.#known, retention);
    }
    if (shed) return;
    const expected = this.#expected;
    const listed = new Set(points.map(({ id }) => id));
    for (const id of expected) {
      if (!listed.has(id)) this.#complain(`point ${id} is gone, and "${retention}" keeps it`);
    }
    const applied = points.filter((point) => point.applied);
    if (applied.length < points.length) return;
    const over = applied.filter(({ id }) => !expected.has(id));
    if (over.length > Math.max(...this.#held) + SLACK) {
      const ids = over.map(({ id }) => id).join(" ");
      this.#complain(`${over.length} points are listed that "${retention}" does not keep: ${ids}`);
    }
  }

  #learn(points: readonly ListedPoint[]): void {
    const known = new Set(this.#known.map(({ id }) => id));
    const newest = this.#known[this.#known.length - 1]?.protectedAt ?? -1;
    const strange = points.every(({ id, protectedAt }) => !known.has(id) && protectedAt <= newest);
    // Another replica: that before it was removed by a server that died before it could say so.
    if (points.length > 0 && strange) this.#known = [];
    for (const [place, point] of points.entries()) {
      if (point.protectedAt <= (points[place - 1]?.protectedAt ?? -1)) {
        this.#complain(`point ${point.id} is not younger than the one before it`);
      }
      if (known.has(point.id)) continue;
      if (point.protectedAt > this.#ground.now) {
        this.#complain(`point ${point.id} is older than the world: ${point.protectedAt} µs`);
      }
      this.#known.push(point);
    }
    // One that had gone unseen is back where a damaged one stood for its period.
    this.#known.sort((left, right) => left.protectedAt - right.protectedAt);
  }

  #complain(what: string): void {
    this.#ground.violate("I41", `${this.#vm}: ${what}`);
  }
}

/** True when two lists hold the same points, as far as the retention goes by them. */
function alike(left: readonly ListedPoint[], right: readonly ListedPoint[]): boolean {
  return left.length === right.length && left.every(({ id, kind, protectedAt }, place) => {
    const other = right[place] as ListedPoint;
    return id === other.id && kind === other.kind && protectedAt === other.protectedAt;
  });
}

const LENGTHS: Readonly<Record<string, number>> = {
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** `90s`, `2h`, `hourly`, `all` in µs. */
function micros(word: string): number {
  if (word === "all") return 0;
  if (word === "hourly") return 3_600_000_000;
  if (word === "daily") return 86_400_000_000;
  return Number(word.slice(0, -1)) * (LENGTHS[word.slice(-1)] ?? 1);
}

/** The ids that a retention keeps of `points`, all that there ever were, oldest first. */
function keptOf(points: readonly ListedPoint[], retention: string): ReadonlySet<string> {
  const last = /^last (\d+)$/.exec(retention)?.[1];
  const kept = new Set(points.slice(-Number(last ?? 1)).map(({ id }) => id));
  if (last !== undefined || retention === "newest") return kept;
  const now = points[points.length - 1]?.protectedAt ?? 0;
  for (const tier of retention.split(", ")) {
    const [period = "", reach = ""] = tier.split(" ");
    const every = micros(period);
    const standing = new Map<number, ListedPoint>();
    for (const point of points) {
      // Without periods every point is one of its own.
      const key = every === 0 ? point.protectedAt : Math.floor(point.protectedAt / every);
      const stands = standing.get(key);
      const better = stands?.kind === "standard" && point.kind !== "standard";
      if (stands === undefined || better) standing.set(key, point);
    }
    const those = [...standing.values()];
    const inReach = /^\d+$/.test(reach)
      ? those.slice(-Number(reach))
      : those.filter(({ protectedAt }) => now - protectedAt <= micros(reach));
    for (const { id } of inReach) kept.add(id);
  }
  return kept;
}
