import type { ScanDocument } from "../findings/document.js";
import { SEVERITIES } from "../findings/finding.js";
import { counted } from "./text.js";

/** `2 critical, 1 info; 90 rules judged 4 tablets, 3 shards, 2 cells; etcd revision 58, history back to revision 1`. */
export const summaryLine = (document: ScanDocument): string =>
  [
    verdictWords(document),
    seenWords(document),
    tableWords(document),
    topologyWords(document),
    endWords(document),
  ]
    .filter((part) => part !== "")
    .join("; ");

/** `2 critical, 1 info, 3 suspected`, or `no findings`. */
export const verdictWords = ({ summary }: ScanDocument): string => {
  const confirmed = SEVERITIES.filter((severity) => summary.confirmed[severity] > 0).map(
    (severity) => `${summary.confirmed[severity]} ${severity}`,
  );
  const others = (["suspected", "deferred", "unknown", "suppressed"] as const)
    .filter((state) => summary.states[state] > 0)
    .map((state) => `${summary.states[state]} ${state}`);
  return [...confirmed, ...others].join(", ") || "no findings";
};

const seenWords = ({ coverage: { seen, rules } }: ScanDocument): string =>
  `${counted(rules.judged, "rule")} judged ${counted(seen.tablets, "tablet")}, ${counted(seen.shards, "shard")}, ${counted(seen.cells, "cell")}`;

/** Whether a query finds its table there is not known then, and no finding says so. */
const tableWords = ({ coverage: { seen } }: ScanDocument): string =>
  seen.tablesNotAsked === 0
    ? ""
    : `nobody asked ${counted(seen.tablesNotAsked, "shard")} for ${seen.tablesNotAsked === 1 ? "its" : "their"} tables (--all-tables does)`;

const topologyWords = ({ cluster }: ScanDocument): string => {
  const revision = cluster.revisions[cluster.globalServer];
  const horizon = cluster.historyHorizon[cluster.globalServer];
  if (revision === undefined) return "the global topology was not read";
  return `etcd revision ${revision}, ${horizon === undefined ? "no history" : `history back to revision ${Math.max(1, horizon)}`}`;
};

const endWords = ({ coverage }: ScanDocument): string => {
  const missing = coverage.unanswered.filter(({ required }) => required).length;
  const { inPart, failed } = coverage.rules;
  return [
    ...(failed.length === 0 ? [] : [`${counted(failed.length, "rule")} could not be evaluated`]),
    ...(missing === 0
      ? []
      : [
          `incomplete: ${counted(missing, "source")} did not answer${inPart.length === 0 ? "" : `, without which ${counted(inPart.length, "rule")} could not judge everything`}`,
        ]),
  ].join("; ");
};
