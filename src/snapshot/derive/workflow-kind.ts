import type { StreamSource } from "../../cluster/stream-source.js";

/** binlogdata.VReplicationWorkflowType (docs/vitess.md#stream-rows). */
const KINDS = ["Materialize", "MoveTables", "CreateLookupIndex", "Migrate", "Reshard", "OnlineDDL"] as const;

type WorkflowKind = (typeof KINDS)[number];

/** A row of a later Vitess, or a damaged one, may name another. */
const isWorkflowKind = (kind: string): kind is WorkflowKind => (KINDS as readonly string[]).includes(kind);

/**
 * Where the switch of a kind shows: in what its shards serve, or in the routing and denial of its tables. `use`: it is never switched, but
 * rules may lead to its tables.
 */
const SHOWS_IN: Readonly<Record<WorkflowKind, "shards" | "tables" | "use" | "nothing">> = {
  Reshard: "shards",
  MoveTables: "tables",
  Migrate: "tables",
  Materialize: "use",
  CreateLookupIndex: "nothing",
  OnlineDDL: "nothing",
};

export const switchShowsIn = (kind: string) => (isWorkflowKind(kind) ? SHOWS_IN[kind] : "nothing");

/** Online DDL names its workflow with the migration's UUID, with underscores. */
const MIGRATION_UUID = /^[0-9a-f]{8}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{12}$/;

/** What a stream is for (docs/vitess.md#stream-kind): the type column is 0 in very old rows. */
export const workflowKind = (workflow: string, type: number | null, source: StreamSource): string => {
  if (type === 5 || MIGRATION_UUID.test(workflow)) return "OnlineDDL";
  if (source.externalCluster !== "") return "Migrate";
  return KINDS[type ?? 0] ?? `type ${type}`;
};
