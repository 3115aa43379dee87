/**
 * The link between the sites: what travels on it each way, and whether it does.
 *
 * @module
 */

import type { LinkFrame, SiteFrame, WayFrame } from "../../lab/run/recording.ts";
import { rateText, unbroken } from "../timeline/words.ts";

/** Bytes a second that went a way before a frame: what it carried, over the time since the frame before. */
export interface Traffic {
  readonly forth: number;
  readonly back: number;
}

/** Less than that, bytes a second, is what servers say to each other when there is nothing to send. */
const IDLE = 1000;

function stateOf(way: WayFrame): string {
  if (!way.open) return "cut";
  return way.loss > 0 ? "lossy" : "open";
}

function stateText(way: WayFrame): string {
  if (!way.open) return "cut";
  return way.loss > 0 ? `${Math.round(way.loss / 1000) / 10} % lost` : "";
}

/** Seconds that a mark takes to the other side: faster with more traffic, in a few steps so that it does not restart all the time. */
function paceOf(traffic: number): string {
  const pace = Math.max(0.5, 4 - Math.round(Math.log10(Math.max(1, traffic / 1000)) * 2) / 2);
  return `${pace}s`;
}

function Lane({ way, traffic, from, to, back }: {
  readonly way: WayFrame;
  readonly traffic: number;
  readonly from: string;
  readonly to: string;
  readonly back: boolean;
}) {
  const state = stateOf(way);
  const busy = traffic >= IDLE && way.open;
  const trouble = stateText(way);
  const words = [busy ? rateText(traffic) : "idle", trouble].filter((word) => word !== "");
  return (
    <div
      class={`lane ${state} ${busy ? "busy" : "idle"} ${back ? "back" : "forth"}`}
      role="img"
      aria-label={`${from} to ${to}: ${words.join(", ")}`}
    >
      <svg viewBox="0 0 120 14" preserveAspectRatio="none" aria-hidden="true">
        <path class="wire" d="M2 7H118" />
        {busy && <path class="flow" style={{ animationDuration: paceOf(traffic) }} d="M2 7H118" />}
      </svg>
      {state === "cut" && <span class="cut-mark" aria-hidden="true">✕</span>}
      <span class="lane-text">
        <span aria-hidden="true">{back ? "← " : ""}</span>
        {unbroken(trouble === "" ? (busy ? rateText(traffic) : "idle") : trouble)}
        <span aria-hidden="true">{back ? "" : " →"}</span>
      </span>
    </div>
  );
}

/** Both lanes. */
export function LinkLanes({ link, sites, traffic, name }: {
  readonly link: LinkFrame;
  readonly sites: readonly SiteFrame[];
  readonly traffic: Traffic;
  readonly name: string;
}) {
  const [first, second] = [sites[0]?.site ?? "", sites[1]?.site ?? ""];
  const [forth, back] = link.ways;
  return (
    <div class="link">
      <Lane way={forth} traffic={traffic.forth} from={first} to={second} back={false} />
      <p class="link-name">
        {name}
        {forth.rate > 0 && <span>{unbroken(rateText(forth.rate))}</span>}
      </p>
      <Lane way={back} traffic={traffic.back} from={second} to={first} back />
    </div>
  );
}
