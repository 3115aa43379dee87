/**
 * I36: What is not legal in a state is refused.
 *
 * A verb waits for its turn: the state that counts is the one that it met then, which is the one when it was asked or
 * one that was left since, by the verb itself or by what came before it. Of a verb that changes no state it may also be
 * one that was entered since, and of one that enters no more than some any other.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

const ON = ["ReadyForInitialReplication", "InitialReplicationInProgress", "Replicating"];
const TROUBLED = ["Error", "WaitingForStartResynchronize"];
const RESYNCHRONIZING = ["Resynchronizing", "ResynchronizeSuspended"];

const CHANGING = ["WaitingForUpdateCompletion"];
/** States that are a guest's as well, with nothing being sent. */
const ELSEWHERE = [
  ...RESYNCHRONIZING,
  "Suspended",
  "PreparedForFailover",
  "WaitingForInitialReplication",
];

/** In which states a verb may succeed, by host. Written down by hand, not taken from the engine. */
const LEGAL: Readonly<Record<string, readonly string[]>> = {
  "a vm add": ["none"],
  // What could not be opened may go as it is, at either host: nobody knows its state.
  "a vm remove": ["Disabled", "unopened"],
  "a replication enable": ["Disabled"],
  "a replication disable": [
    ...ON,
    ...TROUBLED,
    ...RESYNCHRONIZING,
    ...CHANGING,
    "Suspended",
    "WaitingForInitialReplication",
  ],
  "a replication start": [
    ...ON,
    ...TROUBLED,
    "Resynchronizing",
    "WaitingForInitialReplication",
  ],
  "a replication import": [],
  "b replication import": ["WaitingForInitialReplication"],
  // One that nobody needs may be asked for; one that runs is.
  "a replication resync start": [
    "Replicating",
    "WaitingForStartResynchronize",
    "Resynchronizing",
    ...CHANGING,
  ],
  "a replication resync pause": ["Resynchronizing"],
  "a replication verify": ["Replicating"],
  "a replication resync continue": ["ResynchronizeSuspended"],
  "a replication resync cancel": ["Resynchronizing", "ResynchronizeSuspended"],
  // Where none runs, it calls off one that was put off.
  "a replication stop": ["InitialReplicationInProgress", "ReadyForInitialReplication"],
  "a replication pause": ["Replicating", "WaitingForUpdateCompletion", ...TROUBLED],
  "a replication resume": ["Suspended", "Error"],
  "a replication set": [
    ...ON,
    ...CHANGING,
    ...TROUBLED,
    ...RESYNCHRONIZING,
    "Suspended",
    "WaitingForInitialReplication",
  ],
  "b replication pause": ["Replicating"],
  "b replication resume": ["Suspended"],
  "b replication set": [],
  // Not while the machine is locked for a planned failover.
  "a vm disk grow": [
    "Disabled",
    ...ON,
    ...TROUBLED,
    ...CHANGING,
    ...ELSEWHERE.filter((state) => state !== "PreparedForFailover"),
  ],
  "a vm disk add": ["Disabled", "ReadyForInitialReplication", "Replicating", ...CHANGING],
  "a vm disk remove": ["Disabled", "ReadyForInitialReplication", "Replicating", ...CHANGING],
  // Asked of a disk that is excluded already, it has nothing to do.
  "a vm disk exclude": ["Disabled", ...ON, ...TROUBLED, ...CHANGING, ...ELSEWHERE],
  "b vm disk grow": [],
  "b vm disk add": [],
  "b vm disk remove": [],
  "b vm disk exclude": [],
  "a failover start": [],
  "a failover cancel": ["PreparedForFailover"],
  "a failover complete": [],
  // To what a demoted primary alone has, while what it lacks is on its way.
  "b failover start": ["Replicating", "Suspended", "FailbackInProgress"],
  "a failover test": [],
  // Wherever there are points that are the replica's own.
  "b failover test": [
    "Replicating",
    "FailedOverWaitingCompletion",
    "FailbackInProgress",
    "Suspended",
    "Error",
    "WaitingForStartResynchronize",
    "Resynchronizing",
    "ResynchronizeSuspended",
    "WaitingForUpdateCompletion",
  ],
  "b failover cancel": ["FailedOverWaitingCompletion"],
  "b failover complete": ["FailedOverWaitingCompletion"],
  "a failover planned": ["Replicating", "PreparedForFailover"],
  "a failover prepare": ["Replicating", "PreparedForFailover"],
  "b failover planned": [],
  "b failover prepare": [],
  "b failover resolve": ["Replicating", "FailbackInProgress"],
  "a failover reverse": [],
  "b failover reverse": ["FailedOverWaitingCompletion", "FailedOver"],
  "b replication disable": [
    // A copy that waits for its primary.
    "awaited",
    "WaitingForInitialReplication",
    "Replicating",
    "Suspended",
    "FailbackInProgress",
    "FailedOver",
    "unopened",
  ],
  "b replication cycle": [],
  "b replication start": [],
  "b replication resync start": [],
  "b replication resync pause": [],
  "b replication verify": [],
  "b replication resync continue": [],
  "b replication resync cancel": [],
  "b replication stop": [],
  // That names a copy of a machine that is not here yet.
  "b replication enable": ["none"],
  "b vm add": [],
};

/** Verbs that change no state, or enter these alone. */
const ENTERING: Readonly<Record<string, readonly string[]>> = {
  "failover test": [],
  "replication set": [],
  "replication verify": [],
  "vm disk grow": [],
  "vm disk add": CHANGING,
  "vm disk remove": CHANGING,
  "vm disk exclude": CHANGING,
};

/** I36. */
export const TRANSITIONS: Invariant = {
  id: "I36",
  about: "What is not legal in a state is refused",
  begin: (ground) => {
    /** When each state was left last, and when it was entered last, by host and machine. */
    const left = new Map<string, Map<string, number>>();
    const entered = new Map<string, Map<string, number>>();
    /** Hosts and machines whose failover failed to be completed: what is left of that may be asked for. */
    const unfinished = new Set<string>();
    return {
      engine: ({ sighting: { host, event } }) => {
        if (event.kind !== "state") return;
        const key = `${host} ${event.machine}`;
        for (const [map, state] of [[left, event.from], [entered, event.to]] as const) {
          map.set(key, (map.get(key) ?? new Map<string, number>()).set(state, ground.now));
        }
      },
      verb: ({ host, at = host, vm, verb, outcome, before, took }) => {
        const ends = verb === "failover complete" || verb === "failover reverse";
        if (ends && outcome !== "") unfinished.add(`${at} ${vm}`);
        const legal = LEGAL[`${host} ${verb}`];
        if (outcome !== "" || legal === undefined || before === "busy") return;
        const key = `${at} ${vm}`;
        const own = ENTERING[verb];
        const asked = ground.now - took;
        const since = (map: typeof left, state: string) =>
          (map.get(key)?.get(state) ?? -1) >= asked;
        const met = (state: string) =>
          state === before || since(left, state) ||
          (own?.includes(state) === false && since(entered, state));
        const rest = verb === "failover complete" && unfinished.has(key) && met("FailedOver");
        if (rest || legal.some(met)) return;
        ground.violate("I36", `${vm}: "${verb}" at ${host} succeeded in state ${before}`);
      },
    };
  },
};
