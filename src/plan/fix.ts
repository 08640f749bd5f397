import { UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import type { Finding } from "../findings/finding.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { behind } from "./compose.js";
import { type Draft, EMPTY_DRAFT, type FixRequest } from "./draft.js";
import type { Blocked } from "./fields.js";
import type { Played } from "./foresight/play.js";
import { soundParts } from "./foresight/sound.js";
import { RECIPES } from "./gen/recipes.js";
import { inOrder } from "./repair.js";
import { refuseOlderSnapshot, refuseRestoredTopology } from "./unfit-snapshot.js";

/**
 * One repair of all the selected findings (docs/decisions.md#d13). `findings` are all of the scan's: a finding that follows from another is repaired by
 * its root's recipe. Only confirmed ones are acted on; the others are listed in `blocked` with what keeps them.
 * Throws `UsageError` for an unknown finding or keyspace, `RefusedError` where a topology that looks restored from a backup forbids any
 * repair.
 */
export const fixRepair = (
  snapshot: Snapshot,
  findings: readonly Finding[],
  request: FixRequest,
  playedAs: (draft: Draft) => Played,
): PlayedDraft => {
  const selected = selectFindings(snapshot, findings, request);
  const roots = distinct(selected.map((finding) => rootOf(finding, selected)));
  const news = request.findings === null ? roots.filter((root) => isNews(root, selected)) : [];
  const [left, unasked] = [news.filter(byHand), news.filter(asks)];
  const wanted = roots.filter((root) => ![...left, ...unasked].includes(root));
  const certain = wanted.filter((finding) => finding.state === "confirmed");
  const parts = inOrder(RECIPES).flatMap(({ name, drafts, besides }) => {
    const own = certain.filter((finding) => finding.repair.recipe === name);
    if (own.length === 0) return [];
    const blocked = besides?.(snapshot, own, request) ?? [];
    return [...drafts(snapshot, own, request), { ...EMPTY_DRAFT, blocked }];
  });
  const { kept, refused, played } = soundParts(parts, (some) => {
    const draft = some.reduce(behind, EMPTY_DRAFT);
    return { draft, played: playedAs(draft) };
  });
  const joined = [
    ...kept,
    ...refused,
    { ...EMPTY_DRAFT, blocked: certain.filter(byHand).map(manual) },
    { ...EMPTY_DRAFT, blocked: wanted.filter((finding) => finding.state !== "confirmed").map(uncertain) },
    { ...EMPTY_DRAFT, notes: [...leftFor(NO_REPAIR, left), ...leftFor(UNNAMED, unasked)] },
  ].reduce(behind, EMPTY_DRAFT);
  if (wanted.length > 0) refuseOlderSnapshot(snapshot);
  if (wanted.length > 0) refuseRestoredTopology(snapshot, request.restoredTopologyConfirmed);
  return { draft: withConsequences(joined, findings), played };
};

interface PlayedDraft {
  readonly draft: Draft;
  /** What its steps were foreseen to do. */
  readonly played: Played;
}

const distinct = (findings: readonly Finding[]): readonly Finding[] =>
  [...new Map(findings.map((finding) => [finding.id, finding])).values()].sort((a, b) =>
    a.id < b.id ? -1 : 1,
  );

/** What followed from a repaired finding is repaired with it. */
const withConsequences = (draft: Draft, findings: readonly Finding[]): Draft => ({
  ...draft,
  repairs: findings
    .filter((finding) => draft.repairs.includes(rootOf(finding, findings).id))
    .map((finding) => finding.id)
    .concat(draft.repairs),
});

const asks = (finding: Finding): boolean =>
  RECIPES.some(({ name, asks }) => name === finding.repair.recipe && asks === true);

const byHand = (finding: Finding): boolean => !RECIPES.some(({ name }) => name === finding.repair.recipe);

/** Information, of which nothing worse follows. */
const isNews = (root: Finding, selected: readonly Finding[]): boolean =>
  selected.every((finding) => finding.severity === "info" || rootOf(finding, selected).id !== root.id);

/** One line, however many they are. */
const leftFor = (why: string, findings: readonly Finding[]): readonly string[] =>
  findings.length === 0 ? [] : [`left as it is, for ${why}: ${findings.map(({ id }) => id).join(", ")}`];

const NO_REPAIR =
  "it is information and vtdoctor has no repair of it (vtdoctor explain FINDING says what a person can do)";
const UNNAMED = "it may be meant: it is repaired only where it is named";

/** A finding that vtdoctor only explains: the commands are the operator's to run (class `manual`, docs/decisions.md#d14). */
const manual = (finding: Finding): Blocked => ({
  object: finding.object,
  finding: finding.id,
  reason:
    finding.repair.class === "none"
      ? `${finding.id} needs no repair: ${finding.impact}`
      : `${finding.id} is not repaired by vtdoctor`,
  instead: finding.repair.steps.join("; ") || finding.repair.command || `vtdoctor explain ${finding.id}`,
});

const uncertain = (finding: Finding): Blocked => ({
  object: finding.object,
  finding: finding.id,
  reason: `${finding.id} is ${finding.state}, not confirmed: ${finding.because}`,
  instead:
    finding.state === "suppressed"
      ? "take the suppression away if it is to be repaired"
      : "scan again when that is over; nothing is repaired on a guess",
});

/** The findings that were asked for. Throws `UsageError` for a name that neither the findings nor the cluster has. */
const selectFindings = (
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
const rootOf = (finding: Finding, among: readonly Finding[]): Finding => {
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
