import type { StreamRuleRow, SwitchSignRow } from "../../../snapshot/gen/tables.js";
import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { Draft, DraftStep, Obstacle, Stopping } from "../../draft.js";
import type { Process } from "../../facts/processes.js";
import type { StreamFact, StreamGroup } from "../../facts/stream-facts.js";
import type { ShardRecord, ShardRef } from "../../facts/topology.js";
import type { Premise } from "../../fields.js";

/** One side's shard of a workflow with what runs for it. */
export interface Side extends ShardRef {
  readonly record: ShardRecord | null;
  readonly processes: readonly Process[];
  readonly primaries: readonly Process[];
}

/** A workflow that is to be cancelled, with everything of it that is still there. */
export interface CancelSubject {
  readonly keyspace: string;
  readonly workflow: string;
  readonly kind: string;
  readonly sourceKeyspace: string;
  readonly streams: readonly StreamFact[];
  readonly targets: readonly Side[];
  readonly sources: readonly Side[];
  /** Further targets, which a cancel that went wrong has left in pieces: they are seen to beside. */
  readonly apart: readonly Side[];
  /** Its own streams, by tablet. */
  readonly groups: readonly StreamGroup[];
  /** Copies of reference-table streams that Reshard made on the targets (docs/vitess.md#reference-copies). */
  readonly references: readonly StreamGroup[];
  /** `<workflow>_reverse` on the sources. */
  readonly reverse: readonly StreamGroup[];
}

export const isOrphaned = (side: Side): boolean =>
  side.record === null && side.processes.some((process) => process.shardRecord === "absent");

/** What a cancel must know of a type of workflow. */
export interface CancelType {
  /** What a sign of a switch says against a cancel; null where such a workflow may go all the same. `keep`: its tables stay. */
  forbidding(sign: SwitchSignRow, keep: boolean): Obstacle | null;
  /** Whether its rules name each table, as what belongs to it is found by those names. */
  readonly namesTables: boolean;
  /** What "not switched" was concluded from. */
  restsOn(snapshot: Snapshot, subject: CancelSubject): readonly Premise[];
  /** Whether a shard of the target keyspace that shows no stream of it could have one. */
  couldTarget(record: ShardRecord): boolean;
  /** Whether this rule of a stream from a shard into itself reads the table that it writes. */
  readsItsTable(rule: Pick<StreamRuleRow, "match" | "filter">): boolean;
  /** Further streams that it made on its targets. */
  copies(
    snapshot: Snapshot,
    targets: readonly Process[],
    sources: readonly Process[],
    workflow: string,
  ): readonly StreamGroup[];
  /** What of the topology goes with it. */
  records(snapshot: Snapshot, subject: CancelSubject, options: RecordOptions): RecordSteps;
  /** Whether its tables stay where nobody said: they are often used for themselves. */
  readonly keepsData: boolean;
  /** How its target shards leave behind its cancel; null: they serve more than it. */
  readonly retirement: Retirement | null;
}

interface Retirement {
  /** What forbids it, beside what forbids the cancel, which has proven already that no traffic was switched there. */
  refusals(snapshot: Snapshot, subject: CancelSubject, stopping: Stopping): readonly Obstacle[];
  draft(
    snapshot: Snapshot,
    subject: CancelSubject,
    options: { readonly stopping: Stopping; readonly purge: boolean },
  ): Draft;
}

interface RecordOptions {
  readonly keep: boolean;
  readonly keepRoutingRules: boolean;
}

/** Steps by when they come: before the reverse streams go, before its own rows go, at the very end. */
export interface RecordSteps {
  readonly denials: readonly DraftStep[];
  readonly routing: readonly DraftStep[];
  readonly last: readonly DraftStep[];
  /** What an operator should know before saying yes. */
  readonly notes: readonly string[];
}

export const NO_RECORDS: RecordSteps = { denials: [], routing: [], last: [], notes: [] };

/** A workflow of a type whose cancel vtdoctor knows. */
export interface Cancellable extends CancelSubject {
  readonly type: CancelType;
}
