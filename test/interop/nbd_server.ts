/**
 * Our NBD server on real files, for foreign clients.
 *
 * @module
 */

import { openDisk } from "../../engine/host/disk.ts";
import { NbdServer } from "../../engine/host/nbd/server.ts";
import { nbdUri } from "../../engine/host/nbd/uri.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";
import type { FileDisk } from "../../engine/host/disk.ts";

/** What came of a foreign program. */
export interface Ran {
  readonly code: number;
  /** Both outputs, for messages. */
  readonly text: string;
}

/** Runs a program to its end. */
export async function run(program: string, ...args: string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** The same; throws with what it printed when it fails. */
export async function mustRun(program: string, ...args: string[]): Promise<string> {
  const { code, text } = await run(program, ...args);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit code ${code}\n${text}`);
  return text;
}

/** A server of one sparse file of `size` bytes, in a folder of its own. */
export class ServedFile implements AsyncDisposable {
  readonly folder: string;
  readonly file: string;
  readonly uri: string;
  readonly #disk: FileDisk;
  readonly #server: NbdServer;
  readonly #loop: ReturnType<typeof realLoop>;
  readonly #panics: Error[];

  private constructor(
    folder: string,
    disk: FileDisk,
    server: NbdServer,
    loop: ReturnType<typeof realLoop>,
    panics: Error[],
  ) {
    this.folder = folder;
    this.file = `${folder}/disk.img`;
    this.uri = nbdUri({ transport: "unix", path: `${folder}/nbd.sock` }, "VM/0");
    this.#disk = disk;
    this.#server = server;
    this.#loop = loop;
    this.#panics = panics;
  }

  /** Makes the file and serves it. */
  static async start(size: number, multiConn = false): Promise<ServedFile> {
    const folder = Deno.makeTempDirSync({ prefix: "warmsite-interop-" });
    const panics: Error[] = [];
    const loop = realLoop((error) => panics.push(error));
    const disk = openDisk(`${folder}/disk.img`, { create: size });
    const opened = { disk, size, readOnly: false, multiConn };
    const server = await NbdServer.listen({
      loop,
      unix: `${folder}/nbd.sock`,
      exports: {
        list: () => [{ name: "VM/0", description: "the disk of a test" }],
        open: (name) => name === "VM/0" ? opened : undefined,
      },
    });
    return new ServedFile(folder, disk, server, loop, panics);
  }

  /** Bytes that the file takes of its file system. */
  get allocated(): number {
    return (Deno.statSync(this.file).blocks ?? 0) * 512;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await runTask(this.#loop, this.#disk.close());
    Deno.removeSync(this.folder, { recursive: true });
    if (this.#panics[0] !== undefined) throw this.#panics[0];
  }
}
