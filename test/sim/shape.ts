import type { Message } from "@bufbuild/protobuf";
import { parseJournal } from "../../src/cluster/journal.js";
import type { Outcome } from "../../src/cluster/outcome.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import type { SidecarRow } from "../../src/tablets/access.js";
import { parseLockBody } from "../../src/topology/lock-body.js";
import { classifyKey } from "../../src/topology/paths.js";
import * as records from "../../src/topology/records.js";
import type { Entry } from "../../src/topology/store.js";

/** What two clusters that went through the same must have in common: everything but times, ports, positions and lease ids. */
export async function shapeOf(cluster: SimCluster): Promise<object> {
  return { keys: await keysOf(cluster), tablets: await tabletsOf(cluster) };
}

/** Deleted key to the actions of the locks that were held when it went. */
export function deletionsOf(cluster: SimCluster): readonly (readonly [string, readonly string[]])[] {
  const held = new Map<string, string>();
  const deletions: [string, readonly string[]][] = [];
  for (const { type, key, value } of cluster.topology.global.etcd.events) {
    const isLock = key.includes("/locks/");
    if (isLock && type === "put") held.set(key, actionOf(value));
    else if (isLock) held.delete(key);
    else if (type === "delete") deletions.push([key, [...held.values()].sort()]);
  }
  return deletions.sort(([a], [b]) => (a < b ? -1 : 1));
}

const keysOf = async (cluster: SimCluster): Promise<object> => {
  const { etcd } = cluster.topology.global;
  const store = cluster.connect(etcd.server);
  const { entries } = answerOf(await store.range({ prefix: "/" }));
  return Object.fromEntries(
    entries.map((entry) => {
      const isLock = entry.key.includes("/locks/");
      return isLock
        ? [entry.key.replace(/\d+$/, actionOf(entry.value)), "lock"]
        : [entry.key, { version: entry.version, record: steady(recordOf(entry)) }];
    }),
  );
};

const recordOf = (entry: Entry): Message => {
  for (const root of ["/vitess/global", "/vitess/zone1"]) {
    const key = classifyKey(root, entry.key);
    const decode = {
      "cell-info": records.decodeCellInfo,
      keyspace: records.decodeKeyspace,
      vschema: records.decodeVSchema,
      shard: records.decodeShard,
      "routing-rules": records.decodeRoutingRules,
      tablet: records.decodeTablet,
      "shard-replication": records.decodeShardReplication,
      "srv-keyspace": records.decodeSrvKeyspace,
      "srv-vschema": records.decodeSrvVSchema,
    }[key.kind as string];
    if (decode !== undefined) return answerOf(decode(entry.value) as Outcome<Message>);
  }
  throw new Error(`what is ${entry.key}?`);
};

const VOLATILE =
  /^(primaryTermStartTime|tabletStartTime|tabletShutdownTime|portMap|mysqlPort|serverAddress)$/;

/** Go writes maps, rules and controls in any order. */
const steady = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value))
    return value.map(steady).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, field]) => [name, VOLATILE.test(name) ? "..." : steady(field)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
};

const tabletsOf = async ({ tablets, reader }: SimCluster): Promise<object> => {
  const shapes = [...tablets].map(async ({ address, name, mysql }) => {
    const vars = answerOf(await reader.vars(address));
    const { sourceHost, ioState, sqlState } = answerOf(await reader.status(address));
    return [
      name,
      {
        keyspace: vars.keyspace,
        shard: vars.shard,
        type: vars.type,
        stateName: vars.stateName,
        buildVersion: vars.buildVersion,
        keyRange: [vars.keyRangeStart, vars.keyRangeEnd],
        engine: byWorkflow(
          vars.streams.map(({ id, workflow, state, source, sourceTablet }) => ({
            id: String(id),
            workflow,
            state,
            source,
            readsFrom: shardOf(tablets, sourceTablet),
          })),
        ),
        replication: { sourceHost, ioState, sqlState },
        streams: byWorkflow(answerOf(await reader.rows(address, "streams")).map(steadyRow)),
        copying: answerOf(await reader.rows(address, "copyState")).length,
        journals: answerOf(await reader.rows(address, "journals")).map(({ val, ...row }) => ({
          ...row,
          val: withoutGtids(val ?? ""),
        })),
        tables: Object.fromEntries(
          [...mysql.data.databases].map(([database, content]) => [
            database,
            Object.fromEntries([...content.values()].map((table) => [table.name, table.definition])),
          ]),
        ),
      },
    ];
  });
  return Object.fromEntries(await Promise.all(shapes));
};

/** Which of a workflow's streams on one tablet has which id is the order of a Go map. */
const byWorkflow = (streams: readonly SidecarRow[]): object => {
  const workflows = [...new Set(streams.map(({ workflow }) => workflow ?? ""))].sort();
  return Object.fromEntries(
    workflows.map((workflow) => {
      const its = streams.filter((stream) => stream.workflow === workflow);
      return [
        workflow,
        { ids: its.map(({ id }) => id).sort(), streams: steady(its.map(({ id: _, ...rest }) => rest)) },
      ];
    }),
  );
};

/** Which of a shard's tablets a stream reads from is chance. */
const shardOf = (tablets: readonly SimTablet[], alias: string): string => {
  const tablet = tablets.find(({ name }) => name === alias);
  return tablet === undefined ? alias : `${tablet.keyspace}/${tablet.shard}`;
};

const steadyRow = (row: SidecarRow): SidecarRow =>
  Object.fromEntries(
    Object.entries(row)
      .filter(
        ([column]) =>
          !/^(now_s|created_s|log_.*|pos|time_.*|transaction_timestamp|rows_copied)$/.test(column),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const withoutGtids = (val: string): object => {
  const { shardGtids, localPosition: _, ...journal } = answerOf(parseJournal(val));
  return { ...journal, shardGtids: shardGtids.map(({ keyspace, shard }) => `${keyspace}/${shard}`).sort() };
};

const actionOf = (value: Uint8Array): string => answerOf(parseLockBody(value)).action;

const answerOf = <T>(outcome: Outcome<T>): T => {
  if (outcome.kind === "answered") return outcome.value;
  throw new Error(`${outcome.reason}: ${outcome.message}`);
};
