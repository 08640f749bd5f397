import { type Finding, SEVERITIES } from "./finding.js";

/** Worst first, then by id in code units: the same in every locale (docs/decisions.md#p11). */
export const compareFindings = (a: Finding, b: Finding): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
