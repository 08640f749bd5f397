import type { StreamRow } from "../gen/tables.js";

/** A logical workflow: the streams of one name into one keyspace. */
export interface WorkflowStreams {
  readonly keyspace: string;
  readonly workflow: string;
  readonly kind: string;
  readonly migration: "shards" | "tables";
  readonly sourceKeyspace: string;
  readonly streams: readonly StreamRow[];
  readonly targetShards: readonly string[];
  readonly sourceShards: readonly string[];
  readonly partner: string;
  readonly isReverse: boolean;
  readonly migrationId: string;
  readonly journalFound: boolean;
  /** A tablet that has that journal, its primary before others; '' where none. */
  readonly journalHolder: string;
}
