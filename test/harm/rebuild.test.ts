import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { TableSchema } from "../../src/proto/gen/vschema_pb.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";

test.each([
  // The check reads both once, the before-image the cell's record.
  ["its VSchema is read", "/vitess/global/keyspaces/", 2],
  ["the cell's record is read", "/vitess/zone1/SrvVSchema", 3],
])(
  "a table that ApplyVSchema adds while SrvVSchema is rebuilt, right after %s, is served",
  async (_, read, times) => {
    const cluster = moving.build();
    const { etcd } = cluster.topology.global;
    let armed = false;
    let seen = 0;
    const applyVSchema = (key: string): void => {
      if (!armed || key !== read) return;
      seen += 1;
      if (seen !== times) return;
      const at = cluster.topology.vschema("customer");
      const now = at.get();
      if (now === null) throw new Error("no VSchema");
      at.put({ ...now, tables: { ...now.tables, t3: create(TableSchema, now.tables.customer) } });
      for (const _effect of rebuildSrvVSchema(cluster, cluster.version));
    };
    const [range, get] = [etcd.range.bind(etcd), etcd.get.bind(etcd)];
    etcd.range = (prefix, revision) => {
      const found = range(prefix, revision);
      applyVSchema(prefix);
      return found;
    };
    etcd.get = (key, revision) => {
      const found = get(key, revision);
      applyVSchema(key);
      return found;
    };
    const said = await operatorAt(cluster).write("cancel moved.c2 --yes", {
      onNote: (line) => {
        if (line.includes("stream.verify-gone")) armed = true;
      },
    });
    expect(seen).toBeGreaterThan(times);
    expect(said.code, said.err + said.out).toBe(0);
    expect(
      Object.keys(cluster.topology.srvVSchema("zone1").get()?.keyspaces.customer?.tables ?? {}),
    ).toContain("t3");
  },
);
