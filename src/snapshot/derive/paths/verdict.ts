/** Whether queries are served; the reasons are those of `query_path` in `schema.sql`. */
export interface Verdict {
  readonly kind: "served" | "unserved" | "ambiguous" | "unknown";
  /** '' where served. */
  readonly reason: string;
  readonly detail: string;
  /** `keyspace/shard` that the reason is about. */
  readonly shards: readonly string[];
}

export const SERVED: Verdict = { kind: "served", reason: "", detail: "", shards: [] };
