import type { Finding } from "../../src/findings/finding.js";
import type { CancelRequest, FixRequest } from "../../src/plan/draft.js";
import type { Plan } from "../../src/plan/plan.js";
import { planCancel, planFix } from "../../src/plan/planning.js";
import type { Step } from "../../src/plan/steps/index.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { judge } from "../../src/rules/judge.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";

const RULES = loadRules([SHIPPED_RULES]);
const CONTEXT = {
  now: 1_795_600_000_000,
  ids: () => "r1",
  judge: (snapshot: Snapshot) =>
    judge(snapshot, RULES, { now: 1_795_600_000_000, earlier: null, suppressions: [] }),
};

const ASKED = { command: "vtdoctor", restoredTopologyConfirmed: false };

const FIX: FixRequest = {
  ...ASKED,
  findings: null,
  keyspaces: null,
  orphans: null,
  stopping: null,
  vtctld: null,
};

/** Facts in, plan out, with the shipped rules between; or with what other rules found. */
export const fixOf = (
  facts: Facts,
  wanted: Partial<FixRequest> = {},
  findings: readonly Finding[] = findingsOf(facts),
): Plan => within(facts, (snapshot) => planFix(snapshot, findings, { ...FIX, ...wanted }, CONTEXT));

/** The same was seen a minute before, so that nothing is a passing moment. */
export const findingsOf = (facts: Facts): readonly Finding[] =>
  within(facts, (snapshot) =>
    within(minuteBefore(facts), (earlier) =>
      judge(snapshot, RULES, { now: CONTEXT.now, earlier, suppressions: [] }),
    ),
  );

const minuteBefore = (facts: Facts): Facts => ({
  ...facts,
  meta: facts.meta.map((row) =>
    row.name === "taken_at_ms" ? { ...row, value: String(Number(row.value) - 60_000) } : row,
  ),
});

const CANCEL: CancelRequest = {
  ...ASKED,
  keyspace: "customer",
  workflow: "c2",
  keepData: null,
  missingOk: false,
  keepRoutingRules: false,
  purge: false,
  restoreSecondaryKeys: false,
  retire: null,
  vtctld: null,
};

export const cancelOf = (facts: Facts, wanted: Partial<CancelRequest> = {}): Plan =>
  within(facts, (snapshot) => planCancel(snapshot, { ...CANCEL, ...wanted }, CONTEXT));

const within = <T>(facts: Facts, use: (snapshot: Snapshot) => T): T => {
  const snapshot = Snapshot.of(facts);
  try {
    return use(snapshot);
  } finally {
    snapshot.close();
  }
};

/** Kinds of the steps, in order; of a write with the type of its record. */
export const kinds = (plan: Plan): readonly string[] => plan.stages.flatMap(({ steps }) => steps.map(nameOf));

const nameOf = (step: Step): string =>
  step.kind === "record.write" ? `${step.kind} ${step.record.kind}` : step.kind;
