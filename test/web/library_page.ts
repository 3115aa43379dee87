/**
 * The page with the scenarios of the library, and its charts as a test sees them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { LIBRARY } from "../scenarios/library.ts";
import { runIsComplete } from "./lab_page.ts";

/** The folder of the library. */
export const SCENARIOS = fileURLToPath(new URL("../../scenarios", import.meta.url));

/** Opens a scenario of the library and waits until its run is complete. */
export async function openDrill(page: Page, name: string): Promise<void> {
  const { title } = LIBRARY.get(`${name}.yaml`)!;
  await page.getByRole("combobox", { name: "Scenario" }).selectOption({ label: title });
  await page.locator(".story strong").getByText(title, { exact: true }).waitFor();
  await runIsComplete(page);
}

/** An axis of a chart. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  getPixelForValue(value: number): number;
}
/** A chart on a canvas. */
export interface Held {
  readonly data: {
    readonly datasets: readonly {
      readonly label: string;
      readonly data: readonly { readonly x: number; readonly y: number | null }[];
    }[];
  };
  readonly scales: { readonly x: Scale; readonly y: Scale };
  readonly chartArea: { readonly top: number; readonly bottom: number };
}
