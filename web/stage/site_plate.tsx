/**
 * A site: its power, its server, and what it suffers.
 *
 * @module
 */

import type { SiteFrame } from "../../lab/run/recording.ts";
import { faultText } from "../timeline/words.ts";

/** What of a site is to be seen first. */
export function siteState(
  { power, server }: SiteFrame,
): "burning" | "dark" | "down" | "frozen" | "well" {
  if (power === "destroyed") return "burning";
  if (power === "off") return "dark";
  if (server === "down") return "down";
  return server === "paused" ? "frozen" : "well";
}

const WORDS = {
  burning: "destroyed by fire",
  dark: "no power",
  down: "server down",
  frozen: "server stands still",
  well: "server up",
} as const;

/** Flames along the foot of a site that burns. */
function Flames() {
  const flame = "M0 24C0 14 6 14 5 4C11 8 9 14 12 16C13 12 12 9 14 7C18 12 20 17 20 24Z";
  return (
    <svg class="flames" viewBox="0 0 200 24" preserveAspectRatio="none" aria-hidden="true">
      {Array.from(
        { length: 10 },
        (_, index) => <path key={index} d={flame} transform={`translate(${index * 20} 0)`} />,
      )}
    </svg>
  );
}

/** Its plate, with its frame around everything that stands at the site. */
export function SitePlate({ site, side, rows }: {
  readonly site: SiteFrame;
  readonly side: 0 | 1;
  /** Rows of the stage that the site's ground lies under. */
  readonly rows: number;
}) {
  const state = siteState(site);
  const troubles = site.troubles.filter((trouble) => trouble !== "site.fire");
  return (
    <>
      <div
        class={`site-ground side-${side} ${state}`}
        style={{ gridRow: `1 / span ${rows}` }}
        aria-hidden="true"
      >
        {state === "burning" && <Flames />}
      </div>
      <header class={`site-plate side-${side} ${state}`}>
        <h3>{site.site}</h3>
        <p class={`badge ${state}`}>
          <span class="glyph" aria-hidden="true" />
          {WORDS[state]}
        </p>
        {troubles.map((trouble) => <p key={trouble} class="badge trouble">{faultText(trouble)}</p>)}
      </header>
    </>
  );
}
