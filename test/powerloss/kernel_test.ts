/**
 * The power recorder believes a flush of the real adapters once it has returned. Here the kernel is asked:
 * each one reached `fsync` or `fdatasync` on the right file, and nothing was answered without.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { condition, linux, program, testWithNeeds } from "../needs.ts";

const TRACE = ["-f", "-y", "-e", "trace=fsync,fdatasync,sync_file_range,syncfs"];

function mayTrace(): boolean {
  try {
    const args = [...TRACE, "true"];
    return new Deno.Command("strace", { args, stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

testWithNeeds(
  {
    name: "every flush of a disk, a file and a folder reaches the kernel, in its order (E3)",
    needs: [linux, program("strace", "strace"), condition("leave to trace a process", mayTrace)],
  },
  async () => {
    const folder = Deno.makeTempDirSync({ prefix: "warmsite-flushes-" });
    try {
      const source = fileURLToPath(new URL("./flushes.ts", import.meta.url));
      const log = `${folder}/trace`;
      const data = `${folder}/data`;
      Deno.mkdirSync(data);
      const { code, stderr } = await new Deno.Command("strace", {
        args: [...TRACE, "-o", log, Deno.execPath(), "run", "-A", "--quiet", source, data],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const place = Deno.realPathSync(data);
      // A call that another thread interrupted is told of twice: it counts when it begins.
      const calls = [...Deno.readTextFileSync(log).matchAll(/(fsync|fdatasync)\(\d+<([^>]*)>/g)]
        .map(([, call, path]) => `${call} ${path}`).filter((line) => line.includes(place))
        .map((line) => line.replace(place, "."));
      // fdatasync makes a length durable too, but no times: a lasting identity needs fsync.
      const round = (file: string) => ["fdatasync ./disk", file, "fsync ."];
      const expected = [
        ...round("fdatasync ./file"),
        ...round("fdatasync ./other"),
        "fsync ./disk",
      ];
      assert.deepEqual(calls, expected);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
