/**
 * The moment under the pointer, the same on charts and scrubber.
 *
 * @module
 */

import { signal } from "@preact/signals";

/** µs; undefined while the pointer is elsewhere. */
export const hovered = signal<number | undefined>(undefined);
