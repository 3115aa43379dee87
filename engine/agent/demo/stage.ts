/**
 * Where a demo plays: its folder, what must be ended and removed afterwards, and what it tells.
 *
 * @module
 */

import * as fs from "node:fs";
import { makeFolderDurably } from "../../host/durable_file.ts";
import { checkSockets } from "../home.ts";
import { internalFailure, requestFailure } from "../../core/base/failure.ts";

type Ending = () => Promise<unknown> | unknown;

/** One demo's place. */
export class Stage {
  /** Its folder. */
  readonly folder: string;
  readonly #kept: boolean;
  readonly #say: (line: string) => void;
  readonly #began = performance.now();
  readonly #endings: Ending[] = [];
  #interrupted = false;

  private constructor(folder: string, kept: boolean, say: (line: string) => void) {
    this.folder = folder;
    this.#kept = kept;
    this.#say = say;
  }

  /** Makes a folder of its own, or uses `keep`, which must be empty, and leaves it. */
  static open(keep: string | undefined, say: (line: string) => void): Stage {
    if (keep === undefined) return new Stage(temporaryFolder(), false, say);
    checkSockets(`${keep}/primary`);
    makeFolderDurably(keep);
    if (fs.readdirSync(keep).length > 0) {
      throw requestFailure("exists", `"${keep}" is not empty`, "Name an empty folder to keep");
    }
    return new Stage(keep, true, say);
  }

  /** Seconds since it began. */
  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** Tells what happens. */
  tell(line: string): void {
    this.#say(`[${this.seconds.toFixed(1).padStart(5)} s] ${line}\n`);
  }

  /** Has `ending` done when the demo ends, whatever ends it; the newest first. */
  atEnd(ending: Ending): void {
    this.#endings.push(ending);
  }

  /** Ends processes at once, so that the demo fails at its next step and closes the stage. */
  interrupt(): void {
    this.#interrupted = true;
    for (const end of this.#endings) Promise.resolve(end()).catch(() => {});
  }

  /** Fails once the demo was interrupted: what began now might be ended by nobody. */
  checkOpen(): void {
    if (this.#interrupted) throw internalFailure("cancelled", "The demo was interrupted");
  }

  /** Ends everything and removes the folder; throws the first failure when all was tried. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    if (!this.#kept) {
      this.#endings.unshift(() => Deno.remove(this.folder, { recursive: true }));
    }
    for (let end = this.#endings.pop(); end !== undefined; end = this.#endings.pop()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** A new folder in which a socket's path can be. */
function temporaryFolder(): string {
  const folder = Deno.makeTempDirSync({ prefix: "warmsite-demo-" });
  try {
    checkSockets(`${folder}/primary`);
    return folder;
  } catch {
    Deno.removeSync(folder);
    return Deno.makeTempDirSync({ dir: "/tmp", prefix: "warmsite-demo-" });
  }
}
