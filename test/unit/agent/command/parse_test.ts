/**
 * Command lines: what they mean, and one sentence where they mean nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Command } from "../../../../engine/agent/command/command.ts";
import {
  checkComplete,
  chooseCommand,
  parseInvocation,
  usageLine,
} from "../../../../engine/agent/command/parse.ts";
import { ProblemError } from "../../../../engine/agent/problem.ts";

function command(words: string, more: Partial<Command> = {}): Command {
  return { words, about: "", run: () => Promise.resolve(0), ...more };
}

const ADD = command("vm add", {
  operands: [{ name: "VM" }, { name: "NOTE", optional: true }],
  options: {
    data: { value: "DIR", about: "", required: true },
    disk: { value: "FILE", about: "", required: true, multiple: true },
    force: { about: "" },
  },
});
const COMMANDS = [command("vm"), ADD, command("vm list"), command("points")];

/** Message and action of the usage problem that `run` ends in. */
function usage(run: () => unknown): [message: string, action: string] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error));
    assert.equal(error.problem.code, "usage");
    return [error.problem.message, error.problem.action];
  }
  assert.fail("it was accepted");
}

Deno.test("the longest words choose the command", () => {
  assert.equal(chooseCommand(["vm", "add", "x"], COMMANDS).command, ADD);
  assert.equal(chooseCommand(["vm", "other"], COMMANDS).command.words, "vm");
  assert.deepEqual(chooseCommand(["vm", "add", "x", "--y"], COMMANDS).rest, ["x", "--y"]);
});

Deno.test("an unknown command is told the nearest one", () => {
  const choose = (...args: string[]) => usage(() => chooseCommand(args, [ADD, command("points")]));
  assert.deepEqual(choose("point"), ['No command "point"', 'Did you mean "points"?']);
  assert.deepEqual(choose("vm", "ad"), ['No command "vm ad"', 'Did you mean "vm add"?']);
  assert.deepEqual(choose("vm"), ['No command "vm" alone', 'There is "warmsite vm add"']);
  assert.equal(choose("completely")[1], 'Look at "warmsite help"');
  assert.equal(choose("--data", "x")[0], 'No command before "--data"');
});

Deno.test("operands and options come in any order, repeated ones in theirs", () => {
  const parsed = parseInvocation(ADD, ["--disk", "a", "x", "--data=d", "--disk=b", "--force"]);
  assert.deepEqual(parsed.operands, ["x"]);
  assert.deepEqual(parsed.options.get("disk"), ["a", "b"]);
  assert.deepEqual(parsed.options.get("data"), ["d"]);
  assert.deepEqual(parsed.options.get("force"), []);
  checkComplete(ADD, parsed);
  assert.deepEqual(parseInvocation(ADD, ["--", "--x"]).operands, ["--x"]);
});

Deno.test("what does not fit is named", () => {
  const parse = (...args: string[]) =>
    usage(() => checkComplete(ADD, parseInvocation(ADD, args)))[0];
  assert.equal(parse("x", "--disk", "a"), "--data DIR is missing");
  assert.equal(parse("--data", "d", "--disk", "a"), "VM is missing");
  assert.equal(parse("x", "n", "z", "--data", "d", "--disk", "a"), '"z" is one word too many');
  assert.equal(parse("x", "--data", "d", "--data", "e"), "--data is given more than once");
  assert.equal(parse("x", "--data", "--disk", "a"), "--data needs a value: DIR");
  assert.equal(parse("x", "--data"), "--data needs a value: DIR");
  assert.equal(parse("x", "--data="), "--data needs a value: DIR");
  assert.equal(parse("x", "--force=yes"), "--force takes no value");
  assert.equal(parse("x", "--constructor"), '"warmsite vm add" has no option "--constructor"');
  assert.equal(
    usage(() => parseInvocation(ADD, ["--dsk", "a"]))[1],
    'Did you mean "--disk"?',
  );
});

Deno.test("the usage line says what may be left out and what may be repeated", () => {
  assert.equal(
    usageLine(ADD),
    "warmsite vm add VM [NOTE] --data DIR --disk FILE [--disk FILE ...] [--force]",
  );
});
