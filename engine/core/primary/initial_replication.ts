/**
 * What an administrator may ask of a machine's initial replication, and what is said when it cannot be.
 *
 * Rule: state and plan are replaced together, in one record, so that a crash leaves what was before or what
 * was asked for.
 *
 * @module
 */

import { type Failed, isFailed, requestFailure } from "../base/failure.ts";
import { packageName } from "../history/package_format.ts";
import type { Ports } from "../ports/ports.ts";
import { NETWORK_NOW, type SeedingMethod, type SeedingPlan } from "../relationship/seeding_plan.ts";
import { nextState } from "../relationship/state.ts";
import type { Task } from "../runtime/task.ts";
import type { PrimaryMachine } from "./machine.ts";

/** What `replication start` was given. */
export interface StartChoice {
  /** The way; `undefined` when none was named. */
  readonly method: SeedingMethod | undefined;
  /** When, wall time in µs since 1970; `undefined` for now. */
  readonly at: number | undefined;
  /** The folder on media, for an export. */
  readonly path: string | undefined;
}

/** A start over the network, now. */
export const START_NOW: StartChoice = { method: undefined, at: undefined, path: undefined };

/** Schedules or starts; returns whether it is to be tried at once: also where it runs, or failed and waits. */
export function* chooseStart(
  machine: PrimaryMachine,
  choice: StartChoice,
  ports: Pick<Ports, "openPlace">,
): Task<boolean> {
  const { method, at, path } = choice;
  const { name, state, plan } = machine;
  const begun = state !== "ReadyForInitialReplication";
  if (at !== undefined) {
    if (begun) throw notPutOff(machine);
    yield* machine.enterWith(undefined, { ...NETWORK_NOW, method: method ?? "network", at, path });
    return false;
  }
  if (state === "InitialReplicationInProgress" && method !== undefined) {
    if (method !== plan?.method || path !== plan.path) throw otherWay(machine);
    return true;
  }
  const event = method === "export" ? "export" : "start";
  const to = nextState(state, event, name);
  const chosen: SeedingPlan = { ...NETWORK_NOW, method: method ?? "network", path };
  if (to !== state) {
    // What was chosen for later begins now, in the way that was chosen, unless another one is named.
    const put = plan?.at !== undefined && method === undefined ? plan : chosen;
    if (put.path !== undefined) yield* refuseUnwritable(ports, machine, put.path);
    yield* machine.enterWith(event, { ...put, at: undefined });
    return true;
  }
  if (method !== undefined) throw otherWay(machine);
  return true;
}

/**
 * Refuses a medium on which the package cannot be begun, while whoever chose it looks on. The package's folder is made
 * for that: the export finds it, and so does the next attempt behind a crash.
 */
function* refuseUnwritable(
  ports: Pick<Ports, "openPlace">,
  { name, id }: PrimaryMachine,
  path: string,
): Task<void> {
  try {
    const place = yield* ports.openPlace(path);
    yield* place.folder(packageName(name, id), { create: true });
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled" || error.code === "bad-argument") {
      throw error;
    }
    const missing = error.code === "not-found";
    throw requestFailure(
      error.code,
      `Cannot export "${name}" to ${path}: ${error.failure.message}`,
      missing
        ? "Mount the medium, or make the folder, and ask again; Warmsite makes none, for what is not mounted would " +
          "fill the file system beneath it"
        : "Let the server's user write there, or name another folder, and ask again",
    );
  }
}

/** A start that was put off begins, unless it was called off meanwhile; returns whether it did. */
export function* beginPutOff(machine: PrimaryMachine, wall: number): Task<boolean> {
  const { plan, state } = machine;
  if (plan?.at === undefined || plan.at > wall) return false;
  const now = { ...plan, at: undefined };
  const begins = state === "ReadyForInitialReplication";
  const event = plan.method === "export" ? "export" : "start";
  yield* machine.enterWith(begins ? event : undefined, now);
  return begins;
}

/** Calls a start off that was put off; false when there is none. */
export function* callOff(machine: PrimaryMachine): Task<boolean> {
  if (machine.plan?.at === undefined) return false;
  yield* machine.enterWith(undefined, undefined);
  return true;
}

/** Refuses to stop what does not run. */
export function refuseStop({ name, state, plan }: PrimaryMachine): void {
  if (state === "InitialReplicationInProgress") return;
  if (state === "WaitingForInitialReplication") {
    throw requestFailure(
      "wrong-state",
      `The export of "${name}" has finished: it cannot be stopped any more`,
      `Import ${
        plan?.exported?.folder ?? "it"
      } at the replica server, or send everything over the ` +
        `network in its place: "warmsite replication start ${name}"`,
    );
  }
  throw requestFailure(
    "wrong-state",
    `No initial replication of "${name}" runs or is scheduled: it is in state ${state}`,
    state === "ReadyForInitialReplication"
      ? `Start one: "warmsite replication start ${name}"`
      : 'Look at "warmsite replication status"',
  );
}

function notPutOff({ name, state }: PrimaryMachine): Failed {
  return requestFailure(
    "wrong-state",
    `Cannot schedule the initial replication of "${name}" in state ${state}`,
    state === "InitialReplicationInProgress"
      ? `It runs already; stop it first: "warmsite replication stop ${name}"`
      : "Only one that was not started yet can be put off",
  );
}

function otherWay({ name, state, plan }: PrimaryMachine): Failed {
  const way = plan === undefined || state === "Replicating" ? "" : ` (${wayOf(plan)})`;
  return requestFailure(
    "wrong-state",
    state === "Replicating"
      ? `"${name}" is replicated already`
      : `The initial replication of "${name}" is under way${way}`,
    state === "Replicating"
      ? 'Look at "warmsite replication status"'
      : `Stop it first: "warmsite replication stop ${name}"`,
  );
}

/** The way of a plan in words. */
export function wayOf({ method, path }: SeedingPlan): string {
  if (method === "export") return `export to ${path ?? "media"}`;
  return method === "existing-copy" ? "from an existing copy" : "over the network";
}
