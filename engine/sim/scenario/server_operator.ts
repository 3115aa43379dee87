/**
 * The administrators as those of whole servers: whom the replica's server lets in and where it puts that, and how much the
 * primary's server may send.
 *
 * Rule: they want what the scenario last said, and ask for it again after a crash, until the server says it is so; once
 * nothing goes wrong any more the primary is let in and nothing is limited.
 *
 * @module
 */

import type { JsonObject } from "../../core/base/json.ts";
import { entryFor } from "../../core/server/authorization.ts";
import type { Drill } from "./drill.ts";
import { replicaPlaces } from "./replica_files.ts";
import type { ServerAction } from "./scenario.ts";
import type { Site } from "./site.ts";

/** What an entry's location is called in a scenario, and here. */
const LOCATIONS = { home: null, one: "/one", two: "/two/replicas" } as const;

/** Both administrators. */
export class ServerOperator {
  readonly #drill: Drill;
  #entry: ServerAction & { readonly kind: "authorize" } | undefined;
  #bandwidth: number | undefined;
  readonly #busy = new Set<string>();
  /** Everywhere that a replica may have been put. */
  readonly #allowed = new Set<string>(["home"]);

  constructor(drill: Drill) {
    this.#drill = drill;
  }

  /** Does what the scenario says. */
  act(action: ServerAction): void {
    if (action.kind === "authorize") this.#entry = action;
    else this.#bandwidth = action.bandwidth;
    this.look();
  }

  /** Asks for what is wanted and is not so yet. */
  look(): void {
    const quiet = this.#drill.faults.quietFor >= 0;
    if (this.#entry !== undefined) {
      if (quiet && !this.#entry.allowed) this.#entry = { ...this.#entry, allowed: true };
      this.#authorize(this.#entry);
    }
    if (this.#bandwidth !== undefined) {
      if (quiet) this.#bandwidth = 0;
      this.#limit(this.#bandwidth);
    }
    this.#lookAtPlaces();
  }

  #authorize({ allowed, place }: ServerAction & { readonly kind: "authorize" }): void {
    const { b } = this.#drill.sites;
    const policy = b.current?.server.record.policy;
    if (policy === undefined) return;
    const entry = entryFor(policy, "a");
    const location = LOCATIONS[place];
    // Also after its record rotted: then nobody is let in until somebody chooses again.
    if (policy.allow === "any" || !policy.replication) {
      return this.#ask(b, "server set", { allow: "entries", replica: true });
    }
    if (!allowed) {
      if (entry === undefined) return;
      return this.#ask(b, "authorization remove", { name: "a" }, () => {
        this.#drill.probe("authorization/removed");
        this.#drill.tell({ kind: "authorization", allowed: false });
      });
    }
    const here = (entry?.location ?? null) === location;
    if (entry !== undefined && here) return;
    this.#allowed.add(place);
    // From here on it may be let in, whenever the answer comes.
    this.#drill.tell({ kind: "authorization", allowed: true });
    const verb = entry === undefined ? "authorization add" : "authorization set";
    this.#ask(b, verb, { name: "a", location, trustGroup: "one" });
  }

  #limit(bandwidth: number): void {
    const { a } = this.#drill.sites;
    const now = a.current?.server.record.policy.bandwidth;
    if (now === undefined || now === bandwidth) return;
    // Amid the change one holds or the other.
    this.#drill.tell({ kind: "limit", bandwidth: 0 });
    this.#ask(a, "server set", { bandwidth }, () => {
      if (bandwidth > 0) this.#drill.probe("server/limited");
      this.#drill.tell({ kind: "limit", bandwidth });
    });
  }

  #ask(site: Site, verb: string, args: JsonObject, then?: () => void): void {
    if (this.#busy.has(site.name)) return;
    this.#busy.add(site.name);
    this.#drill.call(site, verb, args, (outcome) => {
      this.#busy.delete(site.name);
      if (typeof outcome !== "string") then?.();
    });
  }

  /** A server died: what it was asked will not be answered. */
  died(site: Site): void {
    this.#busy.delete(site.name);
  }

  /** A replica's server burned down: an empty one lets anybody in. */
  destroyed(): void {
    this.#drill.tell({ kind: "authorization", allowed: true });
  }

  #lookAtPlaces(): void {
    const { host } = this.#drill.sites.b;
    for (const { guest: { vm } } of this.#drill.machines) {
      const places = replicaPlaces(host, vm);
      if (places.some((place) => place !== "home")) this.#drill.probe("replica/in-a-location");
      this.#drill.tell({ kind: "places", vm, places, allowed: [...this.#allowed] });
    }
  }
}
