/**
 * Serves a file over NBD until its standard input ends: the process under test of `nbd_bench.ts`.
 *
 *     deno run -A bench/nbd_serve.ts SOCKET FILE plain|disk
 *
 * `disk` is the real disk of the agent, `plain` the least that a disk can be.
 *
 * @module
 */

import { openDisk } from "../engine/host/disk.ts";
import type { ServedDisk } from "../engine/host/nbd/export.ts";
import { NbdServer } from "../engine/host/nbd/server.ts";
import { realLoop } from "../engine/host/real_loop.ts";
import { FileDisk } from "./file_disk.ts";

const [unix, file, mode] = Deno.args;
if (unix === undefined || file === undefined || mode === undefined) {
  console.error("Usage: nbd_serve.ts SOCKET FILE plain|disk");
  Deno.exit(2);
}

const loop = realLoop();
const disk: ServedDisk = mode === "plain" ? new FileDisk(file) : openDisk(file);
const opened = { disk, size: disk.size, readOnly: false, multiConn: true };
const server = await NbdServer.listen({
  loop,
  exports: {
    list: () => [{ name: "VM/0", description: file }],
    open: (name) => name === "VM/0" ? opened : undefined,
  },
  unix,
});
console.log("ready");
for await (const _ of Deno.stdin.readable);
await server.close();
