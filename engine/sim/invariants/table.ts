/**
 * The table of all invariants.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";
import { PREFIX } from "./i01_prefix.ts";

/** Every invariant, by id. */
export const INVARIANTS: readonly Invariant[] = [PREFIX];
