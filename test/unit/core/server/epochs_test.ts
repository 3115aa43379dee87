/**
 * In every partition at most one side commits writes under a generation (M54, L1, L5): planned and unplanned failovers,
 * cut off from each other before every step, restarted on either side, and written to wherever a disk is offered.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };

/** A step of an administrator, at one of the two. */
type Step = readonly ["a" | "b", string, Record<string, unknown>?];

/** What people do in a disaster and behind one; each is gone through with the link cut at any place. */
const LIVES: readonly (readonly Step[])[] = [
  [["b", "failover start"], ["b", "failover complete"], ["b", "failover reverse"]],
  [["b", "failover start"], ["b", "failover cancel"], ["b", "failover start"]],
  [["b", "failover start"], ["b", "failover reverse"], ["b", "failover planned"]],
  [["a", "failover prepare"], ["b", "failover start"], ["b", "failover reverse"]],
  [["a", "failover prepare"], ["a", "failover cancel", { force: true }], ["b", "failover start"]],
  [["a", "failover prepare"], ["b", "failover start"], ["a", "failover cancel", { force: true }]],
  [["a", "failover planned"], ["b", "failover planned"], ["a", "failover cancel"]],
];

/** The generation in which `site` would commit a write at this moment. */
function generationAt({ server }: Site): string {
  if (server!.primary.has("vm")) return server!.primary.entry("vm").machine.generation;
  const { record } = server!.replica.machine("vm");
  ok(record.failover !== undefined, "a replica that is not failed over offers no disk");
  return record.failover.generation;
}

/** Writes at `site` if it offers the disk; what it acknowledges is noted under its generation. */
function commit(site: Site, writers: Map<string, string>, where: string): boolean {
  if (site.server?.exports.get("vm/0") === undefined) return false;
  const generation = generationAt(site);
  const name = site.settings.name;
  try {
    site.write("vm/0", 0, filled(512, name.charCodeAt(0)));
  } catch (error) {
    if (isFailed(error)) return false;
    throw error;
  }
  const before = writers.get(generation);
  equal(before ?? name, name, `${where}: ${generation} is written to at both sides`);
  writers.set(generation, name);
  return true;
}

/** Goes through `life`, cut off before step `cut` and for so many steps; `restarted` is started anew then. */
function play(life: readonly Step[], cut: number, length: number, restarted: string): number {
  const { a, b, world } = makePair(900 + cut);
  const sites = { a, b };
  protect(a);
  const writers = new Map<string, string>();
  let written = 0;
  const where = (step: number) =>
    `${
      life.map(([at, verb]) => `${at}: ${verb}`).join(", ")
    }; cut at ${cut} for ${length}, ${restarted} restarted; step ${step}`;
  const writeBoth = (step: number) => {
    for (const site of [a, b]) if (commit(site, writers, where(step))) written++;
  };
  writeBoth(-1);
  for (const [step, [at, verb, more = {}]] of life.entries()) {
    if (step === cut) world.net.partition("a", "b");
    if (step === cut + length) world.net.heal();
    if (step === cut && restarted !== "") {
      const site = sites[restarted as "a" | "b"];
      site.host.powerLoss();
      site.host.powerOn();
      site.start();
    }
    try {
      sites[at].call(verb, { ...VM, ...more } as Parameters<Site["call"]>[1]);
    } catch (error) {
      // Refused, or not done for want of the other side: what counts is who can write behind it.
      if (!isFailed(error)) throw error;
    }
    writeBoth(step);
    world.runFor(2 * SECOND);
    writeBoth(step);
  }
  world.net.heal();
  world.runFor(60 * SECOND);
  writeBoth(life.length);
  return written;
}

for (const life of LIVES) {
  const name = life.map(([at, verb]) => `${verb.slice("failover ".length)} at ${at}`).join(", ");
  Deno.test(`no generation has writes of both sides, wherever a partition comes: ${name} (M54)`, () => {
    let written = 0;
    for (let cut = 0; cut < life.length; cut++) {
      for (let length = 1; cut + length <= life.length; length++) {
        for (const restarted of ["", "a", "b"]) written += play(life, cut, length, restarted);
      }
    }
    ok(written > 40, `${written} writes were committed`);
  });
}
