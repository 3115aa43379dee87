/**
 * Where a demo plays: its folder, what must be ended and removed afterwards, and what it tells.
 *
 * @module
 */

import * as fs from "node:fs";
import { makeFolderDurably } from "../../host/durable_file.ts";
import { checkSockets } from "../home.ts";
import { localFailure, requestFailure } from "../../core/base/failure.ts";

type Ending = () => Promise<unknown> | unknown;

/** One demo's place. */
export class Stage {
  /** Its folder. */
  readonly folder: string;
  readonly #say: (line: string) => void;
  readonly #began = performance.now();
  readonly #endings: Ending[] = [];
  #closed: Promise<void> | undefined;

  private constructor(folder: string, say: (line: string) => void) {
    this.folder = folder;
    this.#say = say;
  }

  /** Makes a folder of its own, or uses `keep`, which must be empty, and leaves it. */
  static open(keep: string | undefined, say: (line: string) => void): Stage {
    if (keep !== undefined) {
      makeFolderDurably(keep);
      if (fs.readdirSync(keep).length > 0) {
        throw requestFailure("exists", `"${keep}" is not empty`, "Name an empty folder to keep");
      }
      checkSockets(`${keep}/primary`);
      return new Stage(keep, say);
    }
    const stage = new Stage(temporaryFolder(), say);
    stage.atEnd(() => Deno.remove(stage.folder, { recursive: true }));
    return stage;
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

  /** Stops here when the demo was ended meanwhile: what began now would be cleared away by nobody. */
  checkOpen(): void {
    if (this.#closed !== undefined) throw localFailure("cancelled", "The demo was interrupted");
  }

  /** Ends everything, once. Goes on where one ending fails, and throws the first failure at last. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    let first: unknown;
    for (let end = this.#endings.pop(); end !== undefined; end = this.#endings.pop()) {
      try {
        await end();
      } catch (error) {
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
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
