import type { Snapshot } from "../../snapshot/snapshot.js";
import { leftBy } from "../compose.js";
import type { DraftStep } from "../draft.js";
import { base64, keyFact, keyPremise, routingRulesPremise } from "../facts/topology.js";
import { type BegunStep, isKeyImage, type PastRun } from "../past-run.js";
import { mergeBack, type RecordChange, subjectOfChange } from "../records/change.js";
import type { RecordName } from "../records/record-registry.js";
import type { Bytes } from "../records/record-type.js";
import { denies } from "../records/shard.js";
import type { Step, StepOf } from "../steps/index.js";
import { harmOf } from "./harm.js";
import { blockedBy, by, type InverseSteps, NOTHING } from "./inverse-steps.js";

interface KeyRef {
  readonly server: string;
  readonly key: string;
}

type Writing = StepOf<"record.write" | "record.remove">;

interface Written {
  readonly step: Writing;
  /** What the run kept of the record before it. */
  readonly image: unknown;
  /** The begun steps of its stage. */
  readonly ofStage: readonly BegunStep[];
  /** Those of the undo that come before. */
  readonly earlier: readonly DraftStep[];
}

/**
 * Puts a record back: byte for byte where it still is what the run wrote; where others wrote other parts of it since, only the run's
 * own part; where they wrote that part too, not at all.
 */
export const recordBack = (
  snapshot: Snapshot,
  past: PastRun,
  { step, image, ofStage, earlier }: Written,
): InverseSteps => {
  const at = { server: step.server, key: step.key };
  const object = { key: at.key };
  const writes = writesOfRecord(ofStage, at);
  // What a stage wrote in several steps goes back in one, to what was before the first.
  if (writes[0]?.id !== step.id) return NOTHING;
  if (!isKeyImage(image)) {
    return blockedBy({
      object,
      reason: `the folder of run ${past.plan.id} has no image of ${at.key} from before`,
      instead: "restore the folder from a backup, or put the record back with vtctldclient",
    });
  }
  if (!serverAnswered(snapshot, at.server)) {
    return blockedBy({
      object,
      reason: `${at.server} did not answer`,
      instead: "make it answer, then undo again",
    });
  }
  const fact = keyFact(snapshot, at.server, at.key);
  const left = leftBy(earlier, at);
  const now = left !== undefined ? left : fact === null ? null : base64(fact.value);
  if (alreadyBack(past, at)) return NOTHING;
  const record = recordOf(step);
  const before = step.kind === "record.write" ? step.before : image.value;
  // The last of them may not have had its effect.
  const changes = writes.map((one) => ({ record, before, after: writtenBy(one) })).reverse();
  const ways = changes.map((change) => ({ change, way: mergeBack(change, now) }));
  const { change, way } = ways.find((one) => one.way.kind !== "conflict") ??
    ways[0] ?? { change: null, way: null };
  if (change === null || way.kind === "as-wanted") return NOTHING;
  const words = `${subjectOfChange(change)} can not be ${before === null ? "deleted again" : "put back"}`;
  if (way.kind === "conflict") {
    return blockedBy({
      object,
      reason: `${words}: ${way.reason}`,
      instead: `compare ${at.key} with before/ in the folder of run ${past.plan.id}, and put back by vtctldclient what should be`,
    });
  }
  const back: RecordChange = { record, before: now, after: way.value };
  const harm = harmOf(snapshot, back, earlier);
  if (harm !== null) {
    return blockedBy({
      object,
      reason: `${words}: ${harm}`,
      instead: `leave ${at.key} as it is: tables or shards were moved since the run; what was there before is in before/ of the folder of run ${past.plan.id}`,
    });
  }
  const modRevision = left === undefined ? (fact?.modRevision ?? 0) : null;
  return by({ kind: "record.write", ...at, modRevision, ...back, takesBack: true }, [
    keyPremise(snapshot, at.server, at.key),
    // What a denial may hit is said by the rules.
    ...(denies(back).length === 0 ? [] : [routingRulesPremise(snapshot)]),
  ]);
};

export const writesRecord = (step: Step): step is Writing =>
  step.kind === "record.write" || step.kind === "record.remove";

/** The steps that wrote this key, in the order of the run. */
const writesOfRecord = (begun: readonly BegunStep[], { server, key }: KeyRef): readonly Writing[] =>
  begun
    .map(({ step }) => step)
    .filter(writesRecord)
    .filter((step) => step.server === server && step.key === key);

const writtenBy = (step: Writing): Bytes => (step.kind === "record.write" ? step.after : null);

const recordOf = (step: Writing): RecordName => {
  if (step.kind === "record.write") return step.record;
  const { keyspace, shard } = step;
  switch (step.of) {
    case "Tablet":
      return { kind: "tablet", alias: step.key.split("/").at(-2) ?? "" };
    case "ShardReplication":
      return { kind: "shard-replication", keyspace, shard };
    case "Shard":
      return { kind: "shard", keyspace, shard };
  }
};

const serverAnswered = (snapshot: Snapshot, server: string): boolean =>
  snapshot.rows("topo_server", { server, answered: 1 }).length > 0;

/** An earlier undo put it back, and what changed since is not the run's. */
const alreadyBack = (past: PastRun, { server, key }: KeyRef): boolean =>
  past.laterRuns.some(({ done }) =>
    done.some((step) => step.kind === "record.write" && step.server === server && step.key === key),
  );
