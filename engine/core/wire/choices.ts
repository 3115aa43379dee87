/**
 * What was chosen for a machine as it travels: the settings that hold on whichever side it runs.
 *
 * Retention and frequency are fields of their own in `open-machine`. What the values mean, and whether they go
 * together, is decided by whoever takes them; this file bounds them.
 *
 * @module
 */

import { DAY } from "../base/units.ts";
import { integer, object, oneOf, text } from "./fields.ts";

const amount = integer(0, Number.MAX_SAFE_INTEGER);

/** The fields, as `replication enable` takes them. */
export const CHOICES = object({
  compression: oneOf<"on" | "off">("on", "off"),
  /** Bytes per second; 0 for no limit. */
  bandwidth: amount,
  /** The objective for the recovery point, µs. */
  objective: amount,
  /** Between two application-consistent points, µs; 0 for none. */
  appConsistent: integer(0, 7 * DAY),
  resync: text(32),
  onUnknown: oneOf<"serve" | "hold">("serve", "hold"),
});
