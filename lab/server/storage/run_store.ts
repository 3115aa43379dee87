/**
 * Runs on the server, and what came of them.
 *
 * Rule: the newest are kept, the oldest that are over make room. Until it is over a run is stored as waiting; one that still
 * is when the server starts again is over, and says so: its worker is gone.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { DrillReport } from "../../report/drill_report.ts";
import { storing, transaction } from "./database.ts";
import type { Page } from "./saved_scenarios.ts";

/** Runs that are kept. */
export const RUNS_KEPT = 200;

/** What is to be run. */
export interface RunRequest {
  /** The scenario's name and title. */
  readonly name: string;
  readonly title: string;
  /** The scenario as it was written. */
  readonly text: string;
  readonly seed: number;
}

/** Where a run is. */
export type RunState = "waiting" | "running" | "done" | "failed" | "cancelled";

/** Why there is no report. */
export interface RunProblem {
  /** Stable. */
  readonly code: string;
  readonly message: string;
  readonly action: string;
}

/** A run as it is stored. Times are ms since 1970. */
export interface StoredRun extends RunRequest {
  /** Grows with each run. */
  readonly number: number;
  readonly id: string;
  readonly state: RunState;
  readonly created: number;
  readonly started: number | null;
  readonly ended: number | null;
  readonly verdict: DrillReport["verdict"] | null;
  /** What came of it, in one line. */
  readonly sentence: string | null;
  readonly problem: RunProblem | null;
}

const COLUMNS =
  "number, id, name, title, text, seed, state, created, started, ended, verdict, sentence, problem";

/** Why a run that a server left behind has no report. */
export const INTERRUPTED: RunProblem = {
  code: "interrupted",
  message: "The server ended while this run waited or was under way",
  action: "Start it again: the same scenario and seed give the same run",
};

/** The store. */
export class RunStore {
  #database: DatabaseSync;
  #where: string;

  constructor(database: DatabaseSync, where: string) {
    this.#database = database;
    this.#where = where;
  }

  /** Says of runs that a server left behind that they are over. */
  interruptAll(): void {
    this.#run(
      "UPDATE runs SET state = 'failed', ended = ?, problem = ? WHERE state = 'waiting'",
      Date.now(),
      JSON.stringify(INTERRUPTED),
    );
  }

  /** Keeps a new run, which waits; the oldest that is over makes room. */
  add(request: RunRequest): StoredRun {
    const id = crypto.randomUUID();
    storing(this.#where, () =>
      transaction(this.#database, () => {
        this.#run(
          `INSERT INTO runs (id, name, title, text, seed, state, created)
           VALUES (?, ?, ?, ?, ?, 'waiting', ?)`,
          ...[id, request.name, request.title, request.text, request.seed, Date.now()],
        );
        this.#run(
          `DELETE FROM runs WHERE state <> 'waiting' AND number <=
           (SELECT max(number) FROM runs) - ?`,
          RUNS_KEPT,
        );
      }));
    return this.get(id)!;
  }

  /** Keeps how a run ended, with its report where there is one. */
  settle(run: StoredRun, report: DrillReport | undefined): void {
    this.#run(
      `UPDATE runs SET state = ?, started = ?, ended = ?, verdict = ?, sentence = ?, problem = ?,
       report = ? WHERE id = ?`,
      ...[run.state, run.started, run.ended, run.verdict, run.sentence],
      run.problem === null ? null : JSON.stringify(run.problem),
      report === undefined ? null : JSON.stringify(report),
      run.id,
    );
  }

  /** The one with that id. */
  get(id: string): StoredRun | undefined {
    return this.#rows(`SELECT ${COLUMNS} FROM runs WHERE id = ?`, id)[0];
  }

  /** The report of the one with that id, once it is done. */
  report(id: string): DrillReport | undefined {
    const row = storing(
      this.#where,
      () => this.#database.prepare("SELECT report FROM runs WHERE id = ?").get(id),
    );
    const text = row?.["report"];
    return typeof text === "string" ? JSON.parse(text) as DrillReport : undefined;
  }

  /** At most `limit` of them, newest first, those older than number `before`. */
  list(limit: number, before: number): Page<StoredRun> {
    const rows = this.#rows(
      `SELECT ${COLUMNS} FROM runs WHERE number < ? ORDER BY number DESC LIMIT ?`,
      before,
      limit + 1,
    );
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? String(items.at(-1)!.number) : null };
  }

  /** Forgets one. */
  delete(id: string): void {
    this.#run("DELETE FROM runs WHERE id = ?", id);
  }

  #rows(query: string, ...values: (string | number)[]): StoredRun[] {
    const rows = storing(this.#where, () => this.#database.prepare(query).all(...values));
    return rows.map((row) => {
      const problem = row["problem"];
      return {
        ...row,
        problem: typeof problem === "string" ? JSON.parse(problem) : null,
      } as unknown as StoredRun;
    });
  }

  #run(statement: string, ...values: (string | number | null)[]): void {
    storing(this.#where, () => this.#database.prepare(statement).run(...values));
  }
}
