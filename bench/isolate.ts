/**
 * A network of one's own, so that the bytes on loopback are those of the benchmark and no other's.
 *
 * Rule: where the kernel does not allow it, the benchmark runs in the machine's own network and says
 * that others' bytes may be among those counted.
 *
 * @module
 */

const MARK = "WARMSITE_BENCH_ISOLATED";

/** True in the process that has a network of its own. */
export function isIsolated(): boolean {
  return Deno.env.get(MARK) === "1";
}

/**
 * Runs this very program again in a new network namespace, whose loopback is up, and ends with its
 * exit code. Returns when that is not possible, or done already.
 */
export async function isolate(): Promise<void> {
  if (isIsolated()) return;
  const probe = await new Deno.Command("unshare", {
    args: ["-n", "ip", "link", "set", "lo", "up"],
    stdout: "null",
    stderr: "null",
  }).output().catch(() => undefined);
  if (probe?.success !== true) return;
  const again = [Deno.execPath(), "run", "-A", "--no-check", Deno.mainModule, ...Deno.args];
  const { code } = await new Deno.Command("unshare", {
    args: ["-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...again],
    env: { [MARK]: "1" },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  Deno.exit(code);
}
