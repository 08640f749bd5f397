import { type Lab, sleep, until } from "./lab.js";

export interface ReshardOptions {
  readonly keyspace?: string;
  readonly table?: string;
  /** Target shard -> UIDs, the first becomes the primary. */
  readonly targets?: Readonly<Record<string, readonly number[]>>;
  readonly rows?: number;
  /** Extra DDL on the source before the workflow is created. */
  readonly schema?: readonly string[];
  readonly vschemaTables?: Readonly<Record<string, unknown>>;
  /** null: no workflow is created. */
  readonly workflow?: string | null;
  readonly create?: readonly string[];
}

const TARGETS = { "-80": [200, 201], "80-": [300] };

/** A keyspace with shard 0 (tablet 100), its targets, rows, and (unless `workflow` is null) a Reshard that was created. */
export async function reshardCluster(lab: Lab, options: ReshardOptions = {}): Promise<void> {
  const keyspace = options.keyspace ?? "customer";
  const table = options.table ?? "customer";
  const targets = Object.entries(options.targets ?? TARGETS);
  await lab.ctl("CreateKeyspace", "--durability-policy", "none", keyspace);
  // The first of overlapping shards is the one that serves (topo/shard.go CreateShard), and the tablets start at once.
  await lab.ctl("CreateShard", `${keyspace}/0`);
  const tablets = targets.flatMap(([shard, uids]) => uids.map((uid) => [uid, shard] as const));
  await Promise.all(
    [[100, "0"] as const, ...tablets].map(([uid, shard]) => lab.tablet(uid, keyspace, shard)),
  );
  await elect(lab, keyspace, "0", 100);
  for (const [shard, [primary]] of targets) if (primary) await elect(lab, keyspace, shard, primary);
  const ddl = [
    `create table \`${table}\`(id bigint primary key, name varchar(64), key(name))`,
    ...(options.schema ?? []),
  ];
  for (const statement of ddl) await lab.ctl("ApplySchema", "--sql", statement, keyspace);
  // A cell without tablets of the keyspace has no SrvKeyspace yet, and every workflow command fails on it.
  await lab.ctl("RebuildKeyspaceGraph", keyspace);
  await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(vschema(table, options.vschemaTables)), keyspace);
  await insert(lab, keyspace, table, 1, options.rows ?? 1000);
  const names = targets.map(([shard]) => shard);
  if (options.workflow !== null)
    await createReshard(lab, keyspace, options.workflow ?? "c2", names, options.create);
}

const vschema = (table: string, more: Readonly<Record<string, unknown>> = {}) => ({
  sharded: true,
  vindexes: { hash: { type: "hash" } },
  tables: { [table]: { column_vindexes: [{ column: "id", name: "hash" }] }, ...more },
});

export async function elect(
  lab: Lab,
  keyspace: string,
  shard: string,
  uid: number,
  cell = "zone1",
): Promise<void> {
  await lab.ctl("PlannedReparentShard", `${keyspace}/${shard}`, "--new-primary", `${cell}-${uid}`);
}

export async function createReshard(
  lab: Lab,
  keyspace: string,
  workflow: string,
  targets: readonly string[],
  flags: readonly string[] = [],
): Promise<void> {
  const name = ["--workflow", workflow, "--target-keyspace", keyspace];
  const shards = ["--source-shards", "0", `--target-shards=${targets.join(",")}`];
  await lab.ctl("Reshard", ...name, "create", ...shards, ...flags);
}

export async function insert(
  lab: Lab,
  keyspace: string,
  table: string,
  from: number,
  count: number,
): Promise<void> {
  const rows = `with recursive s(n) as (select ${from} union all select n+1 from s where n < ${from + count - 1})`;
  const into = `insert into \`${table}\`(id, name) ${rows} select n, concat('c', n) from s`;
  await lab.sql(100, `set cte_max_recursion_depth=10000000; ${into}`, `vt_${keyspace}`);
}

/** Waits until every stream of the workflow is Running and nothing is left to copy; one that has no position yet has not begun to. */
export async function running(lab: Lab, uids: readonly number[], workflow = "c2"): Promise<void> {
  await until(`${workflow} to run on ${uids.join(", ")}`, 60_000, async () => {
    for (const uid of uids) {
      const states = await lab.sql(
        uid,
        `select distinct if(pos = '', 'Init', state) from _vt.vreplication where workflow='${workflow}'`,
      );
      if (states !== "Running" || (await lab.sql(uid, "select count(*) from _vt.copy_state")) !== "0")
        return false;
    }
    return true;
  });
}

/**
 * Lets the streams there be older than the clocks of two hosts may differ, as those of a workflow are that somebody cancels one day: of
 * one that was created within a minute of a cancel nothing says for sure that it is the cancelled one.
 */
export async function aged(lab: Lab, uids: readonly number[]): Promise<void> {
  for (const uid of uids)
    await lab.sql(
      uid,
      "update _vt.vreplication_log set created_at = created_at - interval 10 minute where type = 'Stream Created'",
    );
}

/** Writes one more row at the source, gives it time, and says whether it reached any of the targets. */
export async function stillArrives(
  lab: Lab,
  keyspace: string,
  table: string,
  id: number,
  uids: readonly number[],
  target = keyspace,
): Promise<boolean> {
  await lab.sql(100, `insert into \`${table}\`(id, name) values (${id}, 'late')`, `vt_${keyspace}`);
  await sleep(3000);
  for (const uid of uids) {
    if ((await lab.sql(uid, `select count(*) from \`${table}\` where id=${id}`, `vt_${target}`)) !== "0")
      return true;
  }
  return false;
}
