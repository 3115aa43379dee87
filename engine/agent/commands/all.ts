/**
 * Every command, in the order in which help shows them.
 *
 * @module
 */

import type { Command } from "../command/command.ts";
import {
  addAuthorizationCommand,
  listAuthorizationCommand,
  removeAuthorizationCommand,
  setAuthorizationCommand,
} from "./authorization.ts";
import { addDiskCommand, excludeDiskCommand, growDiskCommand, removeDiskCommand } from "./disk.ts";
import { testConnectionCommand } from "./connection.ts";
import { demoCommand } from "./demo.ts";
import {
  cancelFailoverCommand,
  completeFailoverCommand,
  plannedCommand,
  prepareCommand,
  resolveCommand,
  reverseCommand,
  startFailoverCommand,
  testFailoverCommand,
} from "./failover.ts";
import { helpCommand, versionCommand } from "./help.ts";
import { initCommand } from "./init.ts";
import { authorityCommand, issueCommand } from "./pki.ts";
import { exportPointCommand, pointsCommand, showPointCommand } from "./points.ts";
import {
  cycleCommand,
  disableCommand,
  enableCommand,
  importCommand,
  pauseCommand,
  resumeCommand,
  setCommand,
  startCommand,
  statusCommand,
  stopCommand,
} from "./replication.ts";
import {
  cancelResyncCommand,
  continueResyncCommand,
  pauseResyncCommand,
  startResyncCommand,
  verifyCommand,
} from "./resync.ts";
import { serveCommand } from "./serve.ts";
import { resetStatisticsCommand, statisticsCommand } from "./statistics.ts";
import { setServerCommand, showServerCommand } from "./server.ts";
import { addCommand, listCommand, removeCommand } from "./vm.ts";

/** All of them. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  authorityCommand,
  issueCommand,
  serveCommand,
  addCommand,
  listCommand,
  removeCommand,
  addDiskCommand,
  removeDiskCommand,
  excludeDiskCommand,
  growDiskCommand,
  enableCommand,
  setCommand,
  startCommand,
  importCommand,
  stopCommand,
  pauseCommand,
  resumeCommand,
  cycleCommand,
  statusCommand,
  statisticsCommand,
  resetStatisticsCommand,
  disableCommand,
  startResyncCommand,
  pauseResyncCommand,
  continueResyncCommand,
  cancelResyncCommand,
  verifyCommand,
  pointsCommand,
  showPointCommand,
  exportPointCommand,
  plannedCommand,
  prepareCommand,
  startFailoverCommand,
  cancelFailoverCommand,
  completeFailoverCommand,
  reverseCommand,
  resolveCommand,
  testFailoverCommand,
  showServerCommand,
  setServerCommand,
  listAuthorizationCommand,
  addAuthorizationCommand,
  setAuthorizationCommand,
  removeAuthorizationCommand,
  testConnectionCommand,
  demoCommand,
  helpCommand(() => COMMANDS),
  versionCommand,
];
