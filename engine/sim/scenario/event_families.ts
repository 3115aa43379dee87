/**
 * Whose each event of a scenario is: a guest's, an administrator's, that of a whole server, or nobody's, a fault.
 *
 * @module
 */

import type { GuestAction, OperatorAction, ScenarioEvent, ServerAction } from "./scenario.ts";

const GUEST_ACTIONS: ReadonlySet<string> = new Set(["write", "zero", "read", "flush", "reconnect"]);
/** Every kind of what administrators do: the compiler misses one that is left out. */
const OPERATOR_KINDS: Readonly<Record<OperatorAction["kind"], true>> = {
  "first-copy": true,
  cycle: true,
  grow: true,
  disk: true,
  rest: true,
  failover: true,
  cancel: true,
  test: true,
  "test-delete": true,
  export: true,
  complete: true,
  role: true,
  disable: true,
  forget: true,
  restart: true,
  verb: true,
  set: true,
};
const OPERATOR_ACTIONS: ReadonlySet<string> = new Set(Object.keys(OPERATOR_KINDS));

/** A guest asks something of its disk. */
export function isGuest(event: ScenarioEvent): event is ScenarioEvent & GuestAction {
  return GUEST_ACTIONS.has(event.kind);
}

/** An administrator does something to a whole server, again and again until it is so. */
export function isServer(event: ScenarioEvent): event is ScenarioEvent & ServerAction {
  return event.kind === "authorize" || event.kind === "limit";
}

/** An administrator does something. */
export function isOperator(event: ScenarioEvent): event is ScenarioEvent & OperatorAction {
  return OPERATOR_ACTIONS.has(event.kind);
}
