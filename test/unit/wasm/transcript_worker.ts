/**
 * Sends the codec's transcript from a web worker.
 *
 * @module
 */

import { transcript } from "./transcript.ts";

(globalThis as unknown as { postMessage(message: unknown): void }).postMessage(transcript());
