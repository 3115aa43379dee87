/**
 * How Debian packages come: printed before anything is installed, by root alone, and not when forbidden.
 *
 * @module
 */

import assert from "node:assert/strict";
import { installCommand, providePackages } from "../../../../tools/test/packages.ts";

const MISSING = ["fio", "rsync"];

/** What was printed and run, in order; commands of which `fails` is true do not succeed. */
async function provided(
  given: { missing?: readonly string[]; mayInstall?: boolean; uid?: number | null },
  fails: (command: string) => boolean = () => false,
): Promise<string[]> {
  const events: string[] = [];
  await providePackages({
    missing: MISSING,
    mayInstall: true,
    uid: 0,
    ...given,
    say: (line) => events.push(`say ${line}`),
    run: (args) => {
      events.push(`run ${args.join(" ")}`);
      return Promise.resolve(!fails(args.join(" ")));
    },
  });
  return events;
}

Deno.test("root is told of every command before it runs, and installs", async () => {
  const events = await provided({});
  assert.equal(events[0], "say Installing 2 Debian packages for tests: fio rsync");
  const commands = events.filter((event) => event.startsWith("run ")).map((each) => each.slice(4));
  assert.equal(commands.length, 2);
  assert.match(commands[0] as string, /^apt-get update /);
  assert.equal(commands[1], installCommand(MISSING).join(" "));
  for (const command of commands) {
    assert.ok(events.indexOf(`say $ ${command}`) < events.indexOf(`run ${command}`), command);
    assert.ok(events.includes(`say $ ${command}`));
  }
});

Deno.test("a package that cannot be had keeps no other away", async () => {
  const both = installCommand(MISSING).join(" ");
  const events = await provided({}, (command) => command === both || command.endsWith(" fio"));
  assert.ok(events.includes(`run ${installCommand(["fio"]).join(" ")}`));
  assert.ok(events.includes(`run ${installCommand(["rsync"]).join(" ")}`));
});

Deno.test("without root, and with --no-install, nothing runs and the line to type is printed", async () => {
  for (const given of [{ uid: 1000 }, { uid: null }, { mayInstall: false }]) {
    const events = await provided(given);
    assert.ok(events.every((event) => event.startsWith("say ")), events.join("\n"));
    assert.match(
      events.at(-1) as string,
      /^say {3}sudo apt-get update && sudo apt-get install -y --no-install-recommends fio rsync$/,
    );
  }
});

Deno.test("when nothing is missing nothing is said", async () => {
  assert.deepEqual(await provided({ missing: [] }), []);
});
