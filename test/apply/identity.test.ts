import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { TabletAliasSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { TimeSchema } from "../../src/proto/gen/vttime_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";

const TARGET = "zone1-0000000400";

/** A cancel of moved.c2 that was planned before `meanwhile`, and is executed after it. */
async function cancelAfter(meanwhile: (cluster: SimCluster, target: SimTablet) => void) {
  const cluster = moving.build();
  const target = cluster.tablet(TARGET);
  const operator = operatorAt(cluster);
  const file = join(operator.folder, "p.json");
  expect(await operator.write(`cancel moved.c2 --dry-run --out ${file}`)).toMatchObject({ code: 1 });
  meanwhile(cluster, target);
  const before = cluster.effects.log.length;
  const ran = await operator.write(`fix --plan ${file} --yes`);
  const called = cluster.effects.log.slice(before).filter(({ port }) => port === "tablet");
  return { ...ran, cluster, called: called.map(({ at, call }) => `${call} ${at}`) };
}

/** Another process at the address, with the same alias, shard, type and term. */
function replaceBy(cluster: SimCluster, target: SimTablet, mysql?: SimTablet["mysql"]): SimTablet {
  const { alias, keyspace, shard, host, grpcPort, vtPort, term } = target;
  target.kill();
  const clone = cluster.addTablet({
    alias,
    keyspace,
    shard,
    host,
    grpcPort,
    vtPort,
    ...(mysql && { mysql }),
  });
  clone.begin(TabletType.PRIMARY, term);
  return clone;
}

const later = (target: SimTablet, seconds: bigint) =>
  create(TimeSchema, { seconds: (target.term?.seconds ?? 0n) + seconds });

describe("the process at a planned address is another one", () => {
  const scenes: readonly [string, RegExp, (cluster: SimCluster, target: SimTablet) => void][] = [
    [
      "started with another topology root",
      /zone1-0000000400 \(127.0.0.1:16400\) was started with --topo-global-root \/staging\/global, and the plan was made for a process with \/vitess\/global/,
      (_, target) => {
        target.commandLine = target.commandLine.map((word) =>
          word === "/vitess/global" ? "/staging/global" : word,
        );
      },
    ],
    [
      "started with another topology server",
      /was started with --topo-global-server-address etcd-staging:2379, and the plan was made for a process with etcd-global:2379/,
      (_, target) => {
        target.commandLine = target.commandLine.map((word) =>
          word === "etcd-global:2379" ? "etcd-staging:2379" : word,
        );
      },
    ],
    [
      "primary since another time",
      /is primary since 2026-11-24T22:1\d:\d\d.000Z, and the plan was made for its term since 2026-11-24T22:0/,
      (_, target) => {
        target.term = later(target, 777n);
      },
    ],
    [
      "in front of another MySQL",
      /the MySQL of zone1-0000000400 \(127.0.0.1:16400\) has the server_uuid [0-9a-f-]{36}, and the plan was made for [0-9a-f-]{36}/,
      (cluster, target) => replaceBy(cluster, target),
    ],
  ];

  it.each(scenes)("%s: refused, and nothing is sent there", async (_, words, meanwhile) => {
    const { code, err, called } = await cancelAfter(meanwhile);
    expect(err).toMatch(words);
    expect(err).toContain("plan anew");
    expect([code, called]).toEqual([4, []]);
  });

  it("a process that was merely restarted is the same one", async () => {
    const { code, err } = await cancelAfter((cluster, target) => {
      target.kill();
      cluster.restart(target);
    });
    expect([code, err]).toEqual([0, expect.any(String)]);
  });

  it("one that does not tell its topology any more is known by its term and its MySQL", async () => {
    const { code } = await cancelAfter((_, target) => {
      target.commandLine = [];
    });
    expect(code).toBe(0);
  });
});

describe("a tablet that moved since the plan", () => {
  it("is called where its record says, and what listens at the old address is not", async () => {
    let moved: SimTablet | undefined;
    const { code, err, cluster } = await cancelAfter((cluster, target) => {
      const { alias, keyspace, shard, mysql } = target;
      target.stop();
      moved = cluster.addTablet({ alias, keyspace, shard, mysql, host: "10.0.0.9" });
      moved.term = target.term;
      cluster.topology.tablet(alias).put({
        ...moved.record(),
        type: TabletType.PRIMARY,
        ...(target.term && { primaryTermStartTime: target.term }),
      });
      cluster.restart(moved);
      replaceBy(cluster, target);
    });
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect([...(moved?.mysql.data.databases.keys() ?? [])]).toContainEqual(
      expect.stringMatching(/^vtdoctor_hold_/),
    );
    const atOldAddress = cluster.tablets.findLast(
      ({ host, name }) => name === TARGET && host === "127.0.0.1",
    );
    expect([...(atOldAddress?.mysql.data.databases.keys() ?? [])]).toEqual([]);
  });
});

describe("a primary that was deposed and does not know it", () => {
  const depose = (cluster: SimCluster, named: bigint, uid: number): void => {
    const shard = cluster.topology.shard("moved", "0");
    const record = shard.get();
    if (record === null) throw new Error("no Shard record");
    shard.put({
      ...record,
      primaryAlias: create(TabletAliasSchema, { cell: "zone1", uid }),
      primaryTermStartTime: later(cluster.tablet(TARGET), named),
    });
  };

  it.each([
    [
      "another tablet",
      401,
      60n,
      /names zone1-0000000401 since .* as its primary, and the plan was made for zone1-0000000400 \(127.0.0.1:16400\) since/,
    ],
    [
      "it in another term",
      400,
      60n,
      /names zone1-0000000400 since .* as its primary, and the plan was made for zone1-0000000400/,
    ],
  ])("the Shard record names %s since the step began: its tables stay", async (_, uid, term, words) => {
    const { code, err, called } = await cancelAfter((cluster) => {
      cluster.effects.hook = {
        after: ({ detail }) => {
          if (detail.includes("create database")) depose(cluster, term, uid);
          return undefined;
        },
      };
    });
    expect(err).toMatch(words);
    expect([code, called]).toEqual([
      4,
      [`vreplicationExec ${TARGET}`, expect.stringMatching(/^execute\w+ /)],
    ]);
  });
});
