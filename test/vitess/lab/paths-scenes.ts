import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Doctor } from "./doctor.js";
import { GLOBAL_ETCD, type Lab } from "./lab.js";
import { KEYSPACE_LOCK, putLock } from "./locks.js";
import { curedBy, finding, gone, ranAllOf, runAdvised, runPrinted, shell, textOf } from "./printed.js";
import { elect } from "./reshard.js";

/** The cluster of paths.test.ts: main/0 (100, 101) and customer/-80 (200, 201), 80- (300, 301), with a vtgate. */
export interface Scenery {
  readonly lab: Lab;
  readonly doctor: Doctor;
  readonly vschemas: Readonly<Record<"customer" | "main", object>>;
  readonly rules: { readonly rules: readonly object[] };
  /** SrvKeyspace of customer without the shard 80- for PRIMARY. */
  holed(): Promise<void>;
}

const DENY = (value: boolean, type: string) => [
  "SetShardTabletControl",
  `--disable-query-service=${value}`,
  "customer/80-",
  type,
];

/** Each scene plays a fault, takes the commands out of what vtdoctor says of it, runs them, and the finding is gone. */
export function printedScenes(scenery: () => Scenery): void {
  let lab: Lab;
  let doctor: Doctor;
  const scene = (name: string, play: (given: Scenery) => Promise<unknown>): void =>
    it(`what is printed: ${name}`, async () => {
      const given = scenery();
      ({ lab, doctor } = given);
      await play(given);
    });
  const vschema = (body: object, keyspace: string) => `--vschema '${JSON.stringify(body)}' ${keyspace}`;
  const edited = (name: string, body: object) =>
    writeFileSync(join(shell(doctor), name), JSON.stringify(body));

  scene("a primary that was stopped: a replica takes over, and back", async () => {
    await lab.stop("vttablet-200");
    await curedBy(doctor, "no-live-primary@customer/-80", ["vtctldclient EmergencyReparentShard"]);
    await curedBy(doctor, "tablet-record-empty-address@zone1-0000000200", ["vtctldclient DeleteTablets"]);
    await lab.startVttablet(200);
    await gone(doctor, "reads-served-by-no-tablet@zone1/customer/-80@REPLICA");
    await lab.stop("vttablet-201");
    const blank = await finding(doctor, "tablet-record-empty-address@zone1-0000000201");
    await runPrinted(doctor, blank.rule, textOf(blank), "vtctldclient EmergencyReparentShard");
    await gone(doctor, "no-live-primary@customer/-80");
    await lab.startVttablet(201);
    await gone(doctor, blank.id);
  });

  scene("replicas that are dead", async () => {
    await lab.tablet(302, "customer", "80-");
    await Promise.all([lab.stop("vttablet-201", "SIGKILL"), lab.stop("vttablet-302", "SIGKILL")]);
    await curedBy(doctor, "tablet-record-dead-address@zone1-0000000302", ["vtctldclient DeleteTablets"]);
    await curedBy(doctor, "reads-served-by-no-tablet@zone1/customer/-80@REPLICA", [
      "vtctldclient DeleteTablets",
      { more: "zone1-0000000201" },
    ]);
    await lab.startVttablet(201);
    await gone(doctor, "reads-served-by-no-tablet");
  });

  scene("reads that a control closes, and a replica that has not read that they are open again", async () => {
    const refresh = () => lab.ctl("RefreshStateByShard", "customer/80-");
    await lab.ctl(...DENY(true, "replica"));
    await refresh();
    const id = "reads-served-by-no-tablet@zone1/customer/80-@REPLICA";
    await curedBy(doctor, id, ["vtctldclient SetShardTabletControl"], ["vtctldclient RefreshStateByShard"]);
    await lab.ctl(...DENY(true, "replica"));
    await refresh();
    await lab.ctl(...DENY(false, "replica"));
    await curedBy(
      doctor,
      id,
      ["vtctldclient GetFullStatus", { more: "zone1-0000000301" }],
      ["vtctldclient RefreshState", { more: "zone1-0000000301" }],
    );
  });

  scene("a primary that does not serve", async () => {
    await lab.ctl(...DENY(true, "primary"));
    await lab.ctl("RefreshStateByShard", "customer/80-");
    await lab.ctl(...DENY(false, "primary"));
    await curedBy(doctor, "primary-not-serving@customer/80-", ["vtctldclient RefreshState"]);
  });

  scene("writes that a control closes", async () => {
    await lab.ctl(...DENY(true, "primary"));
    await lab.ctl("RefreshStateByShard", "customer/80-");
    const id = "writes-served-by-no-shard@customer/80-";
    await curedBy(doctor, id, ["vtctldclient SetShardTabletControl"], ["vtctldclient RefreshStateByShard"]);
    await lab.ctl(...DENY(true, "primary"));
    await lab.ctl("SetShardIsPrimaryServing", "customer/80-", "false");
    await lab.ctl("RefreshStateByShard", "customer/80-");
    await curedBy(
      doctor,
      id,
      ["vtctldclient SetShardIsPrimaryServing", { values: { "<keyspace/shard>": "customer/80-" } }],
      ["vtctldclient SetShardTabletControl"],
      ["vtctldclient RebuildKeyspaceGraph"],
      ["vtctldclient RefreshStateByShard", { more: "customer/80-" }],
    );
  });

  scene("a range that no shard serves", async ({ holed }) => {
    await lab.ctl("SetShardIsPrimaryServing", "customer/80-", "false");
    await holed();
    await curedBy(
      doctor,
      "range-served-by-no-shard",
      ["vtctldclient SetShardIsPrimaryServing", { values: { "<keyspace/shard>": "customer/80-" } }],
      ["vtctldclient RebuildKeyspaceGraph"],
      ["vtctldclient RefreshStateByShard", { more: "customer/80-" }],
    );
  });

  scene("a rule that leads nowhere", async ({ rules }) => {
    const bad = { rules: [...rules.rules, { from_table: "setting", to_tables: ["main.gone"] }] };
    await lab.ctl("ApplyRoutingRules", "--rules", JSON.stringify(bad));
    const said = await finding(doctor, "routing-rule-leads-nowhere");
    await runPrinted(doctor, said.rule, textOf(said), "vtctldclient GetRoutingRules");
    const read = JSON.parse(readFileSync(join(shell(doctor), "rules.json"), "utf8"));
    edited("rules.json", {
      rules: read.rules.filter(({ to_tables }: { to_tables: string[] }) => to_tables[0] !== "main.gone"),
    });
    await runPrinted(doctor, said.rule, textOf(said), "vtctldclient ApplyRoutingRules");
    await gone(doctor, said.id);
  });

  scene("a name with two owners", async ({ vschemas, rules }) => {
    const two = { tables: { name_idx: {}, setting: {}, corder: {} } };
    await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(two), "main");
    const both = { rules: [...rules.rules, { from_table: "corder", to_tables: ["customer.corder"] }] };
    const id = "table-name-with-two-owners";
    await curedBy(doctor, id, [
      "vtctldclient ApplyRoutingRules",
      { more: `--rules '${JSON.stringify(both)}'` },
    ]);
    await lab.ctl("ApplyRoutingRules", "--rules", JSON.stringify(rules));
    await curedBy(doctor, id, ["vtctldclient ApplyVSchema", { more: vschema(vschemas.main, "main") }]);
  });

  scene("a table that is not there", async ({ vschemas }) => {
    const created = (name: string) =>
      `--sql 'create table if not exists ${name}(id bigint primary key)' customer`;
    await lab.sql(300, "drop table corder", "vt_customer");
    await curedBy(doctor, "table-not-on-its-shards", [
      "vtctldclient ApplySchema",
      { more: created("corder") },
    ]);
    for (const [uid] of [[200], [300]] as const) await lab.sql(uid, "drop table corder", "vt_customer");
    await curedBy(doctor, "table-not-on-its-shards", [
      "vtctldclient ApplyVSchema",
      { more: vschema(without(vschemas.customer, "corder"), "customer") },
    ]);
    await lab.ctl("ApplySchema", "--sql", "create table corder(id bigint primary key)", "customer");
    await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(vschemas.customer), "customer");
  });

  scene("a serving graph that is gone, or old", async ({ vschemas }) => {
    const graph = "/vitess/zone1/keyspaces/customer/SrvKeyspace";
    await lab.etcdctl(GLOBAL_ETCD, "del", graph);
    await curedBy(doctor, "srvkeyspace-missing@zone1/customer", ["vtctldclient RebuildKeyspaceGraph"]);
    await scenery().holed();
    await curedBy(doctor, "srvkeyspace-partition-drift@zone1/customer", [
      "vtctldclient RebuildKeyspaceGraph",
    ]);
    await lab.etcdctl(GLOBAL_ETCD, "del", "/vitess/zone1/SrvVSchema");
    await curedBy(doctor, "srvvschema-missing@zone1", ["vtctldclient RebuildVSchemaGraph"]);
    const more = JSON.stringify({ tables: { name_idx: {}, setting: {}, extra: {} } });
    await lab.ctl("ApplySchema", "--sql", "create table extra(id bigint primary key)", "main");
    await lab.ctl("ApplyVSchema", "--skip-rebuild", "--vschema", more, "main");
    await curedBy(doctor, "srvvschema-stale@zone1", ["vtctldclient RebuildVSchemaGraph"]);
    await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(vschemas.main), "main");
  });

  scene("a VSchema that was lost", async () => {
    const before = await lab.revision();
    await lab.ctl("ApplyVSchema", "--skip-rebuild", "--vschema", "{}", "customer");
    const said = await finding(doctor, "vschema-lost");
    await runPrinted(doctor, said.rule, textOf(said), "etcdctl get", {
      values: { "<revision before the loss>": String(before) },
    });
    const copy = await runPrinted(doctor, said.rule, textOf(said), "vtctldclient GetSrvVSchema", {
      values: { "<cell>": "zone1" },
    });
    edited("FILE", cellOf(copy.stdout).keyspaces.customer ?? {});
    await runPrinted(doctor, said.rule, textOf(said), "vtctldclient ApplyVSchema");
    await gone(doctor, said.id);
  });

  scene("a cell whose address was changed", async () => {
    await lab.ctl("UpdateCellInfo", "--root", "/vitess/elsewhere", "zone1");
    const said = await finding(doctor, "cell-info-changed");
    const was = await runPrinted(doctor, said.rule, textOf(said), "etcdctl get");
    const [server = "", root = ""] = was.stdout.match(/[\w./:]{8,}/g) ?? [];
    await runPrinted(doctor, said.rule, textOf(said), "vtctldclient UpdateCellInfo", {
      values: { "<old server>": server, "<old root>": root },
    });
    await gone(doctor, said.id);
  });

  scene("a shard without tablets, and a tablet whose address another took", async () => {
    await lab.ctl("CreateShard", "customer/40-60");
    await curedBy(doctor, "shard-record-without-tablets", ["vtctldclient DeleteShards"]);
    await lab.stop("vttablet-201", "SIGKILL");
    await lab.stop("vttablet-301");
    await lab.startVttablet(301, { "grpc-port": "16201" });
    await curedBy(doctor, "tablet-address-identity-mismatch", ["vtctldclient DeleteTablets"]);
    await lab.stop("vttablet-301");
    await Promise.all([lab.startVttablet(201), lab.startVttablet(301)]);
  });

  scene("locks of nobody", async () => {
    const time = new Date("2026-01-01T00:00:00Z");
    await putLock(lab, KEYSPACE_LOCK, { action: "RebuildKeyspace", host: "gone", time });
    const said = await finding(doctor, "topo-lock-stale");
    const blocked = await doctor.write("fix", said.id, "--yes");
    await runPrinted(doctor, "src/plan/recipes/clear-lock", blocked.stdout + blocked.stderr, "etcdctl del");
    await gone(doctor, said.id);
  });

  // The last one: it takes the history of etcd away.
  scene("a range whose shard was deleted, and nobody remembers it", async ({ holed }) => {
    await lab.ctl("DeleteShards", "--recursive", "--even-if-serving", "customer/80-");
    await holed();
    await lab.etcdctl(GLOBAL_ETCD, "compaction", String(await lab.revision()));
    const id = "range-served-by-no-shard@customer/80-";
    const said = await finding(doctor, id);
    const tablets = [300, 301].map((uid) => `{host: 127.0.0.1, grpc: ${16000 + uid}, http: ${15000 + uid}}`);
    writeFileSync(join(shell(doctor), "FILE"), `tablets: [${tablets.join(", ")}]\n`);
    const named = await runAdvised(doctor, said, "vtdoctor scan", { code: 1 });
    expect(named.stdout).toContain("shard-missing-live-tablets@customer/80-");
    for (const uid of [300, 301]) {
      await lab.stop(`vttablet-${uid}`);
      await lab.startVttablet(uid);
    }
    await runAdvised(doctor, said, "vtctldclient SetShardIsPrimaryServing");
    await runAdvised(doctor, said, "vtctldclient RebuildKeyspaceGraph");
    await gone(doctor, id);
    await elect(lab, "customer", "80-", 300);
    await gone(doctor, "no-live-primary@customer/80-");
  });

  ranAllOf("paths");
}

/** GetSrvVSchema prints the cell's record, by cell or alone. */
const cellOf = (text: string): { keyspaces: Record<string, object> } => {
  const read = JSON.parse(text);
  return read.zone1 ?? read;
};

const without = (vschema: object, table: string): object => {
  const copy = structuredClone(vschema) as { tables: Record<string, object> };
  delete copy.tables[table];
  return copy;
};
