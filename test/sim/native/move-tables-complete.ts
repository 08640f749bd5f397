import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native, refuse } from "../../../src/sim/native/operation.js";
import { dropReverseStreams } from "../../../src/sim/native/reshard-cancel.js";
import { rebuildSrvVSchema } from "../../../src/sim/native/serving-graph.js";
import { deleteStreams, loadWorkflow, movedTables } from "../../../src/sim/native/workflow.js";
import { allowTables } from "./denied-tables.js";
import { dropTables, underBothKeyspaces } from "./move-tables-cancel.js";
import { putRules, removeFromVSchema, rulesNow, withoutTables } from "./table-routing.js";

/** `MoveTables complete` of v22 to v24 (docs/vitess.md#complete, docs/vitess.md#movetables-records). */
export function* moveTablesComplete(cluster: SimCluster, keyspace: string, name: string): Native {
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const workflow = loaded.value;
  const { sourceKeyspace, sources, targets } = workflow;
  if (targets.some(({ rows }) => rows.some(({ message }) => message !== "FROZEN")))
    return refuse(
      `cannot complete workflow ${keyspace}.${name} because you have not yet switched all read and write traffic`,
    );
  const tables = movedTables(workflow);
  const { version } = cluster;
  const target = { kind: "workflow", keyspace, workflow: name } as const;
  return yield* underLock(cluster, { target, action: "MoveTablesComplete", version }, () =>
    underBothKeyspaces(cluster, workflow, "DropSources", function* (): Native {
      yield* dropTables(sourceKeyspace, sources, tables);
      yield* removeFromVSchema(cluster, sourceKeyspace, tables);
      yield* allowTables(cluster, sourceKeyspace, sources, tables);
      yield* allowTables(cluster, keyspace, targets, tables);
      yield* dropReverseStreams(workflow);
      for (const { tablet, shard } of targets) {
        deleteStreams(tablet, name);
        yield `delete streams of ${name} on ${keyspace}/${shard}`;
      }
      yield* putRules(cluster, withoutTables(rulesNow(cluster), workflow, tables));
      yield* rebuildSrvVSchema(cluster, version);
      return done;
    }),
  );
}
