/**
 * Which part of the page is in front.
 *
 * @module
 */

import { signal } from "@preact/signals";

/** The parts of the page. */
export const VIEWS = [["drill", "Drill"], ["report", "Report"], ["campaign", "Campaign"]] as const;
/** One of them. */
export type View = typeof VIEWS[number][0];

/** The one in front. */
export const view = signal<View>("drill");
/** The keys are being explained. */
export const helping = signal(false);
