import type { SimCluster } from "../../../src/sim/cluster.js";
import { mysqlJson } from "../../../src/sim/mysql-data.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native, refuse } from "../../../src/sim/native/operation.js";
import { copySchema } from "../../../src/sim/native/reshard-create.js";
import { rebuildSrvVSchema } from "../../../src/sim/native/serving-graph.js";
import { insertStream, primaryOf, updateStreams } from "../../../src/sim/native/workflow.js";
import { MOVE_TABLES } from "../../../src/sim/stream-row.js";
import type { SimTablet } from "../../../src/sim/tablet.js";
import { denyTables } from "./denied-tables.js";
import { addToVSchema, putRules, READS, rulesNow } from "./table-routing.js";

export interface MoveTablesCreate {
  /** Of the target, which is not sharded. */
  readonly keyspace: string;
  readonly workflow: string;
  readonly sourceKeyspace: string;
  readonly tables: readonly string[];
  readonly cell: string;
  readonly noRoutingRules?: boolean;
}

/**
 * `MoveTables create` of v21 to v24 into an unsharded keyspace (docs/vitess.md#movetables-records): rules and denied tables point to the
 * source.
 */
export function* moveTablesCreate(cluster: SimCluster, options: MoveTablesCreate): Native {
  const { keyspace, workflow, sourceKeyspace, tables } = options;
  const { topology, version } = cluster;
  const [shard] = topology.shards(keyspace);
  if (shard === undefined) return refuse(`keyspace ${keyspace} has no shard`);
  const target = primaryOf(cluster, keyspace, shard);
  if (typeof target === "string") return refuse(target);
  const action = "MoveTablesCreate";
  const named = { target: { kind: "workflow", keyspace, workflow }, action, version } as const;
  return yield* underLock(cluster, named, () =>
    underLock(cluster, { target: { kind: "keyspace", keyspace }, action, version }, function* (): Native {
      yield* addToVSchema(cluster, keyspace, tables);
      yield* createStreams(cluster, target, options);
      if (options.noRoutingRules !== true) {
        const toSource = tables.flatMap((table) =>
          [table, `${keyspace}.${table}`, `${sourceKeyspace}.${table}`].flatMap((from) =>
            ["", ...READS].map((type) => [`${from}${type}`, `${sourceKeyspace}.${table}`] as const),
          ),
        );
        yield* putRules(cluster, new Map([...rulesNow(cluster), ...toSource]));
      }
      yield* denyTables(cluster, keyspace, [{ shard, tablet: target }], tables);
      yield* rebuildSrvVSchema(cluster, version);
      updateStreams(target, workflow, "state='Running'");
      yield `start streams of ${workflow} on ${keyspace}/${shard}`;
      return done;
    }),
  );
}

function* createStreams(
  cluster: SimCluster,
  target: SimTablet,
  { workflow, sourceKeyspace, tables, cell }: MoveTablesCreate,
): Generator<string, void> {
  for (const shard of cluster.topology.shards(sourceKeyspace)) {
    const source = primaryOf(cluster, sourceKeyspace, shard);
    if (typeof source === "string") continue;
    copySchema(source, target, tables);
    const rules = tables.map((table) => `rules:{match:"${table}" filter:"select * from ${table}"}`).join(" ");
    target.engine.exec(
      insertStream(target, {
        workflow,
        dbName: target.dbName,
        source: `keyspace:"${sourceKeyspace}" shard:"${shard}" filter:{${rules}}`,
        workflowType: MOVE_TABLES,
        cell,
        tabletTypes: "replica,primary",
        deferSecondaryKeys: true,
        options: OPTIONS,
        limits: "0",
      }),
    );
    yield `insert stream ${workflow} from ${sourceKeyspace}/${shard}`;
  }
}

export const OPTIONS = mysqlJson({ sharded_auto_increment_handling: 1 });
