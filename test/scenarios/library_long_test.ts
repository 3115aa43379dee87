/**
 * The scenarios of the library that last for days come to what their stories derive as well.
 *
 * @module
 */

import { DAY } from "../../engine/core/base/units.ts";
import { playEach } from "./library.ts";

playEach(({ end }) => end >= DAY);
