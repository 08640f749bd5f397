import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import { decodeSrvKeyspace, encodeSrvKeyspace } from "../../src/topology/records.js";
import { Doctor } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, sleep, until } from "./lab/lab.js";
import { printedScenes } from "./lab/paths-scenes.js";
import { elect } from "./lab/reshard.js";

const SRV_KEYSPACE = "/vitess/zone1/keyspaces/customer/SrvKeyspace";

const CUSTOMER = {
  sharded: true,
  vindexes: {
    hash: { type: "hash" },
    by_name: {
      type: "consistent_lookup_unique",
      params: { table: "main.name_idx", from: "name", to: "keyspace_id" },
      owner: "customer",
    },
  },
  tables: {
    customer: {
      column_vindexes: [
        { column: "id", name: "hash" },
        { column: "name", name: "by_name" },
      ],
    },
    corder: { column_vindexes: [{ column: "id", name: "hash" }] },
  },
};

const MAIN = { tables: { name_idx: {}, setting: {} } };

const RULES = {
  rules: [
    // Tables have to be read, by which vtdoctor can tell that they are there: it reads those of keyspaces that a rule names.
    { from_table: "alias_of_corder", to_tables: ["customer.corder"] },
    { from_table: "alias_of_setting", to_tables: ["main.setting"] },
  ],
};

interface Asked {
  readonly name: string;
  readonly type: "PRIMARY" | "REPLICA";
}

const NAMES = [
  "customer.customer",
  "customer.corder",
  "corder",
  "main.setting",
  "setting",
  "alias_of_corder",
  "alias_of_setting",
];
/** Of both shards, as a vtgate's hash sends them. */
const IDS = "1, 2, 3, 4, 5, 6, 7, 8";
const READS: readonly Asked[] = NAMES.flatMap((name) => [
  { name, type: "PRIMARY" },
  { name, type: "REPLICA" },
]);

/**
 * What vtdoctor says of a name is what a client gets: each kind of fault is played, each name is asked for through vtgate, as PRIMARY and as
 * REPLICA, and the verdicts of query_path are compared with the answers (docs/vitess.md#query-routing).
 */
describe.skipIf(labMissing() !== null)("query paths, as vtgate takes them", () => {
  let lab: Lab;
  let doctor: Doctor;
  let written = 1000;

  beforeAll(async () => {
    lab = await Lab.up({ version: "24" });
    doctor = new Doctor(lab);
    for (const keyspace of ["customer", "main"])
      await lab.ctl("CreateKeyspace", "--durability-policy", "none", keyspace);
    for (const [uid, keyspace, shard] of [
      [100, "main", "0"],
      [101, "main", "0"],
      [200, "customer", "-80"],
      [201, "customer", "-80"],
      [300, "customer", "80-"],
      [301, "customer", "80-"],
    ] as const)
      await lab.tablet(uid, keyspace, shard);
    await elect(lab, "main", "0", 100);
    await elect(lab, "customer", "-80", 200);
    await elect(lab, "customer", "80-", 300);
    const ddl = async (keyspace: string, sql: string) => lab.ctl("ApplySchema", "--sql", sql, keyspace);
    await ddl("main", "create table name_idx(name varchar(64) primary key, keyspace_id varbinary(16))");
    await ddl("main", "create table setting(id bigint primary key)");
    await ddl("customer", "create table customer(id bigint primary key, name varchar(64))");
    await ddl("customer", "create table corder(id bigint primary key)");
    await vschema("customer", CUSTOMER);
    await vschema("main", MAIN);
    await rules(RULES);
    await lab.ctl("RebuildKeyspaceGraph", "customer");
    await lab.ctl("RebuildKeyspaceGraph", "main");
    await lab.startVtgate();
    await agree({});
  });
  afterAll(async () => lab?.down());

  const vschema = (keyspace: string, body: object) =>
    lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(body), keyspace);
  const keyspaceRules = (body: object) =>
    lab.ctl("ApplyKeyspaceRoutingRules", "--rules", JSON.stringify(body));
  async function etcd(use: (client: Etcd3) => Promise<void>): Promise<void> {
    const client = new Etcd3({ hosts: lab.server });
    await use(client).finally(() => client.close());
  }
  const rules = (body: object) => lab.ctl("ApplyRoutingRules", "--rules", JSON.stringify(body));

  /** What a client gets: '' or the error. As PRIMARY what has a lookup vindex is written too. */
  async function answer({ name, type }: Asked): Promise<string> {
    written += 1;
    const statements = [
      `select count(*) from ${name}${/setting/.test(name) ? "" : ` where id in (${IDS})`}`,
      ...(name === "customer.customer" && type === "PRIMARY"
        ? [`insert into ${name}(id, name) values (${written}, 'n${written}')`]
        : []),
    ];
    for (const statement of statements) {
      const error = await lab.gate(`@${type.toLowerCase()}`, statement, "zone1", 25_000).then(
        () => "",
        (refused: Error) => refused.message,
      );
      if (error !== "") return error;
    }
    return "";
  }

  interface Row {
    readonly name: string;
    readonly tablet_type: string;
    readonly verdict: string;
    readonly reason: string;
  }

  async function verdicts(): Promise<readonly Row[]> {
    const said = await doctor.run(
      ...["query", "--format", "json"],
      "SELECT name, tablet_type, verdict, reason FROM query_name WHERE cell = 'zone1'",
    );
    return JSON.parse(said.stdout).rows as Row[];
  }

  /**
   * Waits until vtgate serves all names but those of `broken` (name, name and type, or type -> reason), which fail, and until vtdoctor says
   * the same with that reason. Of `unseen` it says that it does not know.
   */
  async function agree(
    broken: Readonly<Record<string, string>>,
    unseen: readonly string[] = [],
  ): Promise<void> {
    const wanted = READS.map(({ name, type }) => ({
      name,
      type,
      reason: broken[`${name} ${type}`] ?? broken[name] ?? "",
    }));
    let said: readonly string[] = [];
    await until(`vtgate to serve all but ${JSON.stringify(broken)}`, 120_000, async () => {
      const answers = await Promise.all(READS.map(answer));
      said = answers.map((error, at) => `${READS[at]?.name} ${READS[at]?.type}: ${error}`);
      return answers.every((error, at) => (error === "") === (wanted[at]?.reason === ""));
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${said.join("\n")}`);
    });
    const judged = async () => {
      const rows = await verdicts();
      return READS.map(({ name, type }) => {
        const row = rows.find((one) => one.name === name && one.tablet_type === type);
        return `${name} ${type}: ${row?.verdict ?? "no row"} ${row?.reason ?? ""}`.trim();
      });
    };
    const right = wanted.map(({ name, type, reason }) => {
      if (unseen.includes(`${name} ${type}`)) return `${name} ${type}: unknown schema-unread`;
      if (reason === "") return `${name} ${type}: served`;
      return `${name} ${type}: ${reason === "ambiguous-name" ? "ambiguous" : "unserved"} ${reason}`;
    });
    // A vttablet says of itself that its MySQL is gone some seconds after vtgate got the first error.
    const end = Date.now() + 60_000;
    while ((await judged()).join() !== right.join() && Date.now() < end) await sleep(2000);
    expect(await judged()).toEqual(right);
  }

  /** Plays a fault, compares, and takes it back whatever came out. */
  async function fault(
    play: () => Promise<unknown>,
    broken: Readonly<Record<string, string>>,
    undo: () => Promise<unknown>,
    unseen: readonly string[] = [],
  ): Promise<void> {
    await play();
    try {
      await agree(broken, unseen);
    } finally {
      await undo();
    }
    await agree({});
  }

  const customers = NAMES.filter((name) => /order|customer/.test(name));
  const settings = NAMES.filter((name) => /setting/.test(name));
  const orders = NAMES.filter((name) => /order/.test(name));
  const all = (names: readonly string[], type: string, reason: string): Record<string, string> =>
    Object.fromEntries(names.map((name) => [`${name} ${type}`, reason]));

  it("a primary that was stopped", () =>
    fault(
      () => lab.stop("vttablet-200"),
      all(customers, "PRIMARY", "tablet-stopped"),
      () => lab.startVttablet(200),
    ));

  it("a replica that was killed", () =>
    fault(
      () => lab.stop("vttablet-201", "SIGKILL"),
      all(customers, "REPLICA", "tablet-dead"),
      () => lab.startVttablet(201),
    ));

  it("the MySQL of a primary died: it answers and does not serve, nor can be read what it has", () =>
    fault(
      () => lab.stop("mysqld-100", "SIGKILL"),
      { ...all(settings, "PRIMARY", "tablet-not-serving"), "customer.customer PRIMARY": "lookup-unserved" },
      () => lab.startMysqld(100),
      settings.map((name) => `${name} REPLICA`),
    ));

  it("a table that its shards deny", () => {
    const control = ["SetShardTabletControl", "--denied-tables=corder"];
    const refresh = () => lab.ctl("RefreshStateByShard", "customer/-80");
    return fault(
      async () => [await lab.ctl(...control, "customer/-80", "primary"), await refresh()],
      all(orders, "PRIMARY", "denied"),
      async () => [await lab.ctl(...control, "--remove", "customer/-80", "primary"), await refresh()],
    );
  });

  it("rules that lead to no table, no keyspace, two targets and nowhere; a rule's target is looked up again", () =>
    fault(
      () =>
        rules({
          rules: [
            ...RULES.rules,
            { from_table: "setting", to_tables: ["main.gone"] },
            { from_table: "main.setting", to_tables: ["nowhere.setting"] },
            { from_table: "corder", to_tables: ["customer.corder", "main.setting"] },
            { from_table: "customer.corder@replica", to_tables: [] },
            { from_table: "customer.customer@replica", to_tables: ["customer.gone"] },
          ],
        }),
      {
        setting: "table-missing",
        "main.setting": "keyspace-missing",
        alias_of_setting: "keyspace-missing",
        corder: "rule-targets",
        "customer.corder REPLICA": "rule-empty",
        "alias_of_corder REPLICA": "rule-empty",
        "customer.customer REPLICA": "table-missing-in-vschema",
      },
      () => rules(RULES),
    ));

  it("a table name of two keyspaces", () =>
    fault(
      () => vschema("main", { tables: { ...MAIN.tables, corder: {} } }),
      { corder: "ambiguous-name" },
      () => vschema("main", MAIN),
    ));

  it("a table that one of its shards lost", () =>
    fault(
      () => lab.sql(300, "drop table corder", "vt_customer"),
      Object.fromEntries(orders.map((name) => [name, "table-missing"])),
      () => lab.sql(300, "create table corder(id bigint primary key)", "vt_customer"),
    ));

  it("the table of a lookup vindex that is gone: what is owned can not be written", () =>
    fault(
      () => lab.sql(100, "rename table name_idx to name_idx_aside", "vt_main"),
      { "customer.customer PRIMARY": "lookup-missing" },
      () => lab.sql(100, "rename table name_idx_aside to name_idx", "vt_main"),
    ));

  it("a VSchema that says unsharded, of two shards", () =>
    fault(
      () => vschema("customer", { tables: { customer: {}, corder: {} } }),
      Object.fromEntries(customers.map((name) => [name, "many-shards"])),
      () => vschema("customer", CUSTOMER),
    ));

  it("queries that SrvKeyspace disables", () => {
    const control = (disable: boolean) => async () => [
      await lab.ctl("SetShardTabletControl", `--disable-query-service=${disable}`, "customer/80-", "replica"),
      await lab.ctl("RefreshStateByShard", "customer/80-"),
    ];
    return fault(control(true), all(customers, "REPLICA", "tablet-not-serving"), control(false));
  });

  /** SrvKeyspace of `customer`, without what `keep` says no to. */
  async function graph(keep: (type: TabletType, shard: string) => boolean): Promise<void> {
    await etcd(async (client) => {
      const record = decodeSrvKeyspace((await client.get(SRV_KEYSPACE).buffer()) ?? Buffer.alloc(0));
      if (record.kind === "unanswered") throw new Error(record.message);
      const partitions = record.value.partitions
        .map((one) => ({
          ...one,
          shardReferences: one.shardReferences.filter(({ name }) => keep(one.servedType, name)),
        }))
        .filter(({ shardReferences }) => shardReferences.length > 0);
      await client.put(SRV_KEYSPACE).value(Buffer.from(encodeSrvKeyspace({ ...record.value, partitions })));
    });
  }

  it("a partition that is gone: replicas are routed nowhere", () =>
    fault(
      () => graph((type) => type !== TabletType.REPLICA),
      all(customers, "REPLICA", "type-unrouted"),
      () => lab.ctl("RebuildKeyspaceGraph", "customer"),
    ));

  it("a hole in the key range of the primaries", () =>
    fault(
      () => graph((type, shard) => type !== TabletType.PRIMARY || shard !== "80-"),
      all(customers, "PRIMARY", "range-gap"),
      () => lab.ctl("RebuildKeyspaceGraph", "customer"),
    ));

  it("a keyspace routing rule to a keyspace that has none of the tables: a name without a keyspace does not follow it", () =>
    fault(
      () => keyspaceRules({ rules: [{ from_keyspace: "main", to_keyspace: "customer" }] }),
      {
        "main.setting": "table-missing-in-vschema",
        alias_of_setting: "table-missing-in-vschema",
        "customer.customer PRIMARY": "lookup-missing",
      },
      () => keyspaceRules({ rules: [] }),
    ));

  it("a SrvKeyspace that is gone", () =>
    fault(
      () => lab.etcdctl(GLOBAL_ETCD, "del", SRV_KEYSPACE),
      Object.fromEntries(customers.map((name) => [name, "no-srvkeyspace"])),
      () => lab.ctl("RebuildKeyspaceGraph", "customer"),
    ));

  printedScenes(() => ({
    lab,
    doctor,
    vschemas: { customer: CUSTOMER, main: MAIN },
    rules: RULES,
    holed: () => graph((type, shard) => type !== TabletType.PRIMARY || shard !== "80-"),
  }));
});
