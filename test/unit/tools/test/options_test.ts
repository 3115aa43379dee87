/**
 * Flags, groups and package lists of the test runner.
 *
 * @module
 */

import assert from "node:assert/strict";
import { groupFiles, groupOf } from "../../../../tools/test/groups.ts";
import { parseOptions } from "../../../../tools/test/options.ts";
import { installCommand, parsePackageList } from "../../../../tools/test/packages.ts";

Deno.test("parseOptions() reads every flag, and --only with lists", () => {
  assert.deepEqual(parseOptions([]), { install: true, filter: undefined, only: [], help: false });
  assert.deepEqual(
    parseOptions(["--no-install", "--filter", "cut", "--only", "unit,tidy", "--only=web"]),
    { install: false, filter: "cut", only: ["unit", "tidy", "web"], help: false },
  );
});

Deno.test("parseOptions() refuses a flag it does not know and a missing value", () => {
  assert.throws(() => parseOptions(["--fast"]), TypeError);
  assert.throws(() => parseOptions(["--filter"]), TypeError);
  assert.throws(() => parseOptions(["unit"]), TypeError);
});

Deno.test("groupFiles() makes a group of every folder, also of one that it does not know", () => {
  const groups = groupFiles([
    "test/odd/z_test.ts",
    "test/unit/core/b_test.ts",
    "test/unit/a_test.ts",
    "test/root_test.ts",
    "test/tidy/a_test.ts",
  ]);
  assert.deepEqual(groups.map(({ name, files }) => [name, files]), [
    ["tidy", ["test/tidy/a_test.ts"]],
    ["unit", ["test/unit/a_test.ts", "test/unit/core/b_test.ts"]],
    ["odd", ["test/odd/z_test.ts"]],
    ["test", ["test/root_test.ts"]],
  ]);
  assert.equal(groupOf("test/unit/core/b_test.ts"), "unit");
});

Deno.test("parsePackageList() takes names, not comments", () => {
  assert.deepEqual(parsePackageList("# list\n\nfio # load\n  rsync\n"), ["fio", "rsync"]);
});

Deno.test("installCommand() waits for another apt and installs nothing recommended", () => {
  const command = installCommand(["fio"]).join(" ");
  assert.match(command, /^apt-get install -y --no-install-recommends /);
  assert.match(command, /DPkg::Lock::Timeout=\d+ fio$/);
});
