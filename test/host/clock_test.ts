/**
 * The clock of this host in zones of the world: its offsets are those of the simulated zones, which are rules
 * written down by hand.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { DAY, HOUR, SECOND } from "../../engine/core/base/units.ts";
import {
  BERLIN,
  LORD_HOWE,
  NEW_YORK,
  UTC,
  zoneOffset,
  type ZoneSpec,
} from "../../engine/sim/zone.ts";

const ZONES: readonly (readonly [name: string, spec: ZoneSpec])[] = [
  ["UTC", UTC],
  ["Europe/Berlin", BERLIN],
  ["America/New_York", NEW_YORK],
  ["Australia/Lord_Howe", LORD_HOWE],
];

/** 2026-01-01 UTC. */
const START = 1_767_225_600 * SECOND;
/** A bit more than a switch every so often, so that the hour of each switch is met. */
const STEP = HOUR / 2;
const STEPS = 3 * 365 * DAY / STEP;

for (const [name, spec] of ZONES) {
  Deno.test(`Clock, real in ${name}: offsets are those of the zone's rule`, async () => {
    const clock = new URL("../../engine/host/clock.ts", import.meta.url).href;
    const code = `
      import { realClock } from ${JSON.stringify(clock)};
      const found = [];
      for (let step = 0; step < ${STEPS}; step++) {
        for (const by of [-1_000, 0]) {
          found.push(realClock.localOffset(${START} + step * ${STEP} + by));
        }
      }
      console.log(JSON.stringify(found));`;
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(script, code);
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "-A", script],
        env: { TZ: name },
      }).output();
      equal(success, true, new TextDecoder().decode(stderr));
      const found = JSON.parse(new TextDecoder().decode(stdout)) as number[];
      equal(found.length, 2 * STEPS);
      for (const [at, offset] of found.entries()) {
        const instant = START + Math.floor(at / 2) * STEP - (at % 2 === 0 ? 1000 : 0);
        equal(offset, zoneOffset(spec, instant), `at ${new Date(instant / 1000).toISOString()}`);
      }
    } finally {
      await Deno.remove(script);
    }
  });
}
