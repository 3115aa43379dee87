/**
 * A scenario that uses most of the language, for tests.
 *
 * @module
 */

/** The text. */
export const EXAMPLE = `# A comment.
name: site-fire
title: The first site burns down
story: |
  Nothing is lost but what was written since the last point.
seed: 42
world:
  scale: 256
  sites:
    berlin: {storage: hdd, clock: -3s}
    munich:   # the cellar
  links:
    wan: {between: [munich, berlin], rtt: 20ms, rate: 100Mbit}
  machines:
    erp:
      disks: [32GiB, 1GiB]
      workloads:
        - {kind: database, rate: 20/s, size: 64KiB}
        - {kind: diurnal, disk: 1, rate: 2MB/s, until: 3h}
      replication:
        frequency: 30s
        retention: all 2h, hourly 1d
        firstCopy: {way: media, delay: 20m}
      objective: {rpo: 10m, rto: 15m}
    mail:
      disks: [1GiB]
      device: true
script:
  - {at: 2h, fault: link.loss, share: 30%, for: 10m}
  - {id: fire, at: 2h25m, fault: site.fire, on: berlin}
  - {id: over, after: fire.begin, wait: 5m, do: failover start, vm: erp, point: newest}
  - {after: over, do: failover complete, vm: erp}
  - {at: 1h, guest: write, vm: mail, length: 2MiB}
  - {after: erp.protected, do: server set, on: munich, bandwidthTo: {"berlin:7700": 1MB/s}}
  - {at: 10m, do: replication start, vm: erp, startAt: "22:00"}
  - {at: 90m, fault: disk.latent-sector, on: erp/1, offset: 1MiB, count: 3}
  - {at: 2h, do: failover resolve, vm: mail, keep: munich}
expect:
  - {vm: erp, rpo: {max: 10m}, lostWrites: 300, runsAt: munich}
  - {invariants: [I1, I16]}
  - {converges: 3}
  - {step: over}
end: 4h
`;
