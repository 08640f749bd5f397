import {
  at,
  blocked,
  constant,
  filled,
  list,
  lock,
  mapOf,
  oneOf,
  optional,
  pattern,
  premise,
  record,
  text,
  type ValueOf,
  whole,
} from "./fields.js";
import { step } from "./steps/index.js";

/** A record that lives long, as it was: by it a cluster is known again. A look-alike has other revisions, or other bytes at the same ones. */
const mark = record({
  ...at,
  createRevision: whole,
  modRevision: whole,
  /** Hex, of the value. */
  sha256: pattern("^[0-9a-f]{64}$"),
});
export type ClusterMark = ValueOf<typeof mark>;

const cluster = record({
  globalServer: filled,
  globalRoot: filled,
  /** server -> etcd cluster id, of the servers of `roots`. Clusters that were configured alike share it, so `marks` go with it. */
  clusterIds: mapOf(text),
  marks: list(mark),
  roots: list(record({ name: filled, server: filled, root: text })),
});
export type PlanCluster = ValueOf<typeof cluster>;

/** Steps that run under the same Vitess locks, in order. Locks are taken at its start and given back at its end. */
const stage = record({ title: text, locks: list(lock), steps: list(step) });
export type Stage = ValueOf<typeof stage>;

/** What becomes of queries while the plan runs and after it, by playing it on the snapshot (docs/decisions.md#d24); in words, short ones. */
const foreseen = record({
  /** Names, each of a cell and tablet type, that were judged. */
  paths: whole,
  /** Steps after which they were judged again, as those can change where queries lead or who serves them. */
  looks: whole,
  /** That lead elsewhere then, to a place that is proven to have the same rows. */
  elsewhere: list(text),
  /** That only what is taken away had made. */
  taken: list(text),
  /** That are served then and are not now. */
  found: list(text),
  /** What the rules find then that is worth a warning and was not there; of an undo only: any other plan is refused for it. */
  alarms: list(text),
  /** All names, as clients write them, that `elsewhere` and `taken` are about. */
  names: record({ elsewhere: list(text), taken: list(text) }),
});
export type Foreseen = ValueOf<typeof foreseen>;

export const NO_NAMES: Foreseen["names"] = { elsewhere: [], taken: [] };

/**
 * What `fix --dry-run` prints and `fix` executes: the same value (docs/decisions.md#d13). It can be written to a file, reviewed, and run
 * once. Bytes are base64. Everything that a step needs is in it; nothing is looked up again except to re-check.
 */
export const PLAN = record({
  kind: constant("vtdoctor-plan"),
  schema: constant(1),
  id: pattern("^[a-z0-9]+$"),
  operation: oneOf("fix", "cancel", "undo", "purge"),
  /** The run that `undo` takes back, or whose held tables `purge` drops. */
  run: optional(pattern("^[a-z0-9]+$")),
  /** The command line that made it, without secrets. */
  command: text,
  /** Unix milliseconds, as `expiresAt`. */
  createdAt: whole,
  expiresAt: whole,
  cluster,
  /** Finding ids that it repairs. */
  repairs: list(text),
  /** Everything it was decided on; each is read again before the first step, and a difference makes the plan stale (exit 4). */
  premises: list(premise),
  stages: list(stage),
  /** What was asked for and can not be done now, and why. */
  blocked: list(blocked),
  /** What an operator should know before saying yes. */
  notes: list(text),
  /** Absent where the plan has no steps; of a plan from a file it is found again. */
  foreseen: optional(foreseen),
});
export type Plan = ValueOf<typeof PLAN>;
