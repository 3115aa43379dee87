/**
 * The `Observer` port of the simulated world: engine events go into the trace and to whoever
 * listens to the world.
 *
 * @module
 */

import type { EngineEvent, Observer } from "../core/ports/observer.ts";
import { hashText } from "./prng.ts";
import type { SimProcess } from "./process.ts";
import { EVENT } from "./trace.ts";

/** The observer of `process`; silent once it is dead. */
export function simObserver(process: SimProcess): Observer {
  const { host } = process;
  return {
    emit: (event) => {
      if (!process.alive) return;
      host.world.note(EVENT.engine, host.actor, eventHash(event));
      host.world.sight({ time: host.world.now, host: host.name, event });
    },
  };
}

function eventHash(event: EngineEvent): number {
  let hash = hashText(event.kind, 0);
  for (const value of Object.values(event)) {
    if (typeof value === "string") hash = hashText(value, hash);
    else if (typeof value === "number") hash = Math.imul(hash ^ (value | 0), 0x01000193);
    else hash = hashText(value.message, hash);
  }
  return hash >>> 0;
}
