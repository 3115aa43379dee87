/** Stub. @module */
import type { Answer, Terminal } from "../command/command.ts";
/** Stub. */
export interface DemoOptions {
  readonly image: string | undefined;
  readonly keep: string | undefined;
  readonly json: boolean;
  readonly terminal: Terminal;
}
/** Stub. */
export function runDemo(_options: DemoOptions): Promise<Answer | number> {
  return Promise.resolve(1);
}
