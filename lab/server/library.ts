/**
 * The curated scenarios: files `NAME.yaml` of one folder, read as they are and never written.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import type { DrillScenario } from "../scenario/drill_scenario.ts";
import { readScenario } from "../scenario/read_scenario.ts";

/** The folder of the scenarios that come with the project. */
export const LIBRARY_FOLDER: string = new URL("../../scenarios/", import.meta.url).pathname;

/** One scenario of the library. */
export interface CuratedScenario {
  /** Of its file, without `.yaml`. */
  readonly name: string;
  /** One line. */
  readonly title: string;
  /** The first line of its story. */
  readonly summary: string;
  /** As it was written. */
  readonly text: string;
}

/** A folder of scenarios. */
export class Library {
  #folder: string;

  constructor(folder: string = LIBRARY_FOLDER) {
    this.#folder = folder;
  }

  /** Names of all, in order. */
  names(): string[] {
    return readdirSync(this.#folder).filter((file) => file.endsWith(".yaml"))
      .map((file) => file.slice(0, -".yaml".length)).sort();
  }

  /** The text of the one of that name. */
  text(name: string): string | undefined {
    // A name of the list, so that no text of a request ever becomes a path.
    if (!this.names().includes(name)) return undefined;
    return readFileSync(`${this.#folder}/${name}.yaml`, "utf8");
  }

  /** All that are scenarios. */
  list(): CuratedScenario[] {
    return this.names().flatMap((name) => {
      const text = this.text(name) ?? "";
      const read = readScenario(text);
      if (!read.ok) return [];
      return [{ name, title: read.scenario.title, summary: summaryOf(read.scenario), text }];
    });
  }
}

/** The first line of a scenario's story. */
export function summaryOf(scenario: DrillScenario): string {
  return scenario.story.trim().split("\n")[0] ?? "";
}
