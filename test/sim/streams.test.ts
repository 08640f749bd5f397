import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { insertRows } from "../../src/sim/native/keyspace.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";

const TARGETS = ["zone1-0000000200", "zone1-0000000300"] as const;
const create = { keyspace: "customer", workflow: "c2", sources: ["0"], targets: ["-80", "80-"] } as const;

describe("the copy phase", () => {
  test("shows unfinished tables and deferred keys, and takes them away when it is done", () => {
    const cluster = reshardingLab({ rows: 200, copyRowsPerSecond: 50 });
    const { data } = cluster.tablet(TARGETS[0]).mysql;
    expect(data.sidecar.copyState.map(({ tableName }) => tableName)).toEqual(["corder", "customer"]);
    expect(data.sidecar.postCopyActions).toEqual([
      {
        id: 1,
        vreplId: 1,
        tableName: "corder",
        action: '{"task": "alter table vt_customer.corder add key customer_id (customer_id)", "type": 1}',
      },
    ]);
    expect(keysOf(cluster, TARGETS[0])).not.toContain("KEY `customer_id`");
    expect(data.sidecar.vreplication).toMatchObject([{ state: "Copying" }]);
    cluster.clock.advance(10_000);
    expect(data.sidecar).toMatchObject({ copyState: [], postCopyActions: [] });
    expect(keysOf(cluster, TARGETS[0])).toBe(keysOf(cluster, "zone1-0000000100"));
    expect(data.sidecar.vreplication).toMatchObject([{ state: "Running" }]);
  });

  test("loses the deferred keys when the stream is deleted in it", () => {
    const cluster = reshardingLab({ rows: 200, copyRowsPerSecond: 50 });
    for (const name of TARGETS) cluster.tablet(name).engine.deleteWorkflow("c2");
    cluster.clock.advance(60_000);
    expect(keysOf(cluster, TARGETS[0])).not.toContain("KEY `customer_id`");
    expect(cluster.tablet(TARGETS[0]).mysql.data.sidecar.postCopyActions).toEqual([]);
  });
});

test("whatever the source is written while it is copied, the targets have every row once, on its side", () => {
  const pause = fc.integer({ min: 0, max: 4 });
  fc.assert(
    fc.property(fc.array(pause, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (pauses, rate) => {
      const cluster = labCluster({ rows: 60, copyRowsPerSecond: rate });
      cluster.run(reshardCreate(cluster, create));
      for (const [index, seconds] of pauses.entries()) {
        insertRows(cluster, "customer", "customer", [
          { key: `n${index}`, content: "1" },
          { key: `${index + 1}`, content: `changed ${index}` },
        ]);
        cluster.clock.advance(seconds * 1_000);
      }
      cluster.clock.advance(200_000);
      const source = rowsOf(cluster, "zone1-0000000100");
      const targets = TARGETS.map((name) => rowsOf(cluster, name));
      expect(new Map(targets.flatMap((rows) => [...rows]))).toEqual(source);
      expect(targets.reduce((sum, rows) => sum + rows.size, 0)).toBe(source.size);
    }),
    { numRuns: 25 },
  );
});

describe("a stream", () => {
  test("that is stopped stands still, and goes on from its position", () => {
    const cluster = reshardingLab({ rows: 40 });
    const target = cluster.tablet(TARGETS[0]);
    const before = rowsOf(cluster, TARGETS[0]).size;
    target.engine.exec("update _vt.vreplication set state='Stopped' where workflow='c2'");
    const [row] = target.mysql.data.sidecar.vreplication;
    insertRows(cluster, "customer", "customer", many(50));
    cluster.clock.advance(60_000);
    expect(target.mysql.data.sidecar.vreplication).toEqual([row]);
    expect(rowsOf(cluster, TARGETS[0]).size).toBe(before);
    target.engine.exec("update _vt.vreplication set state='Running' where workflow='c2'");
    cluster.clock.advance(1_000);
    expect(TARGETS.map((name) => rowsOf(cluster, name).size).reduce((a, b) => a + b)).toBe(90);
  });

  test("picks again when its source ends, and says so when there is none", () => {
    const cluster = reshardingLab({ rows: 40 });
    cluster.tablet("zone1-0000000100").kill();
    cluster.clock.advance(2_000);
    expect(cluster.tablet(TARGETS[0]).mysql.data.sidecar.vreplication).toMatchObject([
      { state: "Running", message: "Error picking tablet: context has expired" },
    ]);
  });

  test("is in Error when its table is gone and a row comes", () => {
    const cluster = reshardingLab({ rows: 40 });
    cluster.tablet(TARGETS[0]).executeAsDba("drop table vt_customer.customer");
    insertRows(cluster, "customer", "customer", many(50));
    cluster.clock.advance(1_000);
    expect(cluster.tablet(TARGETS[0]).engine.streams).toMatchObject([{ state: "Error" }]);
    expect(cluster.tablet(TARGETS[0]).mysql.data.sidecar.vreplication).toMatchObject([
      { state: "Error", message: expect.stringContaining("errno 1146") },
    ]);
  });

  test.each([
    ["update _vt.vreplication set state='Stopped' where db_name='vt_customer'", "unsafe WHERE"],
    ["update _vt.vreplication set id=2 where id=1", "id cannot be changed"],
    ["delete from _vt.copy_state where id=1", "invalid table name"],
    ["delete from mysql.user where id=1", "invalid database name"],
    ["delete from _vt.vreplication where id=1 limit 1", "unsupported construct"],
    ["insert into _vt.vreplication (id, workflow) values (7, 'x')", "id should not have a value"],
    ["drop table _vt.vreplication", "unsupported construct"],
  ])("is safe from %s", (query, message) => {
    const cluster = reshardingLab({ rows: 4 });
    const { engine, mysql } = cluster.tablet(TARGETS[0]);
    expect(engine.exec(query)).toMatchObject({ reason: "failed", message: expect.stringContaining(message) });
    expect(mysql.data.sidecar.vreplication).toMatchObject([{ id: "1", state: "Running" }]);
  });

  test("keeps the text of a message to the letter", () => {
    const cluster = reshardingLab({ rows: 4 });
    const { engine, mysql } = cluster.tablet(TARGETS[0]);
    engine.exec(
      String.raw`update _vt.vreplication set state='Stopped', message='it''s \'a\' "b" \\ \n, where id in (2)' where workflow in ('c2', "x") and db_name='vt_customer' and id in (1,2)`,
    );
    expect(mysql.data.sidecar.vreplication[0]?.message).toBe(`it's 'a' "b" \\ \n, where id in (2)`);
  });
});

const many = (count: number) => Array.from({ length: count }, (_, key) => ({ key: `m${key}`, content: "" }));

const rowsOf = (cluster: SimCluster, name: string): ReadonlyMap<string, string> =>
  cluster.tablet(name).mysql.table("vt_customer", "customer")?.rows ?? new Map();

const keysOf = (cluster: SimCluster, name: string): string =>
  cluster.tablet(name).mysql.table("vt_customer", "corder")?.definition ?? "";
