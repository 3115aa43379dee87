/**
 * The lab's embedded database: one SQLite file in a data folder, or memory where there is none to write to.
 *
 * Rule: what was answered as stored is on stable storage (write-ahead log, synchronous). A crash between two statements
 * leaves the state before or after a transaction; a migration is one transaction with the version that it leads to.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { LabError } from "../problem.ts";

/** The file, in the data folder. */
export const DATABASE_FILE = "lab.sqlite";

/** Each brings the database from the version of its index to the next one. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE scenarios (
     name TEXT PRIMARY KEY,
     title TEXT NOT NULL,
     summary TEXT NOT NULL,
     text TEXT NOT NULL,
     parent TEXT,
     revision TEXT NOT NULL,
     created INTEGER NOT NULL,
     changed INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE runs (
     number INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     title TEXT NOT NULL,
     text TEXT NOT NULL,
     seed INTEGER NOT NULL,
     state TEXT NOT NULL,
     created INTEGER NOT NULL,
     started INTEGER,
     ended INTEGER,
     verdict TEXT,
     sentence TEXT,
     report TEXT,
     problem TEXT
   ) STRICT`,
];

/** Opens the database in `folder`, made where it is missing; without a folder one in memory, which keeps nothing. */
export function openDatabase(folder: string | undefined): DatabaseSync {
  if (folder === undefined) return migrated(new DatabaseSync(":memory:"));
  return storing(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(`${folder}/${DATABASE_FILE}`);
    try {
      // Two labs may share a folder; the second one waits for the first for a moment.
      database.exec("PRAGMA busy_timeout = 5000");
      database.exec("PRAGMA journal_mode = WAL");
      database.exec("PRAGMA synchronous = FULL");
      return migrated(database);
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function migrated(database: DatabaseSync): DatabaseSync {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new LabError(
      "storage-denied",
      `The lab's database is of version ${version}, and this program knows ${MIGRATIONS.length}`,
      "Use the newer Warmsite that wrote it, or another folder with --data",
    );
  }
  MIGRATIONS.slice(version).forEach((statements, index) =>
    transaction(database, () => {
      database.exec(statements);
      database.exec(`PRAGMA user_version = ${version + index + 1}`);
    })
  );
  return database;
}

/** Does `work` as a whole or not at all. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Does `work` on what is stored in `where`; says in words of ours what keeps the storage from doing it. */
export function storing<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageError(where, error) ?? error;
  }
}

/** What SQLite and the file system say, as what a person can do something about; nothing for other errors. */
function storageError(where: string, error: unknown): LabError | undefined {
  if (!(error instanceof Error) || error instanceof LabError) return undefined;
  const { message } = error;
  if (/disk is full|No space left|quota exceeded/i.test(message)) {
    return new LabError(
      "storage-full",
      `There is no space left to store this in "${where}"; everything stored before is still there`,
      "Free some space, or delete scenarios and runs that are not needed, and try again",
    );
  }
  if (/not a database|malformed/i.test(message)) {
    return new LabError(
      "storage-denied",
      `"${where}/${DATABASE_FILE}" is damaged, or not a database of the lab`,
      "Move it away, or name another folder with --data",
    );
  }
  if (
    /unable to open|readonly|read-only|denied|not permitted|I\/O error|locked|exists|no such file|not a dir/i
      .test(message)
  ) {
    return new LabError(
      "storage-denied",
      `Nothing can be stored in "${where}": ${message}`,
      "Give this user the right to write there, or name another folder with --data",
    );
  }
  return undefined;
}
