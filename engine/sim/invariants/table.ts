/**
 * The table of all invariants that a run is judged by. I14 (crash anywhere) is the sweep, I50 and I51
 * (determinism, observation is free) compare whole runs: they are tests over runs, not judges in one.
 *
 * The order counts where two invariants speak of one thing: the first to fire names it.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";
import { PREFIX } from "./i01_prefix.ts";
import { DECLARED_CUT } from "./i02_declared_cut.ts";
import { WRITE_ORDER } from "./i03_write_order.ts";
import { GROUP } from "./i04_group.ts";
import { NO_PARTIAL_CYCLE } from "./i05_partial.ts";
import { IMMUTABLE } from "./i06_immutable.ts";
import { MERGE_NEUTRAL } from "./i07_merge_neutral.ts";
import { ATOMIC } from "./i08_atomic.ts";
import { INITIAL_COPY } from "./i09_initial_copy.ts";
import { AT_REST } from "./i10_at_rest.ts";
import { DURABLE_BEFORE_ACK } from "./i11_durable_before_ack.ts";
import { DIRTY_SUPERSET } from "./i12_dirty_superset.ts";
import { LOG_RECOVERY } from "./i13_log_recovery.ts";
import { STICKY_FLUSH } from "./i15_sticky_flush.ts";
import { NEVER_WRONG } from "./i16_never_wrong.ts";
import { DISK_FULL } from "./i18_disk_full.ts";
import { GUEST_ISOLATION } from "./i19_guest_isolation.ts";
import { IDEMPOTENT } from "./i20_idempotent.ts";
import { ACK_MONOTONIC } from "./i21_ack_monotonic.ts";
import { RESUME } from "./i22_resume.ts";
import { FENCING } from "./i23_fencing.ts";
import { SINGLE_WRITER } from "./i24_single_writer.ts";
import { SPLIT_BRAIN } from "./i25_split_brain.ts";
import { CLOCK_INDEPENDENCE } from "./i26_clock_independence.ts";
import { LOSS_EXACT } from "./i30_loss_reported.ts";
import { POINT_CHOSEN } from "./i31_point_chosen.ts";
import { TEST_INVISIBLE } from "./i32_test_invisible.ts";
import { TRANSITIONS } from "./i36_transitions.ts";
import { RPO } from "./i37_rpo.ts";
import { FAILOVER_TIME } from "./i38_failover_time.ts";
import { COUNTERS } from "./i39_counters.ts";
import { BOUNDED } from "./i40_bounded.ts";
import { RETENTION } from "./i41_retention.ts";
import { THROTTLE } from "./i42_throttle.ts";
import { NO_STARVATION } from "./i43_starvation.ts";
import { TAMPER } from "./i45_tamper.ts";
import { AUTHORIZATION } from "./i44_authorization.ts";
import { HEALTH } from "./i46_health.ts";
import { CONVERGENCE } from "./i47_convergence.ts";
import { OPERATIONS_END } from "./i48_operations_end.ts";
import { QUIESCENCE } from "./i49_quiescence.ts";
import { FROZEN_BOUND } from "./i55_frozen_bound.ts";
import { VERIFIED } from "./i56_verified.ts";
import { SIZES } from "./i57_sizes.ts";
import { MOVED } from "./i58_moved.ts";
import { FAILBACK } from "./i59_failback.ts";
import { ADDED } from "./i60_added.ts";
import { REPORT } from "./i53_report.ts";

/** Every invariant. */
export const INVARIANTS: readonly Invariant[] = [
  INITIAL_COPY,
  GROUP,
  PREFIX,
  DECLARED_CUT,
  WRITE_ORDER,
  NO_PARTIAL_CYCLE,
  IMMUTABLE,
  MERGE_NEUTRAL,
  ATOMIC,
  AT_REST,
  DURABLE_BEFORE_ACK,
  DIRTY_SUPERSET,
  LOG_RECOVERY,
  STICKY_FLUSH,
  NEVER_WRONG,
  DISK_FULL,
  GUEST_ISOLATION,
  IDEMPOTENT,
  ACK_MONOTONIC,
  RESUME,
  FENCING,
  SINGLE_WRITER,
  SPLIT_BRAIN,
  CLOCK_INDEPENDENCE,
  LOSS_EXACT,
  POINT_CHOSEN,
  TEST_INVISIBLE,
  TRANSITIONS,
  RPO,
  FAILOVER_TIME,
  COUNTERS,
  BOUNDED,
  RETENTION,
  THROTTLE,
  NO_STARVATION,
  TAMPER,
  AUTHORIZATION,
  HEALTH,
  CONVERGENCE,
  OPERATIONS_END,
  QUIESCENCE,
  FROZEN_BOUND,
  SIZES,
  MOVED,
  FAILBACK,
  ADDED,
  REPORT,
  VERIFIED,
];
