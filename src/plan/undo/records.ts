import type { Snapshot } from "../../snapshot/snapshot.js";
import { routingRulesKey } from "../../topology/paths.js";
import { type BegunStep, isKeyImage, type KeyImage, type PastRun } from "../past-run.js";
import type { Read } from "../refs.js";
import type { Step } from "../steps/index.js";
import { base64, globalRoot, keyFact, keyRead } from "../view/keys.js";
import { harmOf } from "./harm.js";
import { mergeBack } from "./merge.js";
import { blockedBy, by, NOTHING, noted, type WayBack } from "./way-back.js";

interface At {
  readonly server: string;
  readonly key: string;
}

/**
 * Puts a record back: byte for byte where it still is what the run wrote; where others wrote other parts of it since, only the run's
 * own part; where they wrote that part too, not at all.
 */
export const recordBack = (
  snapshot: Snapshot,
  past: PastRun,
  step: Step,
  at: At,
  image: unknown,
): WayBack => {
  const object = { key: at.key };
  const writes = writesOfRecord(past, step, at);
  // What the run wrote in several steps goes back in one, to what was before the first.
  if (writes.length > 0 && writes[0]?.step.id !== step.id) return NOTHING;
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
  const now = fact === null ? null : base64(fact.value);
  if (now === image.value || alreadyBack(past, at)) return NOTHING;
  const before = image.value;
  if (before === null)
    return noted(
      `not taken back: ${at.key} did not exist before the run, and without it the drift that the run repaired is back`,
    );
  const put = (value: string): WayBack => {
    const harm = harmOf(snapshot, step, value);
    if (harm !== null) {
      return blockedBy({
        object,
        reason: `${whatOf(step)} can not be put back: ${harm}`,
        instead: `leave ${at.key} as it is: tables or shards were moved since the run; what was there before is in before/ of the folder of run ${past.plan.id}`,
      });
    }
    return by(
      {
        kind: "record.put-back",
        server: at.server,
        key: at.key,
        modRevision: fact?.modRevision ?? 0,
        value,
        what: whatOf(step),
      },
      [
        keyRead(snapshot, at.server, at.key),
        // What a denial may hit is said by the rules.
        ...(step.kind === "denial.lift" ? [rulesRead(snapshot)] : []),
      ],
    );
  };
  if (isWritten(step, image, now) || writes.some((one) => "value" in one.step && one.step.value === now))
    return put(before);
  const merged = mergeBack(step, before, now);
  if (merged.kind === "as-before") return NOTHING;
  if (merged.kind === "put") return put(merged.value);
  return blockedBy({
    object,
    reason: `${whatOf(step)} can not be put back: ${merged.reason}`,
    instead: `compare ${at.key} with before/ in the folder of run ${past.plan.id}, and put back by vtctldclient what should be`,
  });
};

/** The steps of the run that wrote the whole record of this key, in its order. */
const writesOfRecord = (past: PastRun, step: Step, { server, key }: At): readonly BegunStep[] =>
  step.kind !== "srvkeyspace.update" && step.kind !== "srvkeyspace.rebuild"
    ? []
    : past.begun.filter(
        ({ step: other }) => other.kind === step.kind && other.server === server && other.key === key,
      );

/** Whether the key still has what the step wrote: its image says so, or the step itself does. */
const isWritten = (step: Step, image: KeyImage, now: string | null): boolean => {
  const written = image.becomes ?? ("value" in step ? step.value : undefined);
  return image.becomes === null ? now === null : now !== null && now === written;
};

const serverAnswered = (snapshot: Snapshot, server: string): boolean =>
  snapshot.rows("topo_server", { server, answered: 1 }).length > 0;

/** An earlier undo put it back, and what changed since is not the run's. */
const alreadyBack = (past: PastRun, { server, key }: At): boolean =>
  past.followers.some(({ done }) =>
    done.some((step) => step.kind === "record.put-back" && step.server === server && step.key === key),
  );

const rulesRead = (snapshot: Snapshot): Read => {
  const { server, root } = globalRoot(snapshot);
  return keyRead(snapshot, server, routingRulesKey(root));
};

const whatOf = (step: Step): string => {
  switch (step.kind) {
    case "denial.lift":
      return `the denied tables ${step.tables.join(", ")} of ${step.keyspace}/${step.shard}`;
    case "routing.remove":
      return `the routing rules from ${step.fromTables.join(", ")}`;
    case "vschema.remove-tables":
      return `the tables ${step.tables.join(", ")} of the VSchema of ${step.keyspace}`;
    case "srvkeyspace.rebuild":
    case "srvkeyspace.update":
      return `the routing of ${step.keyspace} in cell ${step.cell}`;
    case "record.remove":
      return `the ${step.of} record of ${step.keyspace}/${step.shard}`;
    default:
      return "the record from before";
  }
};
