/**
 * A program on a mounted disk that writes files one after another, each made durable by fsync, and
 * keeps their digests where no disk of the test is.
 *
 * @module
 */

import { createHash, randomBytes } from "node:crypto";

/** Bytes of a file, at most. */
const FILE_MAX = 96 * 1024;

/** A file that fsync has returned for. */
export interface DurableFile {
  readonly name: string;
  readonly digest: string;
}

/** Digest of a file's contents, as `DurableFile` has it. */
export function digestOf(contents: Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}

/** Writes until it is stopped. */
export class FileWriter {
  /** Files that fsync has returned for, in order. */
  readonly durable: DurableFile[] = [];
  readonly #folder: string;
  readonly #done: Promise<void>;
  #stopping = false;
  #failure: unknown;

  constructor(folder: string) {
    this.#folder = folder;
    this.#done = this.#run().catch((error) => {
      this.#failure = error;
    });
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#stopping; count++) {
      const contents = randomBytes(1 + (count * 7919) % FILE_MAX);
      const name = `file-${count}`;
      // Not synchronous: this very process starts the server again that these calls wait for.
      using file = await Deno.open(`${this.#folder}/${name}`, { createNew: true, write: true });
      for (let at = 0; at < contents.length;) at += await file.write(contents.subarray(at));
      await file.sync();
      this.durable.push({ name, digest: digestOf(contents) });
    }
  }

  /** Waits until `count` more files are durable. */
  async more(count: number): Promise<void> {
    const goal = this.durable.length + count;
    for (const end = performance.now() + 120_000; this.durable.length < goal;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (performance.now() > end) throw new Error(`Still ${this.durable.length} of ${goal} files`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Stops after the file under way; throws what a write or fsync failed with. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** What of `files` is not in `folder` as it was made durable. */
export function missingFrom(folder: string, files: readonly DurableFile[]): string[] {
  return files.filter(({ name, digest }) => {
    try {
      return digestOf(Deno.readFileSync(`${folder}/${name}`)) !== digest;
    } catch {
      return true;
    }
  }).map(({ name }) => name);
}
