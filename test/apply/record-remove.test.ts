import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  ShardReplication_NodeSchema,
  ShardReplicationSchema,
  ShardSchema,
  TabletAliasSchema,
} from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { planFor, refTo, run, SERVER, step } from "./hand-plan.js";

const ALIAS = { cell: "zone1", uid: 200 };
const NAME = "zone1-0000000200";
const STRANGER = create(TabletAliasSchema, { cell: "zone1", uid: 299 });

type Of = "Tablet" | "ShardReplication" | "Shard";

/** Shard -80 of tablets 200 and 201, whose vttablets have ended. */
function ended() {
  const cluster = labCluster({ rows: 1 });
  const tablets = [NAME, "zone1-0000000201"].map((name) => cluster.tablet(name));
  const refs = tablets.map((tablet) => ({
    ...refTo(tablet),
    record: {
      server: cluster.topology.cell("zone1").etcd.server,
      key: cluster.topology.tablet(tablet.alias).key,
    },
  }));
  const { hostname, portMap } = cluster.topology.tablet(ALIAS).get() ?? {};
  for (const tablet of tablets) tablet.stop();
  const records = {
    Tablet: cluster.topology.tablet(ALIAS),
    ShardReplication: cluster.topology.shardReplication("zone1", "customer", "-80"),
    Shard: cluster.topology.shard("customer", "-80"),
  };
  const plan = (of: Of) =>
    planFor(cluster, {
      locks: [{ kind: "keyspace", keyspace: "customer" }],
      steps: [
        step("record.remove", {
          of,
          keyspace: "customer",
          shard: "-80",
          server: of === "Shard" ? SERVER : cluster.topology.cell("zone1").etcd.server,
          key: records[of].key,
          recordedAt: of === "Tablet" ? `${hostname}:${portMap?.grpc}` : null,
          members: refs.map(({ alias }) => alias),
          ended: refs,
        }),
      ],
    });
  return { cluster, records, plan };
}

describe("record.remove", () => {
  it.each(["Tablet", "ShardReplication", "Shard"] as const)(
    "takes the %s away, and keeps its image",
    async (of) => {
      const { cluster, records, plan } = ended();
      const ran = await run(cluster, plan(of), ["01-record.remove"]);
      expect(ran).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
      expect(records[of].get()).toBeNull();
      const image = ran.exit === "ok" ? ran.files["01-record.remove"] : null;
      expect(image).toMatchObject({ key: records[of].key, becomes: null, value: expect.any(String) });
    },
  );

  const meddled: readonly [string, Of, (cluster: SimCluster) => void, RegExp][] = [
    [
      "a vttablet runs again",
      "Tablet",
      (cluster) => cluster.restart(cluster.tablet(NAME)),
      /has not ended, or runs again/,
    ],
    [
      "a vttablet of the shard runs again",
      "Shard",
      (cluster) => cluster.restart(cluster.tablet(NAME)),
      /has not ended, or runs again/,
    ],
    [
      "the tablet was started elsewhere",
      "Tablet",
      elsewhere,
      /names 10\.9\.9\.9:\d+, where that tablet was not/,
    ],
    [
      "the alias belongs to another shard now",
      "Tablet",
      toOtherShard,
      /is the record of zone1-0000000200 of customer\/80-/,
    ],
    ["a tablet joined", "ShardReplication", joined, /lists zone1-0000000299, which joined the shard/],
    ["the shard serves", "Shard", (cluster) => change(cluster, { isPrimaryServing: true }), /serves writes/],
    [
      "a newcomer is primary",
      "Shard",
      (cluster) => change(cluster, { primaryAlias: STRANGER }),
      /names zone1-0000000299 as primary/,
    ],
    [
      "nobody knows whether a vttablet ended",
      "Shard",
      (cluster) => cluster.faults.hang(`127.0.0.1:${cluster.tablet(NAME).grpcPort}`),
      /did not answer/,
    ],
    [
      "only its gRPC port is closed",
      "Shard",
      (cluster) => {
        const tablet = cluster.tablet(NAME);
        cluster.restart(tablet);
        cluster.faults.refuse(NAME, ["grpc"]);
      },
      /its HTTP port answers/,
    ],
    [
      "nobody knows what its HTTP port does",
      "Shard",
      (cluster) => cluster.faults.hang(`127.0.0.1:${cluster.tablet(NAME).vtPort}`, ["http"]),
      /did not answer/,
    ],
    [
      "a vttablet was only in the middle of its restart",
      "Shard",
      (cluster) => cluster.clock.at(cluster.clock.now() + 3_000, () => cluster.restart(cluster.tablet(NAME))),
      /has not ended, or runs again/,
    ],
  ];
  /** The record of a vttablet that is to end by itself; the primary, 200, is asked whether a workflow needs the shard. */
  const running = (meddle: (cluster: SimCluster) => void) => {
    const cluster = labCluster({ rows: 1 });
    const [primary, replica] = [NAME, "zone1-0000000201"].map((name) => cluster.tablet(name));
    if (primary === undefined || replica === undefined) throw new Error("the lab has no shard -80");
    const { key } = cluster.topology.tablet(replica.alias);
    const recordedAt = `${replica.address.host}:${replica.address.grpcPort}`;
    const [runs, idle] = [refTo(replica), refTo(primary)];
    const of = { of: "Tablet", keyspace: "customer", shard: "-80", server: SERVER, key } as const;
    const remove = step("record.remove", {
      ...of,
      recordedAt,
      members: [replica.name],
      ended: [],
      runs,
      idle,
    });
    meddle(cluster);
    const made = planFor(cluster, { locks: [{ kind: "keyspace", keyspace: "customer" }], steps: [remove] });
    return { record: cluster.topology.tablet(replica.alias), ran: run(cluster, made) };
  };

  it("takes the record of a vttablet that is to end by that", async () => {
    const { record, ran } = running(() => {});
    expect((await ran).exit).toBe("ok");
    expect(record.get()).toBeNull();
  });

  it.each<[string, (cluster: SimCluster) => void, RegExp]>([
    [
      "its vttablet is another one now",
      (cluster) => cluster.run(plannedReparent(cluster, cluster.tablet("zone1-0000000201"))),
      /zone1-0000000201 .*PRIMARY/,
    ],
    [
      "a workflow was created onto the shard",
      (cluster) =>
        cluster.run(
          reshardCreate(cluster, { keyspace: "customer", workflow: "c3", sources: ["0"], targets: ["-80"] }),
        ),
      /zone1-0000000200 .*has streams of c3/,
    ],
    [
      "nobody knows whether one was",
      (cluster) => cluster.faults.hang(`127.0.0.1:${cluster.tablet(NAME).grpcPort}`),
      /zone1-0000000200 .*did not answer/,
    ],
  ])("leaves the record of a running vttablet where %s", async (_, meddle, why) => {
    const { record, ran } = running(meddle);
    const said = await ran;
    expect(said.exit).not.toBe("ok");
    if (said.exit !== "ok") expect(said.said).toMatch(why);
    expect(record.get()).not.toBeNull();
  });

  it.each(meddled)("leaves it where %s", async (_, of, meddle, why) => {
    const { cluster, records, plan } = ended();
    const made = plan(of);
    meddle(cluster);
    const ran = await run(cluster, made);
    expect(ran.exit).not.toBe("ok");
    if (ran.exit !== "ok") expect(ran.said).toMatch(why);
    expect(records[of].get()).not.toBeNull();
  });

  it("leaves the record of a vttablet that starts in that moment", async () => {
    const { cluster, records, plan } = ended();
    cluster.effects.hook = {
      before: ({ call, detail }) => {
        if (call === "txn" && detail.includes("delete ")) cluster.restart(cluster.tablet(NAME));
        return undefined;
      },
    };
    expect(await run(cluster, plan("Tablet"))).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/was written by somebody else meanwhile/),
    });
    expect(records.Tablet.get()).not.toBeNull();
  });

  it("does not take a refusal at an address for an end that no Tablet record names, as behind a dead port-forward", async () => {
    const { cluster, records, plan } = ended();
    const [stage] = plan("Tablet").stages;
    const [remove] = stage?.steps ?? [];
    if (remove?.kind !== "record.remove") throw new Error("no record.remove");
    const forwarded = remove.ended.map(({ record, ...ref }) => ref);
    const made = planFor(cluster, { steps: [{ ...remove, ended: forwarded }] });
    const ran = await run(cluster, made);
    expect(ran).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(
        /which is not the address of its Tablet record, and this run has not ended it/,
      ),
    });
    expect(records.Tablet.get()).not.toBeNull();
  });
});

function elsewhere(cluster: SimCluster): void {
  const at = cluster.topology.tablet(ALIAS);
  const record = at.get();
  if (record !== null) at.put({ ...record, hostname: "10.9.9.9" });
}

function toOtherShard(cluster: SimCluster): void {
  const at = cluster.topology.tablet(ALIAS);
  const record = at.get();
  if (record !== null) at.put({ ...record, shard: "80-" });
}

function joined(cluster: SimCluster): void {
  const at = cluster.topology.shardReplication("zone1", "customer", "-80");
  const node = create(ShardReplication_NodeSchema, { tabletAlias: STRANGER });
  at.put(create(ShardReplicationSchema, { nodes: [...(at.get()?.nodes ?? []), node] }));
}

function change(cluster: SimCluster, fields: Readonly<Record<string, unknown>>): void {
  const at = cluster.topology.shard("customer", "-80");
  at.put({ ...(at.get() ?? create(ShardSchema)), ...fields });
}
