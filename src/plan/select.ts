import { UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import type { Finding } from "../findings/finding.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import type { FixRequest } from "./context.js";

/** The findings that were asked for. Throws `UsageError` for a name that neither the findings nor the cluster has. */
export const selectFindings = (
  snapshot: Snapshot,
  findings: readonly Finding[],
  request: Pick<FixRequest, "findings" | "keyspaces">,
): readonly Finding[] => {
  const ids = findings.map((finding) => finding.id);
  for (const id of request.findings ?? [])
    if (!ids.includes(id)) throw new UsageError(`there is no finding ${id}.${didYouMean(id, ids)}`);
  const known = knownKeyspaces(snapshot, findings);
  for (const keyspace of request.keyspaces ?? [])
    if (!known.includes(keyspace))
      throw new UsageError(`--keyspace: there is no keyspace ${keyspace}.${didYouMean(keyspace, known)}`);
  return findings.filter(
    (finding) =>
      (request.findings?.includes(finding.id) ?? finding.state !== "suppressed") &&
      (request.keyspaces?.includes(finding.object.keyspace ?? "") ?? true),
  );
};

/** The finding that the others follow from, as far as `among` has it. */
export const rootOf = (finding: Finding, among: readonly Finding[]): Finding => {
  const byId = new Map(among.map((other) => [other.id, other]));
  const seen = new Set<string>();
  let root = finding;
  while (root.causedBy !== null && !seen.has(root.id)) {
    seen.add(root.id);
    const cause = byId.get(root.causedBy);
    if (cause === undefined) break;
    root = cause;
  }
  return root;
};

/** Also keyspaces of which only running processes are left. */
const knownKeyspaces = (snapshot: Snapshot, findings: readonly Finding[]): readonly string[] => {
  const rows = snapshot.all<{ keyspace: string }>(
    "SELECT keyspace FROM keyspace UNION SELECT keyspace FROM process WHERE same_cluster = 1 ORDER BY keyspace",
  );
  const found = findings.flatMap((finding) => finding.object.keyspace ?? []);
  return [...new Set([...rows.map((row) => row.keyspace), ...found])];
};
