/**
 * A replica that says what a test tells it to say.
 *
 * @module
 */

import { isFailed, peerFailure } from "../../../engine/core/base/failure.ts";
import type { Connection } from "../../../engine/core/ports/network.ts";
import type { Ports } from "../../../engine/core/ports/ports.ts";
import type { Task } from "../../../engine/core/runtime/task.ts";
import { FrameDecoder } from "../../../engine/core/wire/frame.ts";
import { isMalformed } from "../../../engine/core/wire/malformed.ts";
import { type ControlMessage, decodeControl } from "../../../engine/core/wire/message.ts";
import { loadKernel } from "../../../wasm/codec.ts";
import { SAMPLES } from "../../unit/core/wire/samples.ts";
import { controlFrame, frameBytes } from "./conversation.ts";

/** Extents that have come on a connection, for a script to wait for. */
export interface Extents {
  /** Bytes that have come, with everything around them. */
  readonly bytes: number;
  /** Waits for more. */
  more(): Task<void>;
}

/** What a scripted replica says to a message. */
export type Script = (
  message: ControlMessage,
  say: (message: ControlMessage) => Task<void>,
  extents: Extents,
) => Task<void>;

/** A replica that says hello and then what `script` says. */
export function* scripted(ports: Ports, address: string, script: Script): Task<void> {
  const listener = yield* ports.network.listen(address);
  for (;;) {
    const connection = yield* listener.accept();
    if (connection === undefined) return;
    try {
      yield* recite(connection, script);
    } catch (error) {
      if (!isFailed(error)) throw error;
    }
    connection.close();
  }
}

function* recite(connection: Connection, script: Script): Task<void> {
  const decoder = new FrameDecoder(loadKernel());
  let bytes = 0;
  const more = function* () {
    const read = yield* connection.read();
    if (read === undefined) throw peerFailure("connection-lost", "It hung up", "Try again");
    bytes += read.length;
    decoder.push(read);
  };
  yield* connection.write(frameBytes(controlFrame(0, { ...SAMPLES["hello"], server: "b" })));
  for (;;) {
    const next = decoder.next();
    if (next.kind === "invalid") return;
    if (next.kind === "need-more") {
      yield* more();
      continue;
    }
    const message = next.type === "control" ? decodeControl(next.payload) : undefined;
    if (message === undefined || isMalformed(message)) continue;
    if (message.type === "bye" && next.channel === 0) return;
    const { channel } = next;
    const say = (said: ControlMessage) => connection.write(frameBytes(controlFrame(channel, said)));
    bytes = 0;
    const extents = {
      get bytes() {
        return bytes;
      },
      more,
    };
    yield* script(message, say, extents);
  }
}
