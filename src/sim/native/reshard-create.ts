import { EVERYTHING, type KeyRange, keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import type { SimCluster } from "../cluster.js";
import { atLeast, MATERIALIZE, RESHARD } from "../stream-row.js";
import type { SimTablet } from "../tablet.js";
import { done, type Native, refuse } from "./operation.js";
import { insertStream, primaryOf, updateStreams } from "./workflow.js";

export interface ReshardCreate {
  readonly keyspace: string;
  readonly workflow: string;
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  /**
   * A materialized reference table and the workflow that keeps it on the sources: its streams are copied to the targets under their
   * own name (docs/vitess.md#reference-copies).
   */
  readonly reference?: { readonly workflow: string; readonly table: string; readonly source: string };
}

/** `Reshard create`: takes no lock and writes no record (docs/vitess.md#lock-holders); schema, rows, start. */
export function* reshardCreate(cluster: SimCluster, options: ReshardCreate): Native {
  const { keyspace, workflow, sources, targets, reference } = options;
  const found = [...sources, ...targets].map((shard) => ({
    shard,
    tablet: primaryOf(cluster, keyspace, shard),
  }));
  for (const { shard, tablet } of found)
    if (typeof tablet === "string") return refuse(`buildResharder: GetShard(${shard}) failed: ${tablet}`);
  const tablets = new Map(
    found.flatMap(({ shard, tablet }) => (typeof tablet === "string" ? [] : [[shard, tablet]])),
  );
  const occupied = targets.filter(
    (shard) => (tablets.get(shard)?.mysql.data.sidecar.vreplication ?? []).length > 0,
  );
  if (occupied.length > 0)
    return refuse(
      "some streams already exist in the target shards, please clean them up and retry the command",
    );
  const [first] = sources.flatMap((shard) => tablets.get(shard) ?? []);
  for (const shard of targets) {
    const target = tablets.get(shard);
    if (target === undefined || first === undefined) continue;
    copySchema(first, target);
    yield `copy schema to ${keyspace}/${shard}`;
    for (const source of sources.filter((one) => overlaps(rangeOf(one), rangeOf(shard)))) {
      target.engine.exec(
        insertStream(target, {
          workflow,
          dbName: target.dbName,
          source: reshardSource(keyspace, source, shard, reference?.table),
          workflowType: RESHARD,
          deferSecondaryKeys: atLeast(target.version, 20),
        }),
      );
      yield `insert stream ${workflow} on ${keyspace}/${shard}`;
    }
    if (reference !== undefined) {
      target.engine.exec(
        insertStream(target, {
          workflow: reference.workflow,
          dbName: target.dbName,
          source: reference.source,
          workflowType: atLeast(target.version, 20) ? MATERIALIZE : RESHARD,
        }),
      );
      yield `insert reference stream ${reference.workflow} on ${keyspace}/${shard}`;
    }
  }
  for (const shard of targets) {
    const target = tablets.get(shard);
    if (target === undefined) continue;
    updateStreams(target, workflow, "state='Running'");
    if (reference !== undefined) updateStreams(target, reference.workflow, "state='Running'");
    yield `start streams on ${keyspace}/${shard}`;
  }
  return done;
}

const reshardSource = (
  keyspace: string,
  source: string,
  target: string,
  reference: string | undefined,
): string => {
  const exclude = reference === undefined ? "" : `rules:{match:"${reference}" filter:"exclude"} `;
  return `keyspace:"${keyspace}" shard:"${source}" filter:{${exclude}rules:{match:"/.*" filter:"${filterOf(target)}"}}`;
};

/** A shard without a range is `-` in a filter. */
export const filterOf = (shard: string): string => (shard.includes("-") ? shard : "-");

const rangeOf = (shard: string): KeyRange => keyRangeOfShard(shard) ?? EVERYTHING;

export const copySchema = (from: SimTablet, to: SimTablet, only?: readonly string[]): void => {
  for (const table of from.mysql.data.databases.get(from.dbName)?.values() ?? [])
    if (table.type === "BASE TABLE" && (only === undefined || only.includes(table.name)))
      to.mysql.createTable(to.dbName, table.name, table.definition);
};
