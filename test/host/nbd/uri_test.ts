/**
 * Addresses of exports.
 *
 * @module
 */

import assert from "node:assert/strict";

import { isFailed } from "../../../engine/core/base/failure.ts";
import {
  type NbdAddress,
  nbdUri,
  parseNbdUri,
  qemuBlockdev,
} from "../../../engine/host/nbd/uri.ts";

Deno.test("a URI names socket and export, escaped", () => {
  const uri = nbdUri({ transport: "unix", path: "/run/a b/ü&x.sock" }, "VM/0");
  assert.equal(uri, "nbd+unix:///VM/0?socket=/run/a%20b/%C3%BC%26x.sock");
  assert.equal(
    nbdUri({ transport: "unix", path: "/s" }, "VM - Test/1"),
    "nbd+unix:///VM%20-%20Test/1?socket=/s",
  );
  assert.equal(
    nbdUri({ transport: "tcp", hostname: "127.0.0.1", port: 10809 }, "VM/0"),
    "nbd://127.0.0.1:10809/VM/0",
  );
  assert.equal(
    nbdUri({ transport: "tcp", hostname: "::1", port: 1 }, "VM/0"),
    "nbd://[::1]:1/VM/0",
  );
});

Deno.test("what is made is read back", () => {
  const addresses: NbdAddress[] = [
    { transport: "unix", path: "/run/a b/ü&x=?#%.sock" },
    { transport: "unix", path: "/+plus/s" },
    { transport: "tcp", hostname: "127.0.0.1", port: 1234 },
    { transport: "tcp", hostname: "::1", port: 1234 },
  ];
  for (const address of addresses) {
    for (const name of ["VM/0", "VM - Test/12", "a.b-c_d/0", "ü/1", ""]) {
      assert.deepEqual(parseNbdUri(nbdUri(address, name)), { address, name });
    }
  }
  assert.deepEqual(parseNbdUri("nbd://localhost/x").address, {
    transport: "tcp",
    hostname: "localhost",
    port: 10_809,
  });
});

Deno.test("text that is no such URI is refused with what to write", () => {
  for (const text of ["", "x", "http://a/b", "nbd+unix:///VM/0", "nbd:///x", "nbd://a:99999/x"]) {
    assert.throws(() => parseNbdUri(text), (error) => isFailed(error, "bad-argument"));
  }
});

Deno.test("QEMU's option waits long for a server that restarts, and escapes commas", () => {
  assert.equal(
    qemuBlockdev({ transport: "unix", path: "/a,b/s" }, "VM/0", "disk0"),
    "driver=nbd,node-name=disk0,server.type=unix,server.path=/a,,b/s,export=VM/0," +
      "discard=unmap,reconnect-delay=300,open-timeout=30",
  );
  assert.match(
    qemuBlockdev({ transport: "tcp", hostname: "127.0.0.1", port: 5 }, "VM/0", "d"),
    /server\.type=inet,server\.host=127\.0\.0\.1,server\.port=5,/,
  );
});
