/**
 * A drill that is over in a moment, for campaigns and for pages that are only looked at.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";

/** Its text. */
export const TINY = `
name: tiny-fire
title: A tiny fire
end: 3m
world:
  scale: 1024
  sites: {a: {storage: ssd}, b: {storage: ssd}}
  links: {wan: {between: [a, b], rtt: 5ms, rate: 1Gbit}}
  machines:
    vm:
      disks: [1GiB]
      used: 5%
      workloads: [{id: w, kind: steady, rate: 200kB/s, size: 64KiB}]
      replication: {frequency: 30s, retention: "all 1h"}
script:
  - {id: fire, at: 2m, fault: site.fire, on: a}
  - {after: fire.begin, wait: 10s, do: failover start, vm: vm}
expect:
  - {vm: vm, runsAt: b}
`;

/** Opens it from a file. */
export async function openTiny(page: Page, text = TINY): Promise<void> {
  await page.getByLabel("Open file").setInputFiles({
    name: "tiny.yaml",
    mimeType: "application/yaml",
    buffer: Buffer.from(text),
  });
  await page.locator(".story strong").getByText("A tiny fire").waitFor();
}
