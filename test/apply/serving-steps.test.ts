import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ShardReferenceSchema, type SrvKeyspace, TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { encodeSrvKeyspace } from "../../src/topology/records.js";
import { planFor, refTo, run, SERVER, step } from "./hand-plan.js";

const LOCKS = [{ kind: "keyspace", keyspace: "customer" }] as const;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

describe("record.write of a SrvKeyspace", () => {
  /** A plan that sends REPLICA queries to -80. */
  function rerouted(cluster: SimCluster = labCluster({ rows: 1 })) {
    const at = cluster.topology.srvKeyspace("zone1", "customer");
    const record = at.get();
    const entry = cluster.server(SERVER).get(at.key);
    if (record === null || entry === null) throw new Error("no SrvKeyspace");
    const wanted: SrvKeyspace = {
      ...record,
      partitions: record.partitions.map((partition) =>
        partition.servedType === TabletType.REPLICA
          ? { ...partition, shardReferences: [create(ShardReferenceSchema, { name: "-80" })] }
          : partition,
      ),
    };
    const body = {
      record: { kind: "srv-keyspace", cell: "zone1", keyspace: "customer" } as const,
      server: SERVER,
      key: at.key,
      modRevision: entry.modRevision,
      before: base64(entry.value),
      after: base64(encodeSrvKeyspace(wanted)),
    };
    return {
      cluster,
      at,
      entry,
      body,
      plan: planFor(cluster, { steps: [step("record.write", body)], locks: LOCKS }),
    };
  }

  it("puts the record, keeps the former one, and then finds nothing to do", async () => {
    const { cluster, at, body, plan } = rerouted();
    const ran = await run(cluster, plan, ["01-record.write"]);
    expect(ran).toMatchObject({
      exit: "ok",
      files: { "01-record.write": { key: at.key, value: body.before } },
    });
    expect(base64(cluster.server(SERVER).get(at.key)?.value ?? new Uint8Array())).toBe(body.after);
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
  });

  it("is refused where the record moved, or is gone", async () => {
    const { cluster, at, entry, plan } = rerouted();
    cluster.server(SERVER).put(at.key, entry.value);
    const words = { exit: "refused", said: expect.stringContaining("was changed since the plan was made") };
    expect(await run(cluster, plan)).toMatchObject(words);
    cluster.server(SERVER).delete(at.key);
    expect(await run(cluster, plan)).toMatchObject(words);
  });

  it("creates a record that is missing, and no second one", async () => {
    const { cluster, at, body } = rerouted();
    const fresh = planFor(cluster, {
      steps: [step("record.write", { ...body, modRevision: 0, before: null })],
      locks: LOCKS,
    });
    expect(await run(cluster, fresh)).toMatchObject({ exit: "refused" });
    cluster.server(SERVER).delete(at.key);
    expect(await run(cluster, fresh)).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
    expect(cluster.server(SERVER).get(at.key)?.version).toBe(1);
  });

  it("is refused where none of the tablets serves that queries would go to", async () => {
    const { cluster, at, entry, body } = rerouted();
    const tablet = cluster.tablet("zone1-0000000100");
    const serving = [{ what: "PRIMARY of customer/0 in zone1", tablets: [refTo(tablet)] }];
    const plan = planFor(cluster, { steps: [step("record.write", { ...body, serving })], locks: LOCKS });
    tablet.disabled = true;
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/no PRIMARY of customer\/0 in zone1 serves, and queries would go there/),
    });
    expect(cluster.server(SERVER).get(at.key)).toEqual(entry);
    tablet.disabled = false;
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok" });
  });

  it("does not write where the record moves between check and write", async () => {
    const { cluster, at, plan } = rerouted();
    cluster.effects.hook = {
      before: ({ detail }) => {
        if (detail === `put ${at.key}`) cluster.server(SERVER).put(at.key, new Uint8Array());
        return undefined;
      },
    };
    expect(await run(cluster, plan)).toMatchObject({ exit: "refused" });
    expect(cluster.server(SERVER).get(at.key)?.value).toHaveLength(0);
  });
});

it("a lifted control reaches the tablet with its refresh", async () => {
  const cluster = labCluster({ rows: 1 });
  const tablet = cluster.tablet("zone1-0000000100");
  tablet.disabled = true;
  const refresh = step("tablet.refresh", { tablet: refTo(tablet) });
  expect(await run(cluster, planFor(cluster, { steps: [refresh] }))).toMatchObject({ exit: "ok" });
  expect(tablet.serving).toBe(true);
});
