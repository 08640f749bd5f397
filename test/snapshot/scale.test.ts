import { expect, test } from "vitest";
import { CellInfoSchema, ShardSchema, TabletSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aLiveTablet, aProbe, aStream, aTopoKey, aTopology, encoded } from "./make-facts.js";

const SHARDS = 2048;

const hex = (place: number): string =>
  place === 0 || place === SHARDS ? "" : ((place * 0x1_0000) / SHARDS).toString(16).padStart(4, "0");

/** A keyspace whose shards have a primary with two streams, and two replicas that show the same rows. */
const largeFacts = (): Facts => {
  const shards = Array.from({ length: SHARDS }, (_, place) => `${hex(place)}-${hex(place + 1)}`);
  const tablets = shards.flatMap((shard, place) =>
    [0, 1, 2].map((member) => {
      const uid = place * 3 + member;
      const type = member === 0 ? "PRIMARY" : "REPLICA";
      return {
        shard,
        uid,
        type,
        alias: `zone1-${String(uid).padStart(10, "0")}`,
        address: `h${uid}:1`,
      } as const;
    }),
  );
  return {
    ...emptyFacts(),
    ...aTopology(),
    topo_key: [
      aTopoKey("/vitess/global/cells/zone1/CellInfo", encoded(CellInfoSchema, {})),
      ...shards.map((shard) =>
        aTopoKey(
          `/vitess/global/keyspaces/large/shards/${shard}/Shard`,
          encoded(ShardSchema, { isPrimaryServing: true }),
        ),
      ),
      ...tablets.map(({ shard, uid, type, alias }) =>
        aTopoKey(
          `/vitess/zone1/tablets/${alias}/Tablet`,
          encoded(TabletSchema, {
            hostname: `h${uid}`,
            portMap: { grpc: 1 },
            keyspace: "large",
            shard,
            type: TabletType[type],
          }),
        ),
      ),
    ],
    live_tablet: tablets.map(({ address, alias, shard, type }) =>
      aLiveTablet({ address, alias, keyspace: "large", shard, type }),
    ),
    probe: tablets.map(({ address }) => aProbe(address, "streams")),
    vreplication: tablets.flatMap(({ address, shard }) =>
      [1, 2].map((id) =>
        aStream({
          address,
          id,
          workflow: `w${id}`,
          source: `keyspace:"small" shard:"0" filter:{rules:{match:"t${id}" filter:"select * from t${id} where in_keyrange(id, 'large.hash', '${shard}')"}}`,
        }),
      ),
    ),
  };
};

/** The time limit of a test is what this would break where a derivation compared everything with everything. */
test("2,048 shards with 6,144 tablets are one whole keyspace with two workflows", () => {
  const snapshot = Snapshot.of(largeFacts());
  expect(snapshot.all("SELECT record, count(*) AS n FROM process GROUP BY record")).toEqual([
    { record: "present", n: 3 * SHARDS },
  ]);
  expect(snapshot.all("SELECT copies, count(*) AS n FROM stream GROUP BY copies")).toEqual([
    { copies: 2, n: 2 * SHARDS },
  ]);
  expect(snapshot.all("SELECT workflow, phase, streams FROM workflow")).toEqual([
    { workflow: "w1", phase: "running", streams: SHARDS },
    { workflow: "w2", phase: "running", streams: SHARDS },
  ]);
  expect(snapshot.all("SELECT * FROM range_fault")).toEqual([]);
  expect(snapshot.all("SELECT * FROM restored_topology")).toEqual([]);
  snapshot.close();
});
