/**
 * The administrator's acts that a click can do, in the order in which a drill needs them.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";

/** One of them. */
export interface VerbChoice {
  readonly label: string;
  readonly about: string;
  /** What the step says besides its machine. */
  readonly act: JsonObject;
  /** Means nothing as long as nothing is chosen for it. */
  readonly asks?: boolean;
}

/** Verbs by what they are for. */
export const VERB_GROUPS: readonly (readonly [title: string, verbs: readonly VerbChoice[]])[] = [
  ["Failover", [
    {
      label: "Fail over",
      about: "Bring the machine up at its replica, on the newest point",
      act: { do: "failover start" },
    },
    {
      label: "Complete",
      about: "Make the failover final: its disks are here from then on",
      act: { do: "failover complete" },
    },
    {
      label: "Reverse",
      about: "Make this side the primary, and replicate back",
      act: { do: "failover reverse" },
    },
    {
      label: "Cancel failover",
      about: "Drop the failover and what was written since; replication goes on",
      act: { do: "failover cancel" },
    },
    {
      label: "Resolve",
      about: "Both sides have written: say which one stays; the other one is kept as a point",
      act: { do: "failover resolve" },
      asks: true,
    },
  ]],
  ["Planned move", [
    { label: "Stop guest", about: "A machine must be off to be moved", act: { guest: "stop" } },
    {
      label: "Planned failover",
      about: "Move the machine, which is off, to its replica; nothing is lost",
      act: { do: "failover planned" },
    },
    { label: "Start guest", about: "Start the machine where it is", act: { guest: "start" } },
  ]],
  ["Replication", [
    {
      label: "Cycle now",
      about: "Cut a point and send it without waiting for the next cycle",
      act: { do: "replication cycle" },
    },
    {
      label: "Pause replication",
      about: "Stop sending; changes stay tracked",
      act: { do: "replication pause" },
    },
    {
      label: "Resume replication",
      about: "Go on after a pause or an error",
      act: { do: "replication resume" },
    },
    {
      label: "Verify",
      about: "Prove that the replica equals the disks, or name what differs",
      act: { do: "replication verify" },
    },
    {
      label: "Resync",
      about: "Compare whole disks and send what differs",
      act: { do: "replication resync start" },
    },
    {
      label: "Settings",
      about: "Change settings of the machine's replication; what is left empty stays as it is",
      act: { do: "replication set" },
      asks: true,
    },
    {
      label: "Test failover",
      about: "Bring the machine up beside replication, to look at it",
      act: { do: "failover test" },
    },
  ]],
];
