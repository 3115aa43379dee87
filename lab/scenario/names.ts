/**
 * The names of a world: what each of them is, and what a step means that says one.
 *
 * @module
 */

import type { TargetKind } from "../../engine/sim/faults/definition.ts";
import type { DrillWorld } from "./drill_scenario.ts";
import { shown } from "./form.ts";
import { hint } from "./nearest.ts";

/** Sites, links and machines by name. */
export class Names {
  readonly #world: DrillWorld;
  readonly sites: readonly string[];
  readonly machines: readonly string[];

  constructor(world: DrillWorld) {
    this.#world = world;
    this.sites = world.sites.map(({ name }) => name);
    this.machines = world.machines.map(({ name }) => name);
  }

  /** How many disks a machine has. */
  disks(vm: string): number {
    return this.#world.machines.find(({ name }) => name === vm)?.disks.length ?? 0;
  }

  /** The machine that a step means: the one that it names, or the only one. */
  machine(named: string | undefined): { readonly name: string } | { readonly wrong: string } {
    if (named !== undefined) {
      if (this.machines.includes(named)) return { name: named };
      return { wrong: `No machine is called ${shown(named)}${hint(named, this.machines)}` };
    }
    const [only, ...others] = this.machines;
    if (only !== undefined && others.length === 0) return { name: only };
    return { wrong: `Say which machine is meant: "vm" is one of ${this.machines.join(", ")}` };
  }

  /** The site that a step names. */
  site(named: string): string | undefined {
    if (this.sites.includes(named)) return undefined;
    return `No site is called ${shown(named)}${hint(named, this.sites)}`;
  }

  /** What a fault hits that may hit these; what is not said is the only thing that it can be. */
  target(
    named: string | undefined,
    kinds: readonly TargetKind[],
  ): { readonly name: string } | { readonly wrong: string } {
    const possible = this.#possible(kinds);
    if (named === undefined) {
      const [only, ...others] = possible;
      if (only !== undefined && others.length === 0) return { name: only };
      return { wrong: `Say what it hits: "on" is ${listed(possible)}` };
    }
    if (possible.includes(named)) return { name: named };
    if (kinds.includes("disk") && this.#isDiskAt(named, possible)) return { name: named };
    // A machine stands for its first disk.
    if (kinds.includes("disk") && this.machines.includes(named)) return { name: `${named}/0` };
    return { wrong: `It cannot hit ${shown(named)}${hint(named, possible)}` };
  }

  /** `VM/N@SITE`: that disk at that site. */
  #isDiskAt(named: string, possible: readonly string[]): boolean {
    const at = named.lastIndexOf("@");
    return this.sites.includes(named.slice(at + 1)) && possible.includes(named.slice(0, at)) &&
      named.slice(0, at).includes("/");
  }

  #possible(kinds: readonly TargetKind[]): string[] {
    return kinds.flatMap((kind) => {
      if (kind === "site") return this.sites;
      if (kind === "link") return [this.#world.link.name];
      if (kind === "machine") return this.machines;
      return this.machines.flatMap((vm) =>
        Array.from({ length: this.disks(vm) }, (_, disk) => `${vm}/${disk}`)
      );
    });
  }
}

function listed(words: readonly string[]): string {
  const most = 12;
  const rest = words.length - most;
  return rest > 0 ? `${words.slice(0, most).join(", ")} or one of ${rest} more` : words.join(", ");
}
