/**
 * From the written form of a world to the world that is meant: what is not said is filled in, and what cannot be is refused.
 *
 * @module
 */

import { isFailed } from "../../engine/core/base/failure.ts";
import { DISKS_MAX } from "../../engine/core/base/limits.ts";
import { checkSettings } from "../../engine/core/relationship/settings.ts";
import { BOUNDS } from "./bounds.ts";
import type {
  DrillMachine,
  DrillWorld,
  FirstCopySpec,
  LinkSpec,
  SiteSpec,
  Workload,
} from "./drill_scenario.ts";
import { hint } from "./nearest.ts";
import type { Issues } from "./issues.ts";
import { parseQuantity, quantityText } from "./quantities.ts";
import { STORAGES } from "./storages.ts";
import {
  usualLink,
  usualSite,
  type WrittenMachine,
  type WrittenWorkload,
  type WrittenWorld,
} from "./written_world.ts";

/** Bytes that a block of the world that is meant has. */
const REAL_BLOCK = 4096;

/** How coarse a world is. */
type Coarseness = Pick<DrillWorld, "scale" | "block" | "grain">;

/** Bytes that a simulated block stands for. */
export function blockMeans({ scale, block, grain }: Coarseness): number {
  return grain === undefined ? REAL_BLOCK * scale : block;
}

/** Bytes that a simulated sector stands for, the least that can be written. */
export function sectorMeans(world: Coarseness): number {
  return (blockMeans(world) * 512) / world.block;
}

/** The world that is meant. */
export function worldMeant(written: WrittenWorld, end: number, issues: Issues): DrillWorld {
  const { scale } = written;
  const block = written.block === undefined
    ? scale === 1 ? REAL_BLOCK : 512
    : parseQuantity("size", written.block) as number;
  const { grain } = written;
  if (grain !== undefined && scale !== 1) {
    issues.add(["world", "scale"], 'A world with "grain" is no scale model: leave "scale" out');
  }
  const coarse = { scale, block, ...(grain === undefined ? {} : { grain }) };
  const names = Object.keys(written.machines);
  if (names.length === 0) issues.add(["world", "machines"], "A world has at least one machine");
  if (names.length > BOUNDS.machines) {
    issues.add(["world", "machines"], `A world has at most ${BOUNDS.machines} machines`);
  }
  const sites = sitesMeant(written, issues);
  const machines = names.map((name) => {
    const machine = written.machines[name] as WrittenMachine;
    return machineMeant(name, machine, coarse, end, issues);
  });
  const link = linkMeant(written, sites, issues);
  distinct([
    ...Object.keys(written.sites).map((name) => ["sites", name] as const),
    ...Object.keys(written.links).map((name) => ["links", name] as const),
    ...names.map((name) => ["machines", name] as const),
  ], issues);
  const world = { ...coarse, sites, link, machines };
  checkMemory(world, issues);
  checkLink(world, issues);
  return world;
}

/** Sites, links and machines are told apart by their names, also where letters are of another size. */
function distinct(all: readonly (readonly [part: string, name: string])[], issues: Issues): void {
  const seen = new Map<string, string>();
  for (const [part, name] of all) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      issues.add(
        ["world", part, name],
        `"${name}" is the name of one of the ${other} already`,
        "key",
      );
    }
    seen.set(name.toLowerCase(), part);
  }
}

/** Both sites, first the one where the machines are. */
function sitesMeant({ sites, machines }: WrittenWorld, issues: Issues): [SiteSpec, SiteSpec] {
  const names = Object.keys(sites);
  if (names.length !== 2) {
    issues.add(["world", "sites"], `A world has two sites, found ${names.length}`);
  }
  let home: string | undefined;
  for (const [name, { at }] of Object.entries(machines)) {
    if (at === undefined) continue;
    const path = ["world", "machines", name, "at"];
    if (!names.includes(at)) issues.add(path, `No site is called "${at}"${hint(at, names)}`);
    else if (home !== undefined && at !== home) {
      issues.add(path, `All machines begin at the same site, and others do at "${home}"`);
    } else home = at;
  }
  const first = home ?? names[0] ?? "a";
  const second = names.find((name) => name !== first) ?? "b";
  const made = [first, second].map((name): SiteSpec => {
    const { storage, clock } = sites[name] ?? usualSite();
    return { name, storage: typeof storage === "string" ? STORAGES[storage] : storage, clock };
  });
  return made as [SiteSpec, SiteSpec];
}

function linkMeant(
  { links }: WrittenWorld,
  sites: readonly SiteSpec[],
  issues: Issues,
): LinkSpec {
  const [name = "wan", ...others] = Object.keys(links);
  if (others.length > 0 || links[name] === undefined) {
    issues.add(["world", "links"], "A world has one link, between its two sites");
  }
  const { between, rtt, jitter, rate } = links[name] ?? usualLink();
  const known = sites.map((site) => site.name);
  for (const [at, end] of (between ?? []).entries()) {
    const path = ["world", "links", name, "between", at];
    if (!known.includes(end)) issues.add(path, `No site is called "${end}"${hint(end, known)}`);
    else if (at === 1 && end === between?.[0]) issues.add(path, "A link is between two sites");
  }
  return { name, rtt, jitter, rate };
}

function machineMeant(
  name: string,
  written: WrittenMachine,
  coarse: Coarseness,
  end: number,
  issues: Issues,
): DrillMachine {
  const path = ["world", "machines", name];
  const { disks, used, device, objective, replication } = written;
  const { firstCopy, ...settings } = replication;
  if (disks.length > DISKS_MAX) issues.add([...path, "disks"], `At most ${DISKS_MAX} disks`);
  for (const [at, size] of disks.entries()) {
    const wrong = grainProblem(size, blockMeans(coarse), coarse);
    if (wrong !== undefined) issues.add([...path, "disks", at], `The size of a disk ${wrong}`);
  }
  try {
    const rest = { to: "replica:1", objective: 0, onUnknown: "serve" } as const;
    checkSettings({ ...settings, ...rest });
  } catch (error) {
    if (!isFailed(error)) throw error;
    const { message, action } = error.failure;
    issues.add([...path, "replication"], `${message}: ${lowered(action)}`);
  }
  const way: FirstCopySpec = firstCopy === "network" ? { way: "network" } : firstCopy;
  const taken = new Set<string>();
  const workloads = written.workloads.map((workload, at) => {
    const meant = workloadMeant(workload, disks, end, taken);
    checkWorkload(meant, disks, [...path, "workloads", at], end, issues);
    if (taken.has(meant.id)) {
      issues.add([...path, "workloads", at, "id"], `"${meant.id}" is the id of another workload`);
    }
    taken.add(meant.id);
    return meant;
  });
  return {
    name,
    disks,
    used,
    device,
    workloads,
    replication: { ...settings, firstCopy: way },
    objective,
  };
}

function lowered(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/** Why a number of bytes cannot be simulated; `undefined` where it can. */
export function grainProblem(
  bytes: number,
  unit: number,
  { scale }: Pick<DrillWorld, "scale">,
): string | undefined {
  const rest = bytes % unit;
  if (rest === 0) return undefined;
  const near = rest * 2 < unit && bytes > unit ? bytes - rest : bytes + unit - rest;
  const why = scale === 1 ? "" : ` at scale ${scale}`;
  return `is a multiple of ${quantityText("size", unit)}${why}: write ${
    quantityText("size", near)
  }`;
}

function workloadMeant(
  written: WrittenWorkload,
  disks: readonly number[],
  end: number,
  taken: ReadonlySet<string>,
): Workload {
  const { kind, rate, size, until = end, ...rest } = written;
  let id = written.id ?? kind;
  for (let next = 2; written.id === undefined && taken.has(id); next++) id = `${kind}-${next}`;
  const bytes = typeof rate === "string" ? parseInt(rate, 10) * size : rate;
  const rough = written.rough ?? (kind === "ransomware" ? 1_000_000 : 500_000);
  const most = disks[rest.disk] ?? size;
  return { ...rest, id, kind, rate: bytes, size: Math.min(size, most), until, rough };
}

function checkWorkload(
  { disk, size, from, until }: Workload,
  disks: readonly number[],
  path: readonly (string | number)[],
  end: number,
  issues: Issues,
): void {
  if (disk >= disks.length) {
    issues.add([...path, "disk"], `The machine has the disks 0 to ${disks.length - 1}`);
  }
  if (size % 512 !== 0) issues.add([...path, "size"], "A request is a multiple of 512B");
  if (from >= until) {
    issues.add(
      [...path, "from"],
      `It would end before it begins, at ${quantityText("time", until)}`,
    );
  }
  if (until > end) {
    issues.add([...path, "until"], `The drill is over at ${quantityText("time", end)}`);
  }
}

/** A link that is so many times slower still carries what shows each side that the other one lives. */
function checkLink({ scale, block, grain, link }: DrillWorld, issues: Issues): void {
  if (grain !== undefined) return;
  const simulated = (link.rate * block) / (REAL_BLOCK * scale);
  if (scale === 1 || link.rate === 0 || simulated >= BOUNDS.linkRate) return;
  let usable = scale;
  while (usable > 1 && (link.rate * block) / (REAL_BLOCK * usable) < BOUNDS.linkRate) usable /= 2;
  const what = `A simulated link of ${
    quantityText("rate", Math.ceil(simulated))
  } carries too little`;
  const remedy = `write "scale: ${Math.max(1, Math.floor(usable))}" or less, or a faster link`;
  issues.add(["world", "scale"], `${what} to be told from a dead one: ${remedy}`);
}

/** Simulated bytes of all disks, and requests of all workloads. */
function checkMemory(world: DrillWorld, issues: Issues): void {
  const real = world.machines.flatMap(({ disks }) => disks).reduce((sum, size) => sum + size, 0);
  const { scale, block } = world;
  const bytes = (real / blockMeans(world)) * block;
  if (bytes > BOUNDS.disks) {
    const least = Math.ceil((real * (scale === 1 ? 512 : block)) / (REAL_BLOCK * BOUNDS.disks));
    let usable = 1;
    while (usable < least) usable *= 2;
    const sizes = `${quantityText("size", Math.ceil(bytes))} of simulated disks, and ${
      quantityText("size", BOUNDS.disks)
    } are the most`;
    issues.add(["world", "machines"], `${sizes}: write "scale: ${usable}" or more in the world`);
  }
  const requests = world.machines.flatMap(({ workloads }) => workloads)
    .reduce((sum, workload) => sum + requestsOf(workload, world), 0);
  if (requests > BOUNDS.requests) {
    issues.add(
      ["world", "machines"],
      `The workloads would make ${
        Math.ceil(requests)
      } simulated requests, and ${BOUNDS.requests} are the most: ` +
        'lower their rates, make requests larger, end them sooner, or raise "scale"',
    );
  }
}

/** Simulated requests of a workload in a whole drill, at most. */
function requestsOf(
  { rate, size, from, until, kind, on, off }: Workload,
  world: DrillWorld,
): number {
  const active = ((until - from) / 1e6) * (kind === "bursts" ? on / (on + off) : 1);
  return (Math.max(active, 0) * rate) / Math.max(size, sectorMeans(world));
}
