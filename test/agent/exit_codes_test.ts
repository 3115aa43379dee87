/**
 * What a script relies on: exit codes, and one JSON value on standard output.
 *
 * @module
 */

import assert from "node:assert/strict";
import { COMMANDS } from "../../engine/agent/commands/all.ts";
import { Place, refusal, value, warmsite } from "./warmsite.ts";

Deno.test("exit code 2: what cannot be meant is refused, with the nearest thing that can", async () => {
  const typed: readonly [args: readonly string[], message: RegExp, action: RegExp][] = [
    [["vm", "lst"], /No command "vm lst"/, /Did you mean "vm list"\?/],
    [["failovr", "start", "x"], /No command/, /Did you mean "failover( start)?"\?/],
    [["vm", "list", "--dta", "d"], /no option "--dta"/, /Did you mean "--data"\?/],
    [["vm", "list"], /--data DIR is missing/, /Usage: warmsite vm list --data DIR/],
    [["vm", "add", "--data", "d"], /VM is missing/, /Usage/],
    [["points", "list", "a", "b", "--data", "d"], /"b" is one word too many/, /Usage/],
    [["vm", "list", "--data"], /--data needs a value: DIR/, /Usage/],
    [
      ["replication", "enable", "x", "--data", "d", "--to", "h:1", "--frequency", "5"],
      /--frequency is not a duration: "5"/,
      /30s, 5m, 1h/,
    ],
    [["init", "--data", "/x", "--name", "../etc", "--listen", "h:1"], /Not a name/, /letters/],
    [["init", "--data", "/x", "--name", "a", "--listen", "nowhere"], /Not an address/, /port/],
  ];
  for (const [args, message, action] of typed) {
    const result = await warmsite(args);
    assert.equal(result.code, 2, args.join(" "));
    assert.equal(result.out, "");
    assert.match(result.err, message);
    assert.match(result.err, action);
  }
  const error = await refusal(2, "vm", "list");
  assert.deepEqual([error["code"], error["side"]], ["usage", "request"]);
});

Deno.test("exit code 0: help and version, also as JSON", async () => {
  const help = await warmsite(["help"]);
  assert.equal(help.code, 0);
  assert.match(help.out, /replication enable VM/);
  assert.match((await warmsite(["help", "vm", "add"])).out, /--disk FILE/);
  assert.match((await warmsite(["vm", "add", "--help"])).out, /--disk FILE/);
  assert.match((await value("version"))["version"], /^\d+\.\d+\.\d+$/);
  assert.ok(Array.isArray(await value("help")));
  assert.match((await warmsite(["vm", "--help"])).out, /vm remove VM/);
  assert.equal((await warmsite([])).code, 2, "nothing was asked for");
  const all = await value("--help") as unknown as string[];
  for (const { words } of COMMANDS) {
    assert.ok(all.some((line) => line.startsWith(`  ${words}`)), words);
    const help = await value(...words.split(" "), "--help") as unknown as string[];
    assert.match(help[0] ?? "", new RegExp(`^Usage: warmsite ${words}`));
  }
});

Deno.test("exit codes 1, 3, 4 and 2 from a server's mouth", async () => {
  await using place = new Place();
  const [a] = await place.homes("a") as [string];
  const data = ["--data", a];
  const nobody = await refusal(3, "vm", "list", ...data);
  assert.deepEqual([nobody["code"], nobody["side"]], ["no-server", "local"]);
  assert.match(nobody["action"], /warmsite serve --data/);
  const nowhere = await refusal(3, "vm", "list", "--data", place.path("nowhere"));
  assert.match(nowhere["action"], /is not the home of a server/);

  await place.serve(a);
  const image = place.image("x.raw", 1024 * 1024);
  await value("vm", "add", "x", ...data, "--disk", image);
  assert.equal((await refusal(4, "replication", "start", "x", ...data))["code"], "wrong-state");
  assert.equal((await refusal(4, "replication", "cycle", "x", ...data))["code"], "wrong-state");
  assert.equal((await refusal(4, "replication", "disable", "x", ...data))["code"], "wrong-state");
  assert.equal((await refusal(4, "replication", "stop", "x", ...data))["code"], "wrong-state");
  const unknown = await refusal(1, "replication", "status", "y", ...data);
  assert.equal(unknown["code"], "no-such-machine");
  assert.equal((await refusal(1, "points", "list", "y", ...data))["code"], "no-such-machine");
  const often = ["--to", "h:1", "--frequency", "1ms"];
  const range = await refusal(2, "replication", "enable", "x", ...data, ...often);
  assert.equal(range["code"], "bad-argument");
  const address = await refusal(2, "replication", "enable", "x", ...data, "--to", "nowhere");
  assert.match(address["action"], /host:port/);
  const point = await refusal(2, "failover", "start", "x", ...data, "--point", "latest");
  assert.equal(point["code"], "bad-argument");

  // Nobody listens at port 1: a failure of the peer's side, told in status as well.
  const enable = ["replication", "enable", "x", ...data, "--to", "127.0.0.1:1"];
  await value(...enable);
  assert.equal((await refusal(4, ...enable))["code"], "wrong-state");
  const late = await refusal(2, "replication", "start", "x", ...data, "--at", "2001-01-01T00:00Z");
  assert.match(late["message"], /has passed/);
  const put = await value("replication", "start", "x", ...data, "--at", "00:00");
  assert.equal(put["state"], "ReadyForInitialReplication");
  assert.ok(Date.parse(put["initialReplication"]["startsAt"]) > Date.now());
  await value("replication", "stop", "x", ...data);
  await value("replication", "start", "x", ...data);
  const failed = await refusal(1, "replication", "cycle", "x", ...data);
  assert.equal(failed["code"], "connection-refused");
  const status = await value("replication", "status", "x", ...data);
  assert.equal(status["health"], "Critical");
  assert.match(status["warnings"].join("\n"), /Nobody listens at 127\.0\.0\.1:1/);
});
