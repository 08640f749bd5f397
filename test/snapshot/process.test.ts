import { describe, expect, test } from "vitest";
import { CellInfoSchema, ShardSchema, TabletSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aLiveTablet, aTopoKey, aTopology, aWitness, ETCD, encoded, NOW } from "./make-facts.js";

const ALIAS = "zone1-0000000200";
const TABLET_KEY = `/vitess/zone1/tablets/${ALIAS}/Tablet`;
const SHARD_KEY = "/vitess/global/keyspaces/customer/shards/-80/Shard";

const tabletRecord = (hostname: string, term = NOW - 3600): Uint8Array =>
  encoded(TabletSchema, {
    alias: { cell: "zone1", uid: 200 },
    hostname,
    portMap: { grpc: 16200, vt: 15200 },
    keyspace: "customer",
    shard: "-80",
    type: TabletType.PRIMARY,
    dbNameOverride: "customer_db",
    primaryTermStartTime: { seconds: BigInt(term) },
  });

const cellKey = aTopoKey(
  "/vitess/global/cells/zone1/CellInfo",
  encoded(CellInfoSchema, { serverAddress: ETCD, root: "/vitess/zone1" }),
);
const shardKey = aTopoKey(SHARD_KEY, encoded(ShardSchema, {}));

const live = (address: string, rest: Parameters<typeof aLiveTablet>[0] | object = {}) =>
  aLiveTablet({ address, alias: ALIAS, keyspace: "customer", shard: "-80", ...rest });

const facts = (parts: Partial<Facts>): Facts => ({
  ...emptyFacts(),
  ...aTopology(),
  topo_key: [cellKey, shardKey, aTopoKey(TABLET_KEY, tabletRecord("host-a"))],
  ...parts,
});

const processes = (parts: Partial<Facts>, columns = "address, record, shard_record, same_cluster") => {
  const snapshot = Snapshot.of(facts(parts));
  const rows = snapshot.all(`SELECT ${columns} FROM process ORDER BY address`);
  snapshot.close();
  return rows;
};

const ours = { shard_record: "present", same_cluster: 1 };

describe("whether a record names this process", () => {
  test("its host and port do", () => {
    expect(processes({ live_tablet: [live("host-a:16200")] })).toEqual([
      { address: "host-a:16200", record: "present", ...ours },
    ]);
  });

  test("another address is another process", () => {
    expect(processes({ live_tablet: [live("host-b:16200")] })).toEqual([
      { address: "host-b:16200", record: "other-address", ...ours },
    ]);
  });

  test("a witness of the topology may have led to it by another name", () => {
    const witness = [aWitness({ address: "127.0.0.1:9999", alias: ALIAS })];
    expect(processes({ witness, live_tablet: [live("127.0.0.1:9999")] })).toMatchObject([
      { record: "present" },
    ]);
  });

  test("one process at two addresses has one record", () => {
    const sameProcess = { server_uuid: "u1" };
    expect(
      processes({ live_tablet: [live("host-a:16200", sameProcess), live("10.0.0.1:16200", sameProcess)] }),
    ).toMatchObject([{ record: "present" }, { record: "present" }]);
  });

  test("no record, and its cell was read", () => {
    expect(processes({ topo_key: [cellKey], live_tablet: [live("host-a:16200")] })).toEqual([
      { address: "host-a:16200", record: "absent", shard_record: "absent", same_cluster: 1 },
    ]);
  });

  test("no record that could be seen is unknown: cell unread, cell unnamed, or bytes unreadable", () => {
    const alone = { live_tablet: [live("host-a:16200")] };
    const [server] = aTopology().topo_server;
    const silent = server === undefined ? [] : [{ ...server, answered: 0, reason: "timeout" }];
    expect(processes({ ...alone, topo_key: [], topo_server: silent })).toMatchObject([
      { record: "unknown", shard_record: "unknown" },
    ]);
    expect(processes({ ...alone, topo_key: [shardKey] })).toMatchObject([{ record: "unknown" }]);
    const broken = [cellKey, aTopoKey(TABLET_KEY, "\xff"), aTopoKey(SHARD_KEY, "\xff")];
    expect(processes({ ...alone, topo_key: broken })).toMatchObject([
      { record: "unknown", shard_record: "unknown" },
    ]);
  });

  test("undecodable records are listed with their kind", () => {
    const snapshot = Snapshot.of(facts({ topo_key: [aTopoKey(TABLET_KEY, "\xff", { mod_revision: 77 })] }));
    expect(snapshot.all("SELECT key, kind, revision FROM undecodable_key")).toEqual([
      { key: TABLET_KEY, kind: "tablet", revision: 77 },
    ]);
    snapshot.close();
  });
});

describe("whether a process is one of this cluster", () => {
  const orphan = (rest: object) =>
    processes({ topo_key: [cellKey], live_tablet: [live("host-x:16200", rest)] }, "same_cluster");

  test.each([
    ["another root", { topo_root: "/vitess/staging" }, 0],
    ["the same root with a slash", { topo_root: "/vitess/global/" }, 1],
    ["a server in common", { topo_server: "http://other:2379,ETCD:2379" }, 1],
    ["a server of which nothing is known", { topo_server: "etcd.private:2379" }, 1],
    ["no command line", { topo_server: null, topo_root: null }, 1],
  ])("%s: %s", (_, rest, same_cluster) => {
    expect(orphan(rest)).toEqual([{ same_cluster }]);
  });

  test("a server under another spelling is judged by its cluster id", () => {
    const [server] = aTopology().topo_server;
    const other = (cluster_id: string) => ({
      topo_server:
        server === undefined ? [] : [server, { ...server, server: "etcd.private:2379", cluster_id }],
      topo_key: [cellKey],
      live_tablet: [live("host-x:16200", { topo_server: "etcd.private:2379" })],
    });
    expect(processes(other("1"), "same_cluster")).toEqual([{ same_cluster: 1 }]);
    expect(processes(other("2"), "same_cluster")).toEqual([{ same_cluster: 0 }]);
  });

  describe("with a record of ours", () => {
    const [server] = aTopology().topo_server;
    const servers = (cluster_id: string | null) =>
      server === undefined ? [] : [server, { ...server, server: "prod-etcd:2379", cluster_id }];
    const recordedAt = (topo_server: string, rest: object = {}) =>
      live("host-a:16200", { topo_server, ...rest });
    const verdict = (parts: Partial<Facts>) => processes(parts, "record, same_cluster");

    test("it is still another cluster's where its etcd is proven to be another: a clone names it", () => {
      expect(verdict({ topo_server: servers("2"), live_tablet: [recordedAt("prod-etcd:2379")] })).toEqual([
        { record: "present", same_cluster: 0 },
      ]);
      expect(verdict({ topo_server: servers("1"), live_tablet: [recordedAt("prod-etcd:2379")] })).toEqual([
        { record: "present", same_cluster: 1 },
      ]);
    });

    test("it is still another cluster's where it was started with another root", () => {
      expect(verdict({ live_tablet: [recordedAt(ETCD, { topo_root: "/production/global" })] })).toEqual([
        { record: "present", same_cluster: 0 },
      ]);
    });

    test("it is ours where its etcd does not answer from here: a private name, a port-forward", () => {
      expect(verdict({ live_tablet: [recordedAt("etcd.svc:2379")] })).toEqual([
        { record: "present", same_cluster: 1 },
      ]);
    });

    test("what another cluster's process was started with makes no second one ours", () => {
      const orphan = { topo_server: "prod-etcd:2379", alias: "zone1-0000000300" };
      expect(
        verdict({
          topo_server: servers("2"),
          live_tablet: [recordedAt("prod-etcd:2379"), live("host-x:16300", orphan)],
        }),
      ).toEqual([
        { record: "present", same_cluster: 0 },
        { record: "absent", same_cluster: 0 },
      ]);
    });
  });

  test("an orphan started with the name of etcd that recorded tablets use", () => {
    const names = { topo_server: "etcd.svc:2379" };
    const orphanToo = live("host-x:16300", { ...names, alias: "zone1-0000000300" });
    expect(processes({ live_tablet: [live("host-a:16200", names), orphanToo] }, "same_cluster")).toEqual([
      { same_cluster: 1 },
      { same_cluster: 1 },
    ]);
  });

  test("a clone that does not say, beside the recorded process or with an older term, is not ours", () => {
    const silent = { topo_server: null, topo_root: null };
    expect(
      processes({ live_tablet: [live("clone:16200", { ...silent, term_start: NOW }), live("host-a:16200")] }),
    ).toMatchObject([{ address: "clone:16200", same_cluster: 0 }, { same_cluster: 1 }]);
    expect(
      processes({ live_tablet: [live("clone:16200", { ...silent, term_start: NOW - 9000 })] }),
    ).toMatchObject([{ same_cluster: 0 }]);
    expect(
      processes({ live_tablet: [live("moved:16200", { ...silent, term_start: NOW - 10 })] }),
    ).toMatchObject([{ same_cluster: 1, record: "other-address" }]);
  });
});

describe("who a process is", () => {
  test("a MySQL that answered alone is named by the witness that led there", () => {
    const parts = {
      witness: [aWitness({ address: "host-a:16200", alias: ALIAS, mysql_host: "host-a", mysql_port: 17200 })],
      live_tablet: [live("mysql://host-a:17200", { alias: null, keyspace: null, shard: null, type: null })],
    };
    expect(processes(parts, "alias, cell, keyspace, shard, type, db_name, witnesses")).toEqual([
      {
        alias: ALIAS,
        cell: "zone1",
        keyspace: "customer",
        shard: "-80",
        type: "",
        db_name: "customer_db",
        witnesses: "",
      },
    ]);
  });

  test("its database is the record's, else the deleted record's, else its streams', else the default", () => {
    const db = (parts: Partial<Facts>) =>
      processes({ live_tablet: [live("host-a:16200")], ...parts }, "db_name");
    const history = [
      {
        server: ETCD,
        key: TABLET_KEY,
        deleted_revision: 50,
        value: tabletRecord("host-a"),
        create_revision: 1,
        mod_revision: 2,
        recreated: 0,
        locks_known: 1,
      },
    ];
    expect(db({})).toEqual([{ db_name: "customer_db" }]);
    expect(db({ topo_key: [cellKey], topo_history: history })).toEqual([{ db_name: "customer_db" }]);
    expect(db({ topo_key: [cellKey] })).toEqual([{ db_name: "vt_customer" }]);
  });

  test("all its witnesses are named once", () => {
    const witness = ["topology", "inventory", "topology"].map((source, index) =>
      aWitness({ address: "host-a:16200", source, detail: String(index) }),
    );
    expect(processes({ witness, live_tablet: [live("host-a:16200")] }, "witnesses")).toEqual([
      { witnesses: "inventory,topology" },
    ]);
  });
});

test("cells that share a root share its records, and a tablet belongs to the cell of its alias", () => {
  const snapshot = Snapshot.of(
    facts({
      topo_root: [
        { name: "global", server: ETCD, root: "/vitess" },
        { name: "zone1", server: ETCD, root: "/vitess" },
        { name: "zone2", server: ETCD, root: "/vitess" },
      ],
      topo_key: [
        aTopoKey(`/vitess/tablets/${ALIAS}/Tablet`, tabletRecord("host-a")),
        aTopoKey("/vitess/keyspaces/customer/SrvKeyspace", ""),
        aTopoKey("/vitess/keyspaces/customer/Keyspace", ""),
        aTopoKey("/vitess/zone1/tablets/zone1-0000000201/Tablet", tabletRecord("host-b")),
      ],
    }),
  );
  expect(snapshot.all("SELECT alias, cell FROM tablet")).toEqual([{ alias: ALIAS, cell: "zone1" }]);
  expect(snapshot.all("SELECT cell FROM srv_keyspace")).toEqual([{ cell: "zone1" }, { cell: "zone2" }]);
  expect(snapshot.all("SELECT keyspace FROM keyspace")).toEqual([{ keyspace: "customer" }]);
  snapshot.close();
});
