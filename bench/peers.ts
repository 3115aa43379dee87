/**
 * The tools that replication is measured against, each copying to a file on loopback over TCP and
 * making it durable.
 *
 * @module
 */

import { run, until } from "./measure.ts";

/** A tool that copies `from`, which it may know nothing of, to a file it serves. */
export interface Peer {
  readonly name: string;
  /** Copies; what it returns to is durable. */
  copy(from: string): Promise<unknown>;
  /** Ends what it started. */
  stop(): Promise<void>;
}

/** `nbdcopy` or `qemu-img convert` to a `qemu-nbd` that serves `to`, which exists, on `port`. */
export async function nbdPeer(
  tool: "nbdcopy" | "qemu-img convert",
  to: string,
  port: number,
): Promise<Peer> {
  const args = ["-f", "raw", "-t", "-b", "127.0.0.1", "-p", String(port), "-x", "e", "-e", "8", to];
  const server = new Deno.Command("qemu-nbd", { args, stdin: "null" }).spawn();
  const uri = `nbd://127.0.0.1:${port}/e`;
  await until("qemu-nbd", () => answers(port));
  return {
    name: tool,
    copy: (from) =>
      tool === "nbdcopy" ? run("nbdcopy", ["--flush", from, uri]) : run("qemu-img", [
        "convert",
        "-n",
        "-t",
        "writeback",
        "-f",
        "raw",
        "-O",
        "raw",
        from,
        uri,
      ]),
    stop: () => end(server),
  };
}

/** `rsync` to a daemon of its own, whose module is `folder`; copies to `name` in it. */
export async function rsyncPeer(
  folder: string,
  name: string,
  port: number,
  options: readonly string[],
): Promise<Peer> {
  const config = `${folder}/rsyncd-${port}.conf`;
  const lines = ["use chroot = no", "uid = 0", "gid = 0", `[m]`, `path = ${folder}`];
  await Deno.writeTextFile(config, [...lines, "read only = no", ""].join("\n"));
  const args = ["--daemon", "--no-detach", "--address=127.0.0.1", `--port=${port}`];
  const server = new Deno.Command("rsync", {
    args: [...args, `--config=${config}`],
    stdin: "null",
    stdout: "null",
  }).spawn();
  await until("rsync", () => answers(port));
  const target = `rsync://127.0.0.1:${port}/m/${name}`;
  const compressed = ["--zc=zstd", "--zl=1", "--fsync", "--ignore-times"];
  return {
    name: "rsync",
    copy: (from) => run("rsync", [...compressed, ...options, from, target]),
    stop: () => end(server),
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

async function end(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await child.status;
}
