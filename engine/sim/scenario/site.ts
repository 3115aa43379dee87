/**
 * A host and the server on it: started, watched, and started again when it died.
 *
 * @module
 */

import { KiB, MILLISECOND } from "../../core/base/units.ts";
import type { CommandLimits } from "../../core/relationship/guest_commands.ts";
import type { ServerSettings } from "../../core/server/settings.ts";
import { HISTORY_BOUNDS } from "../../core/history/bounds.ts";
import { Attachments } from "../../core/server/attachments.ts";
import { Server } from "../../core/server/server.ts";
import { Signal } from "../../core/runtime/signal.ts";
import type { GuestHost } from "../guests/guest.ts";
import type { SimHost } from "../host.ts";
import type { SimProcess } from "../process.ts";
import type { SimWorld } from "../world.ts";
import type { HostName, WorldSpec } from "./scenario.ts";

/** A hundredth of what commands may take on a real server. */
export const SCALED_LIMITS: CommandLimits = {
  freeze: 600 * MILLISECOND,
  thaw: 100 * MILLISECOND,
  start: 1200 * MILLISECOND,
  stop: 1200 * MILLISECOND,
  status: 100 * MILLISECOND,
};

/** How long a server that died by itself stays down, µs. */
const DOWN_USUAL = 500_000;

/** What a site tells its run. */
export interface SiteGround {
  readonly world: SimWorld;
  /** A server opened. */
  opened(site: Site, host: GuestHost): void;
  /** A server did not open. */
  refused(site: Site, error: Error): void;
  /** A server died; the disks hold what they hold from here on. */
  died(site: Site, how: "kill" | "power"): void;
}

/** A host with its server. */
export class Site {
  readonly name: HostName;
  readonly host: SimHost;
  /** How long the host stays down after the death to come, µs. */
  down = DOWN_USUAL;
  /** A flush failed here since the last loss of power: the service starts again only behind one. */
  unsound = false;
  /** The server while it is open. */
  current: GuestHost | undefined;
  /** When it was opened last, µs of world time. */
  opened = 0;
  readonly #ground: SiteGround;
  readonly #settings: ServerSettings;
  #process: SimProcess | undefined;
  #starting = false;
  #powered = true;
  /** Nothing of it is left, and its run was told so. */
  #burnt = false;

  constructor(ground: SiteGround, name: HostName, spec: WorldSpec) {
    this.#ground = ground;
    this.name = name;
    this.host = ground.world.addHost(name, {
      storage: spec.storage[name],
      wallOffset: spec.wall[name],
    });
    const { blockSize, regionBlocks, slots, cowBlocks } = spec;
    const usual = spec.usualBounds === true;
    const small = {
      // So small that a first copy between cycles is many runs.
      copyRun: 4 * blockSize,
      // So small that deltas of a scale model outgrow memory, and their indices a page.
      history: {
        ...HISTORY_BOUNDS,
        mergedAtOnce: 3,
        waiting: 2,
        recordsInMemory: Math.ceil(slots / 2),
        runsMerged: 2,
        pageEntries: 4,
      },
    };
    this.#settings = {
      name,
      listen: `${name}:7700`,
      geometry: { blockSize, regionSize: blockSize * regionBlocks },
      slots,
      cowSizeMax: usual ? cowBlocks * blockSize : Math.min(cowBlocks * blockSize, 1024 * KiB),
      commands: SCALED_LIMITS,
      ...(usual ? {} : small),
    };
  }

  /** Starts the server, unless it runs. */
  start(): void {
    const { host } = this;
    this.#starting = false;
    if (host.power === "off") host.powerOn();
    if (host.power === "destroyed") host.replace();
    this.#powered = true;
    this.#burnt = false;
    if (this.#process !== undefined || host.process !== undefined) return;
    if (this.unsound) {
      host.powerLoss();
      this.unsound = false;
      this.#ground.died(this, "power");
      host.powerOn();
    }
    const open = (server: Server) => {
      const attachments = new Attachments();
      server.exports.use(attachments);
      this.opened = host.world.now;
      this.current = { server, process: host.process as SimProcess, attachments };
      this.#ground.opened(this, this.current);
    };
    const settings = this.#settings;
    this.#process = host.start(function* (ports) {
      open(yield* Server.start(ports, settings));
      yield* new Signal().wait();
    });
  }

  /** Looks whether the server died; to be called after every event. */
  watch(): void {
    const { host } = this;
    const dead = this.#process !== undefined && host.process !== this.#process;
    const burns = host.power === "destroyed" && !this.#burnt;
    const dark = burns || (this.#powered && host.power !== "on");
    if (!dead && !dark) return;
    const failure = this.current === undefined ? this.#process?.failure : undefined;
    if (dead && failure !== undefined) this.#ground.refused(this, failure);
    this.#process = undefined;
    this.current = undefined;
    if (dark) {
      this.#powered = false;
      this.#burnt = burns;
      this.unsound = false;
    }
    this.#ground.died(this, dark ? "power" : "kill");
    this.restart();
  }

  /** Starts the server again when its time down is over. */
  restart(): void {
    if (this.#starting) return;
    this.#starting = true;
    const { down } = this;
    this.down = DOWN_USUAL;
    this.#ground.world.schedule(down, () => this.start());
  }
}
