import { srvVSchemaKey } from "../topology/paths.js";
import { distinct } from "./distinct.js";
import type { Plan, PlanCluster, Step, TabletRef } from "./plan.js";

/** One thing that a step changes. Whatever is not in the write-set of a plan is equal before and after it (docs/decisions.md#p3). */
export type Write =
  | { readonly kind: "topo-key"; readonly server: string; readonly key: string }
  /** `id` of `_vt.vreplication`, with its copy_state and post_copy_action. */
  | { readonly kind: "stream-row"; readonly alias: string; readonly workflow: string; readonly id: number }
  | { readonly kind: "vdiff"; readonly alias: string; readonly keyspace: string; readonly workflow: string }
  /** A row of `_vt.resharding_journal`. */
  | { readonly kind: "journal"; readonly alias: string; readonly id: string }
  | { readonly kind: "table"; readonly alias: string; readonly schema: string; readonly table: string }
  /** The tablet reads its records again; nothing else in it changes. */
  | { readonly kind: "tablet-state"; readonly alias: string }
  /** The process ends, or becomes a primary; its MySQL runs on. */
  | { readonly kind: "process"; readonly alias: string };

/** Everything that the steps change, each once, in the order of the plan. Locks come and go with the run and are not in it. */
export const writeSet = (plan: Pick<Plan, "stages" | "cluster">): readonly Write[] => {
  const writes = plan.stages.flatMap((stage) => stage.steps).flatMap((step) => writesOf(step, plan.cluster));
  return distinct(writes);
};

/** Tablets that a plan changes something on, or registers. */
export const touchedTablets = (plan: Pick<Plan, "stages">): readonly string[] =>
  [
    ...new Set(
      plan.stages
        .flatMap((stage) => stage.steps)
        .flatMap((step) => ("tablet" in step ? [step.tablet.alias] : [])),
    ),
  ].sort();

const writesOf = (step: Step, cluster: PlanCluster): readonly Write[] => {
  switch (step.kind) {
    case "stream.stop":
    case "stream.restart":
    case "stream.delete":
    case "row.clear":
      return step.rows.map(({ id }) => ({
        kind: "stream-row",
        alias: step.tablet.alias,
        workflow: step.workflow,
        id,
      }));
    case "vdiff.delete":
      return [{ kind: "vdiff", alias: step.tablet.alias, keyspace: step.keyspace, workflow: step.workflow }];
    // A table whose copy begins after the plan was made is not known here.
    case "keys.export":
      return step.apply
        ? tables(step.tablet, step.dbName, [...new Set(step.actions.map((action) => action.table))])
        : [];
    case "table.hold":
    case "table.return":
      return [
        ...tables(step.tablet, step.dbName, step.tables),
        ...tables(step.tablet, step.holdSchema, step.tables),
      ];
    case "table.drop":
      return tables(step.tablet, step.dbName, step.tables);
    case "hold.drop":
      return tables(step.tablet, step.holdSchema, step.tables);
    case "record.put-back":
    case "record.remove":
    case "denial.lift":
    case "routing.remove":
    case "vschema.remove-tables":
    case "shard.restore":
    case "lock.clear":
    case "srvkeyspace.rebuild":
    case "srvkeyspace.update":
      return [{ kind: "topo-key", server: step.server, key: step.key }];
    case "tablet.restore":
      return [
        { kind: "topo-key", server: step.server, key: step.key },
        { kind: "topo-key", server: step.server, key: step.replicationKey },
      ];
    case "srvvschema.rebuild":
      return cluster.roots
        .filter(({ name }) => step.cells.includes(name))
        .map(({ server, root }) => ({ kind: "topo-key", server, key: srvVSchemaKey(root) }));
    case "journal.delete":
      return [{ kind: "journal", alias: step.tablet.alias, id: step.journal }];
    case "ghost.stop":
      return [{ kind: "stream-row", alias: step.tablet.alias, workflow: step.workflow, id: step.stream }];
    case "tablet.refresh":
      return [{ kind: "tablet-state", alias: step.tablet.alias }];
    case "shard.elect":
      return [
        { kind: "topo-key", server: step.server, key: step.key },
        { kind: "topo-key", server: step.record.server, key: step.record.key },
        { kind: "process", alias: step.alias },
      ];
    case "tablet.stop":
      return [{ kind: "process", alias: step.tablet.alias }];
    case "tablet.stay-away":
    case "stream.verify-stopped":
    case "stream.verify-gone":
    case "shard.await-primary":
      return [];
  }
};

const tables = (tablet: TabletRef, schema: string, names: readonly string[]): readonly Write[] =>
  names.map((table) => ({ kind: "table", alias: tablet.alias, schema, table }));
