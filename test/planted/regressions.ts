/**
 * Which planted bug each regression is kept for, which was shrunken from a run that the bug had broken: it has to break it again.
 *
 * @module
 */

/** Files of `scenarios/regressions` by the id of the bug. */
export const PLANTED_REGRESSIONS: Readonly<Record<string, string>> = {
  "hot-regions-forgotten": "I12-cc9c16016889.json",
  "clear-writes-zero": "I12-e83e08790e0b.json",
  "bits-cleared-before-flush": "I12-a8f86edbdd5a.json",
  "issued-not-reset": "I12-fc8b8c01bb90.json",
  "orphan-writes": "I16-f8b846f85bed.json",
  "copy-before-write-skipped": "I2-c12df99cbbb4.json",
  "delta-begun-anew": "I22-e6eaee63024b.json",
  "failover-keeps-generation": "I24-d0b22f5596b5.json",
  "bandwidth-ignored": "I42-93fb7f443570.json",
  "sealed-tail-cut": "I5-ccafa075b8d2.json",
};
