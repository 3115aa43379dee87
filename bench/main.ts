/**
 * All benchmarks, or those that are named, one after the other, each in a process of its own.
 *
 *     deno task bench [NAME ...] [--quick] [--json] [OPTION ...]
 *
 * Options are passed on to the benchmarks. With `--json` each prints one line.
 *
 * @module
 */

/** Benchmarks by name, and what they measure. */
const BENCHMARKS: ReadonlyMap<string, string> = new Map([
  ["codec", "compression and hashing against the runtime's own and npm's"],
  ["nbd", "the NBD server against qemu-nbd and nbdkit, and what tracking costs"],
  ["replication", "initial replication and a delta against rsync, nbdcopy and qemu-img"],
  ["cut", "how long a cut holds writes under load"],
  ["tests", "lag and RPO of a machine, alone and beside three test failovers of it"],
  ["memory", "memory of both servers while the replica is stalled"],
  ["sim", "events and simulated hours a second"],
  ["browser", "the same in a browser's worker"],
  ["library", "seconds to the verdict of every scenario of the library"],
  ["page", "the lab's page: until a drill plays, and how long frames take"],
]);

/** Options without a value: what follows them is a name. */
const FLAGS = ["--quick", "--json", "--no-invariants"];

const names = Deno.args.filter((arg, at) => {
  const before = Deno.args[at - 1] ?? "";
  return !arg.startsWith("-") && (!before.startsWith("--") || FLAGS.includes(before));
});
const unknown = names.filter((name) => !BENCHMARKS.has(name));
if (unknown.length > 0 || Deno.args.includes("--help")) {
  const list = [...BENCHMARKS].map(([name, what]) => `  ${name.padEnd(12)} ${what}`);
  console.error(`deno task bench [NAME ...] [--quick] [--json]\n\n${list.join("\n")}`);
  Deno.exit(unknown.length > 0 ? 2 : 0);
}

const passed = Deno.args.filter((arg) => !names.includes(arg));
let failed = 0;
for (const name of names.length > 0 ? names : BENCHMARKS.keys()) {
  if (!passed.includes("--json")) console.log(`\n# ${name}: ${BENCHMARKS.get(name)}\n`);
  const program = new URL(`${name}_bench.ts`, import.meta.url).pathname;
  // The codec's benchmark is as long as the rest of them together; it knows rounds, not `--quick`.
  const options = name === "codec" && passed.includes("--quick")
    ? [...passed.filter((arg) => arg !== "--quick"), "--rounds", "2"]
    : passed;
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, ...options],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (code !== 0) failed++;
}
Deno.exit(failed > 0 ? 1 : 0);
