import type { Coverage, SourceCount, UnansweredSource } from "../findings/coverage.js";
import type { ClusterInfo } from "../findings/document.js";
import type { Finding } from "../findings/finding.js";
import { readCircumstances, readMeta } from "./circumstances.js";
import type { Queryable, Rule } from "./rule.js";
import { RULE_FAILED } from "./rule-failed.js";

/** Which cluster a snapshot is of, and at which revisions. */
export const readCluster = (snapshot: Queryable): ClusterInfo => {
  const servers = snapshot.rows("topo_server");
  const known = (pick: "revision" | "horizon"): Readonly<Record<string, number>> =>
    Object.fromEntries(servers.flatMap((row) => (row[pick] === null ? [] : [[row.server, row[pick]]])));
  const [root] = snapshot.rows("topo_root", { name: "global" });
  return {
    globalServer: root?.server ?? readMeta(snapshot, "global_server") ?? "",
    root: root?.root ?? readMeta(snapshot, "global_root") ?? "",
    takenAt: Number(readMeta(snapshot, "taken_at_ms") ?? 0),
    revisions: known("revision"),
    historyHorizon: known("horizon"),
  };
};

const TABLES_NOT_ASKED = `(
  SELECT DISTINCT keyspace, shard FROM srv_partition WHERE tablet_type = 'PRIMARY'
    AND (keyspace, shard) IN (SELECT keyspace, shard FROM process WHERE same_cluster = 1)
    AND (keyspace, shard) NOT IN (SELECT p.keyspace, p.shard FROM process p JOIN probe q USING (address) WHERE q.channel = 'schema'))`;

/** What the snapshot could and could not see, and which rules that leaves unjudged (docs/decisions.md#d10). `findings`: what the rules said of it. */
export const readCoverage = (
  snapshot: Queryable,
  rules: readonly Rule[],
  findings: readonly Finding[],
): Coverage => {
  const count = (table: string): number =>
    snapshot.all<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)[0]?.n ?? 0;
  const unanswered = readCircumstances(snapshot).silences.map(
    ({ domain, subject, reason, message, required }): UnansweredSource => ({
      domain,
      subject,
      reason,
      message,
      required: required === 1,
      rules: rules.filter(({ needs }) => needs.some((need) => need === domain)).map(({ id }) => id),
    }),
  );
  return {
    seen: {
      cells: count("cell"),
      keyspaces: count("keyspace"),
      shards: count("shard"),
      tablets: count("live_tablet"),
      streams: count("stream"),
      tablesNotAsked: count(TABLES_NOT_ASKED),
    },
    rules: rulesOf(rules, findings, unanswered),
    sources: snapshot.all<SourceCount>(
      "SELECT source, count(DISTINCT address) AS addresses FROM witness GROUP BY source ORDER BY source",
    ),
    unanswered,
  };
};

const rulesOf = (
  rules: readonly Rule[],
  findings: readonly Finding[],
  unanswered: readonly UnansweredSource[],
): Coverage["rules"] => {
  const failed = findings
    .filter(({ rule }) => rule === RULE_FAILED)
    .flatMap(({ object }) => object.rule ?? [])
    .toSorted();
  const limited = new Set(unanswered.filter(({ required }) => required).flatMap((one) => one.rules));
  return {
    judged: rules.length - failed.length,
    inPart: rules.map(({ id }) => id).filter((id) => limited.has(id) && !failed.includes(id)),
    failed,
  };
};
