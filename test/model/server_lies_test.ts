/**
 * The commands of the model-based property notice when servers say what is not so, or do not what they say: of a
 * verification, of a first copy by media, of one from files that were there, and of disks that are changed.
 *
 * @module
 */

import { throws } from "node:assert/strict";
import type { JsonObject } from "../../engine/core/base/json.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { judge, type Step } from "./command.ts";
import { PROTECTION, Verb, Write } from "./commands.ts";
import { ChangeDisk } from "./disk_commands.ts";
import { FirstCopy } from "./first_copies.ts";
import { Verify } from "./pause_commands.ts";
import { blankImage } from "./reference/image.ts";
import { Reference } from "./reference/reference.ts";
import type { SiteName } from "./reference/standing.ts";
import { type Outcome, Servers } from "./servers.ts";
import { BLOCK, contentOf } from "./stamped.ts";

const KERNEL = loadKernel();
const DISKS = [14, 9];
const ENABLED: readonly Step[] = [
  new Verb("a", "vm add", 0),
  new Verb("a", "replication enable", 0),
];

/** Servers that lie about one verb, or about what a guest wrote, as long as they are told to. */
class Liars extends Servers {
  /** What becomes of a verb; `undefined` for what truly becomes of it. */
  lie: (verb: string, tell: () => Outcome) => Outcome = (_, tell) => tell();
  /** What their guests write goes past their engine. */
  deaf = false;

  override call(site: SiteName, verb: string, args: JsonObject): Outcome {
    return this.lie(verb, () => super.call(site, verb, args));
  }

  override write(
    site: SiteName,
    disk: number,
    block: number,
    blocks: number,
    stamp: number,
  ): boolean {
    if (!this.deaf) return super.write(site, disk, block, blocks, stamp);
    this.scribble(site, this.path(site, disk), block, blocks, stamp);
    return true;
  }

  /** Writes to a device behind the back of whoever has it open. */
  scribble(site: SiteName, name: string, block: number, blocks: number, stamp: number): void {
    const sectors = this.sites[site].host.disks.get(name)?.node.sectors;
    if (sectors === undefined) throw new Error(`No disk ${name}`);
    sectors.write(block * BLOCK, contentOf(stamp, blocks));
    sectors.persist(sectors.mark());
  }
}

/** A world in which `steps` were done truly. */
function stage(steps: readonly Step[]) {
  const model = new Reference(3, blankImage(DISKS));
  const real = new Liars(7, KERNEL, DISKS);
  for (const step of steps) step.run(model, real);
  return { model, real };
}

/** The step is a failure that says so. */
function noticed(stage: { model: Reference; real: Liars }, step: Step, words: RegExp): void {
  throws(() => step.run(stage.model, stage.real), words);
}

Deno.test("a verification that finds what is not there is noticed, and one that is refused", () => {
  const staged = stage([...PROTECTION, new Verify()]);
  const differences = [{ disk: 0, at: 512, length: 512 }];
  staged.real.lie = (verb, tell) =>
    verb === "replication verify" ? { value: { equal: false, differences } } : tell();
  noticed(staged, new Verify(), /the replica differs: .*512/);
  const failure = { code: "busy", message: "Not now", action: "Wait", side: "local" } as const;
  staged.real.lie = (verb, tell) => verb === "replication verify" ? { failure } as Outcome : tell();
  noticed(staged, new Verify(), /"replication verify" at a failed: busy/);
});

Deno.test("a verification that does not find what is there is noticed", () => {
  const staged = stage([...ENABLED, new FirstCopy("existing copy", 56), new Verify()]);
  const copy = [...staged.real.sites.b.host.disks.keys()].find((name) => name.startsWith("copy-"));
  staged.real.lie = (verb, tell) => {
    if (verb !== "replication verify") return tell();
    staged.real.scribble("b", copy as string, 2, 1, 999);
    return { value: { equal: true, differences: [] } };
  };
  noticed(staged, new Verify(), /point \w+: disk 0 block 2 holds 999/);
});

Deno.test("an import that is said to be done and was not is noticed, and one that is refused", () => {
  const staged = stage(ENABLED);
  staged.real.lie = (verb, tell) => verb === "replication import" ? { value: {} } : tell();
  noticed(staged, new FirstCopy("media", 56), /first copy by media does not end/);
  const refused = stage(ENABLED);
  const failure = { code: "damaged", message: "No", action: "Look", side: "request" } as const;
  refused.real.lie = (verb, tell) =>
    verb === "replication import" ? { failure } as Outcome : tell();
  noticed(refused, new FirstCopy("media", 56), /"replication import" at b failed: damaged/);
});

Deno.test("a first copy without what its guest wrote meanwhile is noticed, by media and from a copy", () => {
  for (const how of ["media", "existing copy"] as const) {
    const staged = stage(ENABLED);
    // From the moment on in which the package is written, or the copy is named.
    staged.real.lie = (verb, tell) => {
      const told = tell();
      if (verb === "replication start") {
        staged.real.until("a", "primary WaitingForInitialReplication");
        staged.real.until("a", "primary Replicating");
        staged.real.deaf = true;
      }
      return told;
    };
    noticed(staged, new FirstCopy(how, 56), /disk 0 block 3 holds 0, not 56/);
  }
});

Deno.test("a package that holds something else than its disks did is noticed", () => {
  const staged = stage([...ENABLED, new Write("a", 0, 5, 4, 55)]);
  staged.real.lie = (verb, tell) => {
    if (verb !== "replication start") return tell();
    // As if another block had been read: what the guest has is written back behind the export.
    staged.real.scribble("a", staged.real.path("a", 0), 6, 1, 777);
    const told = tell();
    staged.real.until("a", "primary WaitingForInitialReplication");
    staged.real.scribble("a", staged.real.path("a", 0), 6, 1, 55);
    return told;
  };
  noticed(staged, new FirstCopy("media", 56), /point \w+: disk .*nor ever before/);
});

Deno.test("an existing copy of which a difference was overlooked is noticed", () => {
  const staged = stage(ENABLED);
  const { real } = staged;
  let copy = "";
  real.lie = (verb, tell) => {
    if (verb === "replication enable") copy = [...real.sites.b.host.disks.keys()][0] ?? "";
    if (verb === "replication cycle") real.scribble("b", copy, 9, 1, 57);
    return tell();
  };
  noticed(staged, new FirstCopy("existing copy", 56), /block 9 holds 57, not 0/);
});

Deno.test("a change of a disk that is said to be done and was not is noticed", () => {
  for (
    const [change, words] of [
      ["exclude", /disk 1 has blocks that nobody knows|point .*disk 1/],
      ["remove", /disk 1 has blocks that nobody knows/],
      ["grow", /the disk ends before/],
      ["add", /disk 2 block 0 holds undefined, not 0/],
    ] as const
  ) {
    const staged = stage(PROTECTION);
    staged.real.lie = (verb, tell) => verb.startsWith("vm disk") ? { value: {} } : tell();
    const asked = { change, place: 1, blocks: 9, stamp: 5 };
    throws(
      () => {
        new ChangeDisk("a", asked).run(staged.model, staged.real);
        staged.real.lie = (_, tell) => tell();
        PROTECTION.at(-1)?.run(staged.model, staged.real);
      },
      words,
    );
  }
});

Deno.test("a disk that is taken out and whose file is not what it was is noticed", () => {
  const staged = stage(PROTECTION);
  staged.real.lie = (verb, tell) => {
    const file = staged.real.path("a", 1);
    const told = tell();
    if (verb === "vm disk remove") staged.real.scribble("a", file, 0, 1, 13);
    return told;
  };
  const asked = { change: "remove", place: 1, blocks: 0, stamp: 5 } as const;
  noticed(staged, new ChangeDisk("a", asked), /the file of disk 1, which was taken out/);
});

Deno.test("a change that is refused where it is legal is noticed, and one that is done where it is not", () => {
  const staged = stage(PROTECTION);
  const failure = { code: "busy", message: "No", action: "Wait", side: "local" } as const;
  staged.real.lie = (verb, tell) => verb === "vm disk grow" ? { failure } as Outcome : tell();
  const grow = { change: "grow", place: 0, blocks: 1, stamp: 5 } as const;
  noticed(staged, new ChangeDisk("a", grow), /"vm disk grow" at a failed/);
  staged.real.lie = (verb, tell) => verb === "vm disk exclude" ? { value: {} } : tell();
  const gone = { change: "exclude", place: 3, blocks: 0, stamp: 5 } as const;
  noticed(staged, new ChangeDisk("a", gone), /"vm disk exclude" at a was not refused/);
  judge(staged.model, staged.real);
});
