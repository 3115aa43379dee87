/**
 * Every planted bug, one file each.
 *
 * @module
 */

import type { Plant } from "./plant.ts";
import { TAIL_MARKS_ALL } from "./tail_marks_all.ts";
import { SIZES_AT_SEAL } from "./sizes_at_seal.ts";
import { BITS_CLEARED_BEFORE_FLUSH } from "./bits_cleared_before_flush.ts";
import { CLEAR_WRITES_ZERO } from "./clear_writes_zero.ts";
import { BASE_AFTER_CLEAR } from "./base_after_clear.ts";
import { ISSUED_NOT_RESET } from "./issued_not_reset.ts";
import { NO_PARENT_CHECK } from "./no_parent_check.ts";
import { PARENT_NOT_CHECKED } from "./parent_not_checked.ts";
import { COPY_BEFORE_WRITE_SKIPPED } from "./copy_before_write_skipped.ts";
import { VIEW_READ_RACES_GUEST } from "./view_read_races_guest.ts";
import { UNDO_MADE_AGAIN } from "./undo_made_again.ts";
import { SEALED_TAIL_CUT } from "./sealed_tail_cut.ts";
import { HOT_REGIONS_FORGOTTEN } from "./hot_regions_forgotten.ts";
import { FAILED_SAVE_IGNORED } from "./failed_save_ignored.ts";
import { OLDER_GENERATION_ACCEPTED } from "./older_generation_accepted.ts";
import { SECOND_WRITER_ACCEPTED } from "./second_writer_accepted.ts";
import { ORPHAN_WRITES } from "./orphan_writes.ts";
import { CLOCK_JUMP_PRUNES } from "./clock_jump_prunes.ts";
import { LAST_BLOCK_FORGOTTEN } from "./last_block_forgotten.ts";
import { STATE_NOT_FLUSHED } from "./state_not_flushed.ts";
import { VIEW_MISSES_APPLY } from "./view_misses_apply.ts";
import { APP_CONSISTENT_WITHOUT_THAW } from "./app_consistent_without_thaw.ts";
import { TEST_HOLD_MISSING } from "./test_hold_missing.ts";
import { SEAL_NOT_DURABLE } from "./seal_not_durable.ts";
import { STATE_BEFORE_DISKS } from "./state_before_disks.ts";
import { FLUSH_FAILURE_FORGOTTEN } from "./flush_failure_forgotten.ts";
import { FAILOVER_KEEPS_GENERATION } from "./failover_keeps_generation.ts";
import { DELTA_BEGUN_ANEW } from "./delta_begun_anew.ts";
import { BANDWIDTH_IGNORED } from "./bandwidth_ignored.ts";
import { FAILED_DISABLE_STOPS } from "./failed_disable_stops.ts";
import { HEALTHY_AND_BLIND } from "./healthy_and_blind.ts";
import { REST_FORGOTTEN_AT_CUT } from "./rest_forgotten_at_cut.ts";
import { SUSPICION_NOT_WRITTEN } from "./suspicion_not_written.ts";
import { MERGE_NEWEST_WINS } from "./merge_newest_wins.ts";
import { LAST_STANDS_FOR_PERIOD } from "./last_stands_for_period.ts";
import { DISKS_CUT_APART } from "./disks_cut_apart.ts";
import { MAP_BEFORE_DATA } from "./map_before_data.ts";
import { RESYNC_CLEARS_BEFORE_SEAL } from "./resync_clears_before_seal.ts";
import { TREE_SKIPS_LEAF } from "./tree_skips_leaf.ts";
import { WIRE_MISCOUNTED } from "./wire_miscounted.ts";
import { AUTHORIZATION_NOT_ASKED_AGAIN } from "./authorization_not_asked_again.ts";
import { PACKAGE_NOT_CHECKED_FIRST } from "./package_not_checked_first.ts";

/** All of them. */
export const PLANTS: readonly Plant[] = [
  BITS_CLEARED_BEFORE_FLUSH,
  CLEAR_WRITES_ZERO,
  BASE_AFTER_CLEAR,
  ISSUED_NOT_RESET,
  NO_PARENT_CHECK,
  PARENT_NOT_CHECKED,
  COPY_BEFORE_WRITE_SKIPPED,
  VIEW_READ_RACES_GUEST,
  UNDO_MADE_AGAIN,
  SEALED_TAIL_CUT,
  HOT_REGIONS_FORGOTTEN,
  FAILED_SAVE_IGNORED,
  OLDER_GENERATION_ACCEPTED,
  SECOND_WRITER_ACCEPTED,
  ORPHAN_WRITES,
  CLOCK_JUMP_PRUNES,
  LAST_BLOCK_FORGOTTEN,
  STATE_NOT_FLUSHED,
  VIEW_MISSES_APPLY,
  SEAL_NOT_DURABLE,
  STATE_BEFORE_DISKS,
  FLUSH_FAILURE_FORGOTTEN,
  FAILOVER_KEEPS_GENERATION,
  DELTA_BEGUN_ANEW,
  BANDWIDTH_IGNORED,
  FAILED_DISABLE_STOPS,
  HEALTHY_AND_BLIND,
  REST_FORGOTTEN_AT_CUT,
  SUSPICION_NOT_WRITTEN,
  MERGE_NEWEST_WINS,
  LAST_STANDS_FOR_PERIOD,
  DISKS_CUT_APART,
  MAP_BEFORE_DATA,
  WIRE_MISCOUNTED,
  APP_CONSISTENT_WITHOUT_THAW,
  TEST_HOLD_MISSING,
  AUTHORIZATION_NOT_ASKED_AGAIN,
  TREE_SKIPS_LEAF,
  RESYNC_CLEARS_BEFORE_SEAL,
  PACKAGE_NOT_CHECKED_FIRST,
  SIZES_AT_SEAL,
  TAIL_MARKS_ALL,
];
