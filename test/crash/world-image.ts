import type { SimCluster } from "../../src/sim/cluster.js";

/** Everything that a run could have changed, name to value; names are those of the write-set where it has one. */
export type WorldImage = ReadonlyMap<string, string>;

/** `server`s: those of the plan. Locks come and go with the run and are no part of it. */
export function imageOf(cluster: SimCluster, servers: readonly string[]): WorldImage {
  const image = new Map<string, string>();
  for (const server of servers) {
    for (const { key, value } of cluster.server(server).range("")) {
      if (!key.includes("/locks/")) image.set(`key ${server} ${key}`, Buffer.from(value).toString("base64"));
    }
  }
  for (const tablet of cluster.tablets) {
    const { databases, sidecar } = tablet.mysql.data;
    for (const row of sidecar.vreplication) {
      image.set(`stream ${tablet.name} ${row.workflow} ${row.id}`, `${row.state}`);
    }
    for (const stream of tablet.engine.streams) {
      image.set(`engine ${tablet.name} ${stream.workflow} ${stream.id}`, stream.state);
    }
    for (const { vreplId, tableName } of sidecar.copyState)
      image.set(`copy ${tablet.name} ${vreplId} ${tableName}`, "");
    for (const { id, vreplId } of sidecar.postCopyActions)
      image.set(`action ${tablet.name} ${vreplId} ${id}`, "");
    for (const [database, tables] of databases) {
      for (const table of tables.values()) {
        image.set(
          `table ${tablet.name} ${database} ${table.name}`,
          `${table.definition} ${rowsOf(table.rows)}`,
        );
      }
    }
    for (const { id, val } of sidecar.journals) image.set(`journal ${tablet.name} ${id}`, val);
    image.set(`state ${tablet.name}`, `${tablet.disabled} ${tablet.deniedTables}`);
    image.set(`process ${tablet.name}`, `${tablet.running} ${tablet.type}`);
  }
  return image;
}

/** Names whose value differs between the two, or that only one of them has. */
export const changed = (one: WorldImage, other: WorldImage): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name)).sort();

/** All rows of user tables on every tablet, whatever the database that they lie in (docs/decisions.md#p2). */
export const userRows = (cluster: SimCluster): readonly string[] =>
  cluster.tablets.flatMap((tablet) =>
    [...tablet.mysql.data.databases.values()]
      .flatMap((tables) => [...tables.values()])
      .flatMap((table) =>
        [...table.rows].map(([key, content]) => `${tablet.name} ${table.name} ${key} ${content}`),
      )
      .sort(),
  );

const rowsOf = (rows: ReadonlyMap<string, string>): string => JSON.stringify([...rows].sort());
