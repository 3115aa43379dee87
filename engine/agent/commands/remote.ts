/**
 * Commands that a running server does: the verbs of the engine's table, and how answers look.
 *
 * @module
 */

import { VERBS } from "../../core/server/verbs.ts";
import { callerPath } from "../caller.ts";
import {
  type Command,
  DATA_OPTION,
  type Invocation,
  type Operand,
  operand,
  type Option,
  requiredOption,
  type Value,
  type ValueObject,
} from "../command/command.ts";
import { callServer } from "../management/client.ts";

/** What a remote command has beside the words of its verb. */
export interface RemoteSpec {
  /** A verb of the engine's table; its one line is the command's. */
  readonly verb: string;
  readonly details?: string;
  readonly operands?: readonly Operand[];
  readonly options?: Readonly<Record<string, Option>>;
  /** The verb's arguments. */
  readonly args?: (invocation: Invocation) => ValueObject;
  /** What the command finds out besides, once the verb is done; it fails for nothing of that. */
  readonly after?: (data: string, told: ValueObject, value: Value) => Promise<Value>;
  /** The answer for people. */
  readonly render: (result: Value) => string;
}

/** The operand that most verbs have. */
export const VM_OPERAND: Operand = { name: "VM" };

/** A command that asks the server in `--data` to do a verb. */
export function remoteCommand(spec: RemoteSpec): Command {
  const { verb, operands, render } = spec;
  const tells = spec.args ?? ((invocation) => ({ vm: operand(invocation, 0) }));
  return {
    words: verb,
    about: VERBS[verb]?.about ?? "",
    ...(spec.details === undefined ? {} : { details: spec.details }),
    operands: operands ?? [VM_OPERAND],
    options: { data: DATA_OPTION, ...spec.options },
    tells,
    async run(invocation) {
      const data = callerPath(requiredOption(invocation, "data"));
      const told = tells(invocation);
      const answer = await callServer(data, verb, told);
      const value = await spec.after?.(data, told, answer) ?? answer;
      return { value, text: render(value) };
    },
  };
}
