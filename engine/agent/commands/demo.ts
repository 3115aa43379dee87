/**
 * `warmsite demo`: a disaster on this machine, from the first write to the verdict.
 *
 * @module
 */

import { callerPath } from "../caller.ts";
import { type Command, option } from "../command/command.ts";

/** `demo`. */
export const demoCommand: Command = {
  words: "demo",
  about: "Protect a disk, kill the primary, fail over, compare, and say what was lost",
  details:
    "Two servers on this machine, in a folder that is removed at the end. Works on a copy of " +
    "IMAGE, never on IMAGE; without one it makes an ext4 file system. Exits 1 on any difference.",
  operands: [{ name: "IMAGE", optional: true }],
  options: { keep: { value: "DIR", about: "Work in DIR and keep everything" } },
  async run(invocation) {
    const { runDemo } = await import("../demo/demo.ts");
    const [image] = invocation.operands;
    const keep = option(invocation, "keep");
    return await runDemo({
      image: image === undefined ? undefined : callerPath(image),
      keep: keep === undefined ? undefined : callerPath(keep),
      json: invocation.json,
      terminal: invocation.terminal,
    });
  },
};
