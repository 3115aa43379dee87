/**
 * The verbs: one table from which command line, management API, scenario actions and documentation are
 * made, so that the words are the same everywhere. Each family stands in a file of its own in `verbs/`.
 *
 * @module
 */

import { DISK_VERBS } from "./verbs/disk_verbs.ts";
import { FAILOVER_VERBS } from "./verbs/failover_verbs.ts";
import { MACHINE_VERBS } from "./verbs/machine_verbs.ts";
import { POINT_VERBS } from "./verbs/point_verbs.ts";
import { REPLICATION_VERBS } from "./verbs/replication_verbs.ts";
import { SERVER_VERBS } from "./verbs/server_verbs.ts";
import { RESYNC_VERBS } from "./verbs/resync_verbs.ts";
import type { Verbs } from "./verbs/verb.ts";

/** Every verb, by the words that an administrator types. */
export const VERBS: Verbs = {
  ...MACHINE_VERBS,
  ...DISK_VERBS,
  ...REPLICATION_VERBS,
  ...RESYNC_VERBS,
  ...POINT_VERBS,
  ...FAILOVER_VERBS,
  ...SERVER_VERBS,
};
