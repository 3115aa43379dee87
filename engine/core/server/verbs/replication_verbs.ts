/**
 * Verbs about a relationship: its settings, its course, its status.
 *
 * @module
 */
// Long because: one family of verbs, each with all that it checks before anything changes.

import type { Json, JsonObject } from "../../base/json.ts";
import { DISKS_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/name.ts";
import { type Failed, localFailure, requestFailure } from "../../base/failure.ts";
import type { StartChoice } from "../../primary/initial_replication.ts";
import { refuseWhileLocked } from "../../primary/planned.ts";
import { type GuestCommands, withoutFreeze } from "../../relationship/guest_commands.ts";
import { checkSettings, type RelationshipSettings } from "../../relationship/settings.ts";
import {
  changedSettings,
  newSettings,
  settingArguments,
  settingsGiven,
} from "../../relationship/setting_table.ts";
import { nextState } from "../../relationship/state.ts";
import { intervalJson } from "../../relationship/monitoring.ts";
import { done, type Task } from "../../runtime/task.ts";
import {
  COMMAND_ARGUMENTS,
  commandArguments,
  flagArgument,
  listArgument,
  machineName,
  textArgument,
} from "../arguments.ts";
import { refuseOwnPackage } from "../other_role.ts";
import type { Server } from "../server.ts";
import { startTimeArgument } from "../start_time.ts";
import {
  everyStatus,
  forgetCommands,
  guestMachine,
  isReplica,
  status,
  statusOfTest,
  type Verbs,
} from "./verb.ts";

/** Verbs about a relationship. */
export const REPLICATION_VERBS: Verbs = {
  "replication enable": {
    about: "Begin to track a machine's changes for a replica server; or name a copy of it here",
    // A copy has no settings but its primary's.
    args: [
      "vm",
      ...settingArguments("to"),
      ...COMMAND_ARGUMENTS,
      "asReplica?",
      "disks?",
      "from?",
    ],
    run: enableReplication,
  },
  "replication set": {
    about: "Change settings of a relationship while it runs; at either side, commands of its own",
    args: ["vm", ...settingArguments(), ...COMMAND_ARGUMENTS],
    run: setReplication,
  },
  "replication start": {
    about: "Start initial replication, now or at a time",
    args: ["vm?", "takeOver?", "at?", "existingCopy?", "export?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      const choice = startChoice(server, args);
      yield* server.primary.start(vm, flagArgument(args, "takeOver", false), choice);
      return status(server, vm);
    },
  },
  "replication import": {
    about:
      "Import a package that the primary exported to media: the machine's first recovery point",
    args: ["path"],
    *run(server, args) {
      const reader = yield* server.replica.openPackage(textArgument(args, "path"));
      refuseOwnPackage(server, reader.manifest);
      return status(server, yield* server.replica.importPackage(reader));
    },
  },
  "replication stop": {
    about: "Stop an initial replication, or call off a scheduled one",
    args: ["vm?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      yield* server.primary.stop(vm);
      return status(server, vm);
    },
  },
  "replication pause": {
    about: "Stop sending, or taking what is sent; changes stay tracked, and are sent on a resume",
    args: ["vm?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      yield* sideOf(server, vm).pause(vm);
      return status(server, vm);
    },
  },
  "replication resume": {
    about: "Go on after a pause, or after an error that was mended",
    args: ["vm?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      yield* sideOf(server, vm).resume(vm);
      return status(server, vm);
    },
  },
  "replication statistics": {
    about: "Show what was counted in this monitoring interval and in those before",
    args: ["vm?"],
    run: (server, args) => done(statisticsOf(server, guestMachine(server, args))),
  },
  "replication reset-statistics": {
    about: "Begin a new monitoring interval; what was counted joins the history",
    args: ["vm?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      yield* sideOf(server, vm).resetStatistics(vm);
      return statisticsOf(server, vm);
    },
  },
  "replication cycle": {
    about: "Run a cycle; returns when its point is staged at the replica",
    args: ["vm?", "appConsistent?"],
    run: runCycle,
  },
  "replication status": {
    about: "Show state, health and progress",
    args: ["vm?"],
    run: (server, args) =>
      done(
        (args["vm"] ?? null) === null
          ? everyStatus(server)
          : statusOfTest(server, args["vm"]) ?? status(server, machineName(args)),
      ),
  },
  "replication disable": {
    about: "End replication on this side; the other side is told nothing",
    args: ["vm?", "force?"],
    *run(server, args) {
      const vm = guestMachine(server, args);
      if (isReplica(server, vm)) {
        const left = yield* server.replica.remove(vm, flagArgument(args, "force", false));
        yield* forgetCommands(server, vm);
        return { vm, state: "Disabled", left };
      }
      yield* server.primary.disable(vm);
      return status(server, vm);
    },
  },
};

/** What `replication start` was given; a time as text, or in µs since 1970. */
function startChoice(server: Server, args: JsonObject): StartChoice {
  return {
    ...wayOf(args),
    at: startTimeArgument(server, args),
  };
}

function wayOf(args: JsonObject): Pick<StartChoice, "method" | "path"> {
  const copy = flagArgument(args, "existingCopy", false);
  if ((args["export"] ?? null) === null) {
    return { method: copy ? "existing-copy" : undefined, path: undefined };
  }
  if (!copy) return { method: "export", path: textArgument(args, "export") };
  throw requestFailure(
    "bad-argument",
    "An existing copy and an export are two ways",
    "Choose one of them",
  );
}

/** Names the files here that are a copy of a machine, for its primary to bring up to date. */
function* takeCopy(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const paths = listArgument(args, "disks");
  if (paths.length > DISKS_MAX || new Set(paths).size !== paths.length) {
    throw requestFailure(
      "bad-argument",
      "Too many disks, or one twice",
      `Give each file once, in the order of the machine's disks, at most ${DISKS_MAX}`,
    );
  }
  const from = (args["from"] ?? null) === null ? undefined : textArgument(args, "from");
  if (from !== undefined) checkName(from, "server");
  yield* server.replica.takeCopy(vm, paths, from);
  return status(server, vm);
}

function* runCycle(server: Server, args: JsonObject): Task<Json> {
  const vm = guestMachine(server, args);
  const atRest = flagArgument(args, "appConsistent", false);
  const { point, kind } = yield* server.primary.cycle(vm, atRest);
  if (!atRest || kind === "application-consistent") return { vm, point, kind };
  // There is a point of this time all the same; but it is not what was asked for.
  const failure = server.primary.entry(vm).replicator?.quiescing.failure;
  throw localFailure(
    "hypervisor",
    `Recovery point ${point} is crash-consistent only: ${failure?.message ?? "it was cut again"}`,
    failure?.action ?? "Ask for another one",
  );
}

/** Whoever wants application-consistent points has commands for them, on this server. */
function checkFreeze(
  server: Server,
  vm: string,
  commands: GuestCommands,
  { appConsistent }: RelationshipSettings,
): void {
  const { freeze } = server.commands.check(vm, commands);
  if (appConsistent > 0 && freeze === undefined) throw withoutFreeze(vm);
}

function* enableReplication(server: Server, args: JsonObject): Task<Json> {
  if (flagArgument(args, "asReplica", false)) return yield* takeCopy(server, args);
  const vm = machineName(args);
  textArgument(args, "to");
  const settings = checkSettings(newSettings(args));
  nextState(server.primary.entry(vm).machine.state, "enable", vm);
  const commands = commandArguments(args);
  checkFreeze(server, vm, commands, settings);
  // A crash between leaves commands of a machine that is not replicated, which nobody runs.
  yield* setCommands(server, vm, commands);
  yield* server.primary.enable(vm, settings);
  return { ...status(server, vm), storage: server.primary.storage(vm) };
}

function* setReplication(server: Server, args: JsonObject): Task<Json> {
  const vm = machineName(args);
  const commands = commandArguments(args);
  const given = settingsGiven(args).length;
  if (server.replica.has(vm) && given > 0) throw chosenAtPrimary(server, vm);
  if (given === 0 && Object.keys(commands).length === 0) {
    throw requestFailure(
      "bad-argument",
      `Nothing to change of "${vm}"`,
      'Name a setting, e.g. --frequency 30s; "warmsite help replication set" lists them',
    );
  }
  // Whoever is not here has no commands; what cannot be is refused before anything changes.
  if (server.replica.has(vm)) server.replica.machine(vm);
  else server.primary.entry(vm);
  server.commands.check(vm, commands);
  const settings = server.replica.has(vm) ? undefined : server.primary.entry(vm).machine.settings;
  if (given > 0) refuseWhileLocked(server.primary.entry(vm).machine);
  if (settings !== undefined) {
    checkFreeze(server, vm, commands, changedSettings(settings, args));
  }
  // A crash between leaves new commands and the settings as they were.
  yield* setCommands(server, vm, commands);
  if (given > 0) yield* server.primary.set(vm, args);
  const storage = (args["retention"] ?? null) === null
    ? {}
    : { storage: server.primary.storage(vm) };
  return { ...status(server, vm), ...storage };
}

function* setCommands(server: Server, vm: string, changes: GuestCommands): Task<void> {
  if (Object.keys(changes).length > 0) yield* server.commands.set(vm, changes);
}

function chosenAtPrimary(server: Server, vm: string): Failed {
  const { primary } = server.replica.machine(vm).record;
  return requestFailure(
    "wrong-state",
    `Cannot change settings of "${vm}" here: it is replicated to this server from ${primary}`,
    `Run the command on ${primary}; only commands, e.g. --start, are this side's own`,
  );
}

/** The side that a machine is on here. */
function sideOf(server: Server, vm: string): Server["primary"] | Server["replica"] {
  return server.replica.has(vm) ? server.replica : server.primary;
}

function statisticsOf(server: Server, vm: string): JsonObject {
  const side = sideOf(server, vm);
  const monitoring = side.monitoring(vm);
  const current = intervalJson(monitoring.current(server.ports.clock.wall()));
  const shown = status(server, vm);
  const { role, health, warnings, backlogBytes, rpoSeconds, unappliedBytes, unappliedSeconds } =
    shown;
  return {
    vm,
    role: role ?? null,
    health: health ?? null,
    warnings: warnings ?? [],
    current,
    lastTestFailover: monitoring.lastTest ?? null,
    pendingBytes: backlogBytes ?? null,
    pendingSeconds: rpoSeconds ?? null,
    unappliedBytes: unappliedBytes ?? null,
    unappliedSeconds: unappliedSeconds ?? null,
    past: monitoring.past.map(intervalJson),
  };
}
