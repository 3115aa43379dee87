/**
 * Scenarios that people saved: each under the name that its text gives it.
 *
 * Rule: who changes or deletes one says which revision was seen, and is refused where it is another one by now. Whether a
 * text is a scenario is not known here.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { LabError } from "../problem.ts";
import { storing } from "./database.ts";

/** A scenario to be saved. */
export interface ScenarioDraft {
  /** Lower-case letters, digits and `-`. */
  readonly name: string;
  /** One line. */
  readonly title: string;
  /** The first line of its story; may be empty. */
  readonly summary: string;
  /** As it was written, comments included. */
  readonly text: string;
}

/** One that is saved. */
export interface SavedScenario extends ScenarioDraft {
  /** The scenario that it was copied from; null for none. */
  readonly parent: string | null;
  /** Another one with each change. */
  readonly revision: string;
  /** ms since 1970. */
  readonly created: number;
  /** ms since 1970. */
  readonly changed: number;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** What the next page comes after; null at the end. */
  readonly next: string | null;
}

/** The store. */
export class SavedScenarios {
  #database: DatabaseSync;
  #where: string;

  constructor(database: DatabaseSync, where: string) {
    this.#database = database;
    this.#where = where;
  }

  /** At most `limit` of them in the order of their names, those behind `after`. */
  list(limit: number, after: string): Page<SavedScenario> {
    const rows = this.#all(
      "SELECT * FROM scenarios WHERE name > ? ORDER BY name LIMIT ?",
      after,
      limit + 1,
    );
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? items.at(-1)!.name : null };
  }

  /** The one of that name. */
  get(name: string): SavedScenario | undefined {
    return this.#all("SELECT * FROM scenarios WHERE name = ?", name)[0];
  }

  /** Saves a new one; its name must be free. */
  add(draft: ScenarioDraft, parent: string | null): SavedScenario {
    const now = Date.now();
    const { changes } = this.#run(
      `INSERT INTO scenarios (name, title, summary, text, parent, revision, created, changed)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      ...[draft.name, draft.title, draft.summary, draft.text, parent],
      ...[newRevision(), now, now],
    );
    if (Number(changes) === 1) return this.get(draft.name)!;
    throw new LabError(
      "exists",
      `There is a saved scenario "${draft.name}" already`,
      "Give it another name in its line `name:`, or change the one that is there",
    );
  }

  /** Saves another text for the one of that name, if it still is at `revision` (`*` for any). */
  change(draft: ScenarioDraft, revision: string): SavedScenario {
    const { changes } = this.#run(
      `UPDATE scenarios SET title = ?, summary = ?, text = ?, revision = ?, changed = ?
       WHERE name = ? AND ? IN (revision, '*')`,
      ...[draft.title, draft.summary, draft.text, newRevision(), Date.now()],
      ...[draft.name, revision],
    );
    if (Number(changes) === 0) throw this.#notMet(draft.name);
    return this.get(draft.name)!;
  }

  /** Deletes the one of that name, if it still is at `revision` (`*` for any). */
  delete(name: string, revision: string): void {
    const { changes } = this.#run(
      "DELETE FROM scenarios WHERE name = ? AND ? IN (revision, '*')",
      name,
      revision,
    );
    if (Number(changes) === 0) throw this.#notMet(name);
  }

  /** Why nothing was changed. */
  #notMet(name: string): LabError {
    if (this.get(name) === undefined) return noSuchScenario(name);
    return new LabError(
      "changed",
      `"${name}" was changed since it was read here`,
      "Read it again and repeat the change, or save yours under another name",
    );
  }

  #all(query: string, ...values: (string | number)[]): SavedScenario[] {
    return storing(
      this.#where,
      () => this.#database.prepare(query).all(...values) as unknown as SavedScenario[],
    );
  }

  #run(statement: string, ...values: (string | number | null)[]) {
    return storing(this.#where, () => this.#database.prepare(statement).run(...values));
  }
}

/** Nothing has that name. */
export function noSuchScenario(name: string): LabError {
  return new LabError(
    "not-found",
    `There is no scenario "${name}"`,
    "See /api/library and /api/scenarios for those that there are",
  );
}

function newRevision(): string {
  return crypto.randomUUID().slice(0, 13);
}
