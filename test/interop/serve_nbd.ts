/**
 * Serves a file over NBD in a process of its own, to be killed: `serve_nbd.ts SOCKET FILE`.
 *
 * @module
 */

import { openDisk } from "../../engine/host/disk.ts";
import { NbdServer } from "../../engine/host/nbd/server.ts";
import { realLoop } from "../../engine/host/real_loop.ts";

const [unix, file] = Deno.args as [string, string];
const disk = openDisk(file);
const opened = { disk, size: disk.size, readOnly: false };
await NbdServer.listen({
  loop: realLoop(),
  unix,
  exports: {
    list: () => [{ name: "VM/0", description: file }],
    open: (name) => name === "VM/0" ? opened : undefined,
  },
});
console.log("serving");
