/**
 * Faults of random runs in the words of the registry: the other way round than `lowerFault`.
 *
 * @module
 */
// Long because: one arm for each kind of fault that random runs have.

import { FAULTS } from "../../engine/sim/faults/registry.ts";
import type { Suffering } from "../../engine/sim/faults/definition.ts";
import type { Direction, HostName, Place } from "../../engine/sim/scenario/scenario.ts";
import type { DrillWorld, FaultStep } from "../scenario/drill_scenario.ts";

/** The step that has this happen; undefined for what no step says. */
export function raiseFault(action: Suffering, world: DrillWorld): FaultStep | undefined {
  const { fault, on, lasts = 0, ...params } = worded(action, new Places(world)) ?? {};
  const definition = fault === undefined ? undefined : FAULTS.get(String(fault));
  if (definition === undefined) return undefined;
  const usual = definition.parameters.map(({ name, usual }) => [name, params[name] ?? usual]);
  return {
    kind: "fault",
    fault: definition.id,
    on: String(on),
    for: Number(lasts),
    params: Object.fromEntries(usual),
  };
}

/** A fault, what it hits, how long it lasts, and its parameters. */
type Worded = Readonly<Record<string, string | number>>;

/** Names of what is hit. */
class Places {
  readonly #world: DrillWorld;

  constructor(world: DrillWorld) {
    this.#world = world;
  }

  get link(): string {
    return this.#world.link.name;
  }

  site(host: HostName): string {
    return this.#world.sites[host === "a" ? 0 : 1].name;
  }

  machine(vm: number): string {
    return this.#world.machines[vm]?.name ?? "";
  }

  disk({ vm, disk }: { readonly vm: number; readonly disk: number }): string {
    return `${this.machine(vm)}/${disk}`;
  }

  /** Of the storage of a host. */
  storage({ host, place }: { readonly host: HostName; readonly place: Place }): Worded {
    if (typeof place === "string") return { on: this.site(host), place };
    return { on: `${this.disk(place)}@${this.site(host)}` };
  }
}

const WAYS: Readonly<Record<Direction, string>> = { both: "both", "a>b": "forth", "b>a": "back" };

const FAILING = {
  failReads: "disk.read-error",
  failWrites: "disk.write-error",
  failFlushes: "disk.flush-error",
} as const;

const RATED = {
  lossRate: "link.loss",
  duplicateRate: "link.duplicate",
  reorderRate: "link.reorder",
  corruptRate: "link.corrupt",
} as const;

/** Whose files may rot: a machine's replica's, or any at the second site, which is asked of any machine. */
function rotting(places: Places, vm: number | undefined): Worded {
  return vm === undefined ? { on: places.machine(0), among: "all" } : { on: places.machine(vm) };
}

// Long because: one arm for each kind of fault.
function worded(action: Suffering, places: Places): Worded | undefined {
  switch (action.kind) {
    case "kill":
      return { fault: "host.kill", on: places.site(action.host), down: action.down };
    case "power":
      return { fault: "host.power", on: places.site(action.host), lasts: action.down };
    case "restart":
      return { fault: "host.restart", on: places.site(action.host), down: action.down };
    case "destroy":
      return { fault: "site.fire", on: places.site(action.host), lasts: action.down };
    case "crash": {
      const { calls, when, how, down } = action;
      const fault = "host.crash-at-call";
      return { fault, on: places.site(action.host), calls, when, how, down };
    }
    case "crash-naming": {
      const { renames, when, how, down } = action;
      const fault = "host.crash-at-rename";
      return { fault, on: places.site(action.host), renames, when, how, down };
    }
    case "pause":
      return { fault: "host.pause", on: places.site(action.host), lasts: action.lasts };
    case "lag": {
      const { lag: delay, lasts } = action;
      return { fault: "host.lag", on: places.site(action.host), delay, lasts };
    }
    case "clock":
      return { fault: "clock.jump", on: places.site(action.host), by: action.by };
    case "io": {
      return { fault: FAILING[action.what], ...places.storage(action), count: action.count };
    }
    case "latent": {
      const lasting = action.sticky ? "yes" : "once";
      const offset = action.sector * 512;
      return { fault: "disk.latent-sector", ...places.storage(action), offset, lasting };
    }
    case "slow": {
      const { factor, lasts } = action;
      return { fault: "disk.slow", ...places.storage(action), factor, lasts };
    }
    case "stall":
      return { fault: "disk.stall", ...places.storage(action), lasts: action.lasts };
    case "full":
      return { fault: "disk.full", ...places.storage(action), lasts: action.lasts };
    case "outside": {
      const { sector, fill, down } = action;
      return {
        fault: "guest.outside-write",
        on: places.disk(action),
        offset: sector * 512,
        fill,
        down,
      };
    }
    case "lose-log":
      return { fault: "primary.lose-log", on: places.disk(action), down: action.down };
    case "touch":
      return { fault: "replica.touched", on: places.disk(action), down: action.down };
    case "freeze": {
      const { what, after, lasts } = action;
      const fault = what === "thaw-fails" ? "guest.thaw-fails" : `guest.freeze-${what}`;
      const ends = what === "breaks" ? { ends: after } : {};
      return { fault, on: places.machine(action.vm), ...ends, lasts };
    }
    case "rot": {
      const { pick, bit } = action;
      return { fault: "disk.rot", ...rotting(places, action.vm), pick, bit };
    }
    case "rot-open": {
      const { pick, bit, down } = action;
      return { fault: "disk.rot-open", ...rotting(places, action.vm), pick, bit, down };
    }
    case "old-state": {
      const { age, down } = action;
      return { fault: "replica.old-state", on: places.machine(action.vm), age, down };
    }
    case "partition":
      return {
        fault: "link.partition",
        on: places.link,
        way: WAYS[action.way],
        lasts: action.lasts,
      };
    case "link": {
      const { rate: share, lasts } = action;
      return { fault: RATED[action.what], on: places.link, share, way: WAYS[action.way], lasts };
    }
    case "link-stall":
      return { fault: "link.stall", on: places.link, way: WAYS[action.way], lasts: action.lasts };
    case "link-slow":
      return { fault: "link.slow", on: places.link, rate: action.bandwidth, lasts: action.lasts };
    case "reset":
      return { fault: "link.reset", on: places.link };
    case "refuse":
      return { fault: `link.${action.what}`, on: places.link, lasts: action.lasts };
    case "stale":
      return { fault: "peer.stale", on: places.machine(action.vm), wrong: action.what };
    default:
      // What only scripts ask for is not drawn.
      return undefined;
  }
}
