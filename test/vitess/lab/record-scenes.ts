import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { ShardReferenceSchema, TabletAliasSchema, TabletType } from "../../../src/proto/gen/topodata_pb.js";
import {
  decodeShard,
  decodeSrvKeyspace,
  encodeShard,
  encodeSrvKeyspace,
} from "../../../src/topology/records.js";
import { rewritten } from "./kept.js";
import { GLOBAL_ETCD, type Lab } from "./lab.js";
import { curedBy, finding, gone, runAdvised, runPrinted, shell } from "./printed.js";
import { elect } from "./reshard.js";
import type { Scene, Vschema } from "./scenery.js";

const SRV_KEYSPACE = "/vitess/zone1/keyspaces/customer/SrvKeyspace";

/** Records, rules and VSchemas that are wrong, with no workflow in flight. */
export function recordScenes(scene: Scene): void {
  scene("the record of a primary was deleted with --allow-primary", async ({ lab, doctor }) => {
    await lab.stop("vttablet-100");
    await lab.ctl("DeleteTablets", "--allow-primary", "zone1-0000000100");
    await curedBy(doctor, "shard-primary-tablet-missing@customer/0", ["vtctldclient EmergencyReparentShard"]);
    await lab.startVttablet(100);
  });

  scene("a shard none of whose tablets is primary", async ({ lab, doctor }) => {
    await lab.stop("vttablet-101");
    await lab.ctl("DeleteTablets", "--allow-primary", "zone1-0000000101");
    // It comes back as a replica, and so does the other one.
    await lab.startVttablet(101);
    await nameAsPrimary(lab, 100);
    await curedBy(
      doctor,
      "no-live-primary@customer/0",
      ["vtctldclient GetTablets"],
      ["vtctldclient PlannedReparentShard"],
    );
    await elect(lab, "customer", "0", 100);
  });

  scene("a primary whose record is gone", async ({ lab, doctor }) => {
    // DeleteTablets also takes the primary's name off its Shard record, by which the process ends itself.
    await lab.etcdctl(GLOBAL_ETCD, "del", "/vitess/zone1/tablets/zone1-0000000400/Tablet");
    const said = await finding(doctor, "tablet-record-missing-live-process@zone1-0000000400");
    const others = await runAdvised(doctor, said, "vtdoctor query");
    expect(others.stdout).toMatch(/zone1-0000000400.*PRIMARY[\s\S]*zone1-0000000401.*REPLICA/);
    await lab.stop("vttablet-400");
    await lab.startVttablet(400);
    await gone(doctor, said.id);
    await elect(lab, "moved", "0", 400);
  });

  scene("a lookup vindex and a sequence whose tables are gone", async ({ lab, doctor, vschema }) => {
    const back = { more: `--vschema '${JSON.stringify(vschema)}' customer` };
    const lookup = { type: "consistent_lookup_unique", owner: "customer" };
    const params = { table: "moved.name_idx", from: "name", to: "keyspace_id" };
    const hash = { column: "id", name: "hash" };
    const looked = {
      ...vschema,
      vindexes: { ...vschema.vindexes, by_name: { ...lookup, params } },
      tables: { customer: { column_vindexes: [hash, { column: "name", name: "by_name" }] } },
    };
    const dangling = "lookup-vindex-dangling@customer/moved.name_idx";
    await apply(lab, "customer", looked);
    await curedBy(doctor, dangling, ["vtctldclient ApplyVSchema", back]);
    await apply(lab, "customer", looked);
    const said = await finding(doctor, dangling);
    await apply(lab, "customer", vschema);
    const anew = ["--keyspace customer --type consistent_lookup_unique --table-owner customer"];
    await runAdvised(doctor, said, "vtctldclient LookupVindex create", {
      more: [...anew, "--table-owner-columns name --tablet-types PRIMARY", ...named].join(" "),
    });
    await gone(doctor, dangling);
    await lab.ctl("LookupVindex", "cancel", ...named.join(" ").split(" "));
    await lab.sql(400, "drop table if exists name_idx", "vt_moved");
    await apply(lab, "moved", { tables: {} });

    const fields = { column_vindexes: [hash], auto_increment: { column: "id", sequence: "moved.ids" } };
    await apply(lab, "customer", { ...vschema, tables: { customer: fields } });
    await curedBy(doctor, "sequence-missing", ["vtctldclient ApplyVSchema", back]);
  });

  scene("reads that a rule sends where nothing feeds", async ({ lab, doctor }) => {
    await lab.ctl("ApplySchema", "--sql", "create table customer(id bigint primary key)", "moved");
    await apply(lab, "moved", { tables: { customer: {} } });
    const rules = [
      { from_table: "customer", to_tables: ["customer.customer"] },
      { from_table: "customer@replica", to_tables: ["moved.customer"] },
    ];
    await lab.ctl("ApplyRoutingRules", "--rules", JSON.stringify({ rules }));
    const said = await finding(doctor, "read-rule-not-fed");
    await runAdvised(doctor, said, "vtctldclient GetRoutingRules");
    const path = join(shell(doctor), "rules.json");
    const read = JSON.parse(readFileSync(path, "utf8"));
    const kept = read.rules.filter(({ from_table }: { from_table: string }) => !from_table.includes("@"));
    writeFileSync(path, JSON.stringify({ rules: kept }));
    await runAdvised(doctor, said, "vtctldclient ApplyRoutingRules");
    await gone(doctor, said.id);
    await apply(lab, "moved", { tables: {} });
    await lab.ctl("ApplySchema", "--sql", "drop table customer", "moved");
  });

  scene("a table that a rule leads to is denied; one that no rule names is too", async ({ lab, doctor }) => {
    const deny = async () => {
      await lab.ctl("SetShardTabletControl", "--denied-tables=customer", "customer/0", "primary");
      await lab.ctl("RefreshStateByShard", "customer/0");
    };
    const values = { "<shard>": "0" };
    await deny();
    await curedBy(
      doctor,
      "routing-contradicts-denial@customer.customer",
      ["vtctldclient SetShardTabletControl", { values }],
      ["vtctldclient RefreshStateByShard", { values }],
    );
    await lab.ctl("ApplyRoutingRules", "--rules", '{"rules":[]}');
    await deny();
    await curedBy(doctor, "keep-data-denial-residue@customer/0", ["vtctldclient SetShardTabletControl"]);
    await lab.ctl("RefreshStateByShard", "customer/0");
  });

  scene("a VSchema that lost a vindex which its cells still have", async ({ lab, doctor, vschema }) => {
    const where = "src/plan/guards/poorer-vschema";
    const poorer = () =>
      lab.ctl("ApplyVSchema", "--skip-rebuild", "--vschema", JSON.stringify(vschema), "customer");
    await apply(lab, "customer", { ...vschema, vindexes: { ...vschema.vindexes, more: { type: "xxhash" } } });
    await poorer();
    const refused = await doctor.write("fix", "srvvschema-stale@zone1", "--yes");
    const copy = await runPrinted(doctor, where, refused, "vtctldclient GetSrvVSchema");
    const read = JSON.parse(copy.stdout);
    const body = (read.zone1 ?? read).keyspaces.customer;
    writeFileSync(join(shell(doctor), "copy.json"), JSON.stringify(body));
    const put = { more: "--vschema-file copy.json" };
    await runPrinted(doctor, where, refused, "vtctldclient ApplyVSchema", put);
    expect(await lab.ctl("GetVSchema", "customer")).toContain("xxhash");
    await gone(doctor, "srvvschema-stale");
    await poorer();
    await finding(doctor, "srvvschema-stale@zone1");
    await runPrinted(doctor, where, refused, "vtctldclient RebuildVSchemaGraph");
    await gone(doctor, "srvvschema-stale");
  });

  scene("a serving graph whose Shard records can not say how it is to be", async ({ lab, doctor }) => {
    const where = "src/plan/guards/cell-routes";
    const serving = (shard: string, value: boolean) =>
      lab.ctl("SetShardIsPrimaryServing", `customer/${shard}`, String(value));
    await serving("0", false);
    await serving("-80", true);
    await lab.etcdctl(GLOBAL_ETCD, "del", SRV_KEYSPACE);
    const id = "srvkeyspace-missing@zone1/customer";
    const refused = await doctor.write("fix", id, "--yes");
    const put = { more: "customer/-80 false" };
    await runPrinted(doctor, where, refused, "vtctldclient SetShardIsPrimaryServing", put);
    await runPrinted(doctor, where, refused, "vtctldclient SetShardIsPrimaryServing", {
      more: "customer/0 true",
    });
    await lab.ctl("RebuildKeyspaceGraph", "customer");
    await gone(doctor, id);
    await lab.ctl("RefreshStateByShard", "customer/0");
  });

  scene("a serving graph that routes writes away from the flags, and is younger", async ({ lab, doctor }) => {
    await routed(lab, TabletType.PRIMARY, ["-80", "80-"]);
    const id = "srvkeyspace-partition-drift@zone1/customer";
    const refused = await doctor.write("fix", id, "--yes");
    await runPrinted(doctor, "src/plan/guards/cell-routes", refused, "vtctldclient RebuildKeyspaceGraph");
    await gone(doctor, id);
  });

  scene(
    "a primary that does not serve, whose replica can; in the end the other one is primary",
    async ({ lab, doctor }) => {
      const close = (value: boolean) =>
        lab.ctl("SetShardTabletControl", `--disable-query-service=${value}`, "customer/0", "primary");
      await close(true);
      await lab.ctl("RefreshStateByShard", "customer/0");
      await close(false);
      await curedBy(doctor, "primary-not-serving@customer/0", ["vtctldclient PlannedReparentShard"]);
      await lab.ctl("RefreshStateByShard", "customer/0");
      await lab.stop("mysqld-101", "SIGKILL");
      await curedBy(doctor, "primary-not-serving@customer/0", ["vtctldclient EmergencyReparentShard"]);
    },
  );
}

const named = ["--name by_name", "--table-keyspace moved"];

export const apply = (lab: Lab, keyspace: string, body: Partial<Vschema>): Promise<string> =>
  lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(body), keyspace);

/** SrvKeyspace of customer, as it is but for where queries of a type go. */
const routed = (lab: Lab, type: TabletType, shards: readonly string[]): Promise<void> =>
  rewritten(lab, SRV_KEYSPACE, (bytes) => {
    const record = decodeSrvKeyspace(bytes);
    if (record.kind === "unanswered") throw new Error(record.message);
    const partitions = record.value.partitions.map((one) =>
      one.servedType !== type
        ? one
        : { ...one, shardReferences: shards.map((name) => create(ShardReferenceSchema, { name })) },
    );
    return encodeSrvKeyspace({ ...record.value, partitions });
  });

/** The Shard record of customer/0, as it is but for the primary that it names. */
const nameAsPrimary = (lab: Lab, uid: number): Promise<void> =>
  rewritten(lab, "/vitess/global/keyspaces/customer/shards/0/Shard", (bytes) => {
    const record = decodeShard(bytes);
    if (record.kind === "unanswered") throw new Error(record.message);
    const primaryAlias = create(TabletAliasSchema, { cell: "zone1", uid });
    return encodeShard({ ...record.value, primaryAlias });
  });
