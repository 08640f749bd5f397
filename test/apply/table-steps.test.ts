import { describe, expect, it } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { planFor, refTo, run, step } from "./hand-plan.js";

const HOLD = "vtdoctor_hold_r1";

/** A Reshard whose streams into the tablet are stopped. */
function lab() {
  const cluster = reshardingLab({ rows: 20 });
  const tablet = cluster.tablet("zone1-0000000200");
  setState(tablet, "Stopped");
  const hold = step("table.hold", {
    tablet: refTo(tablet),
    dbName: "vt_customer",
    holdSchema: HOLD,
    tables: ["corder", "customer"],
    views: [],
  });
  return { cluster, tablet, hold, plan: planFor(cluster, { steps: [hold] }) };
}

function setState(tablet: SimTablet, state: string) {
  tablet.engine.exec(
    `update _vt.vreplication set state='${state}' where db_name='vt_customer' and workflow='c2'`,
  );
}

const tablesIn = (tablet: SimTablet, database: string) => [
  ...(tablet.mysql.data.databases.get(database)?.keys() ?? []),
];

describe("table.hold", () => {
  it("moves all tables in one statement, on the replica too", async () => {
    const { cluster, tablet, plan } = lab();
    const before = cluster.effects.log.length;
    expect(await run(cluster, plan, ["01-table.hold"])).toMatchObject({
      exit: "ok",
      files: { "01-table.hold": [{ name: "corder" }, { name: "customer" }] },
    });
    for (const one of [tablet, cluster.tablet("zone1-0000000201")]) {
      expect(tablesIn(one, "vt_customer")).toEqual([]);
      expect(tablesIn(one, HOLD).sort()).toEqual(["corder", "customer"]);
    }
    expect(cluster.effects.log.slice(before).map((effect) => effect.detail)).toEqual([
      "/* vtdoctor run r1 */ create database if not exists `vtdoctor_hold_r1`",
      "/* vtdoctor run r1 */ rename table `vt_customer`.`corder` to `vtdoctor_hold_r1`.`corder`, `vt_customer`.`customer` to `vtdoctor_hold_r1`.`customer`",
    ]);
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
  });

  it("is refused for tables with triggers", async () => {
    const { cluster, tablet, plan } = lab();
    tablet.mysql.data.triggers.push({ database: "vt_customer", name: "t", table: "corder" });
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/corder .* has triggers/),
    });
    expect(tablesIn(tablet, "vt_customer")).toHaveLength(2);
  });

  it("is refused while a stream writes into one of them", async () => {
    const { cluster, tablet, plan } = lab();
    setState(tablet, "Running");
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/stream 1 of c2 .* is Running and writes into corder, customer/),
    });
    expect(tablesIn(tablet, "vt_customer")).toHaveLength(2);
  });

  it("is refused where a table went, or only a part was moved", async () => {
    const gone = lab();
    gone.tablet.executeAsDba("drop table `vt_customer`.`corder`");
    expect(await run(gone.cluster, gone.plan)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("corder is gone from vt_customer"),
    });
    const half = lab();
    half.tablet.executeAsDba(`create database ${HOLD}`);
    half.tablet.executeAsDba(`rename table \`vt_customer\`.\`corder\` to \`${HOLD}\`.\`corder\``);
    expect(await run(half.cluster, half.plan)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("somebody else moves tables there"),
    });
  });
});

describe("table.drop", () => {
  it("drops what is there, and keeps the definitions in the run's folder", async () => {
    const { cluster, tablet } = lab();
    const drop = step("table.drop", {
      tablet: refTo(tablet),
      dbName: "vt_customer",
      tables: ["corder", "missing"],
    });
    const ran = await run(cluster, planFor(cluster, { steps: [drop] }), ["01-table.drop"]);
    expect(ran).toMatchObject({ exit: "ok", files: { "01-table.drop": [{ name: "corder" }] } });
    expect(tablesIn(tablet, "vt_customer")).toEqual(["customer"]);
  });
});

describe("table.drop while a stream runs", () => {
  it("drops nothing", async () => {
    const { cluster, tablet } = lab();
    setState(tablet, "Running");
    const drop = step("table.drop", { tablet: refTo(tablet), dbName: "vt_customer", tables: ["corder"] });
    expect(await run(cluster, planFor(cluster, { steps: [drop] }))).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("is Running and writes into corder"),
    });
    expect(tablesIn(tablet, "vt_customer").sort()).toEqual(["corder", "customer"]);
  });
});

describe("keys.export", () => {
  const alter = "alter table vt_customer.corder add key sku (sku), add unique key `odd``name` (id)";
  const put = (tablet: SimTablet, ...alters: readonly string[]) => {
    const { sidecar } = tablet.mysql.data;
    sidecar.postCopyActions = alters.map((task, id) => ({
      ...{ id, vreplId: 1, tableName: "corder", action: JSON.stringify({ task, type: 1 }) },
    }));
  };
  const exporting = (tablet: SimTablet, apply: boolean, ...alters: readonly string[]) =>
    step("keys.export", {
      ...{ tablet: refTo(tablet), workflow: "c2", dbName: "vt_customer", ids: [1], apply },
      actions: alters.map((one) => ({ table: "corder", alter: one })),
    });

  it("adds the keys once, and says so when they are there", async () => {
    const { cluster, tablet } = lab();
    const one = "alter table vt_customer.corder add key sku (sku)";
    put(tablet, one);
    const plan = planFor(cluster, { steps: [exporting(tablet, true, one)] });
    const effects = cluster.effects.log.length;
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
    expect(tablet.mysql.table("vt_customer", "corder")?.definition).toContain("KEY `sku` (");
    expect((await run(cluster, plan)).exit).toBe("ok");
    expect(cluster.effects.log.slice(effects).map(({ detail }) => detail)).toEqual([
      `/* vtdoctor run r1 */ ${one}`,
    ]);
  });

  it("does not guess where a key of that name is there already and another is not", async () => {
    const { cluster, tablet } = lab();
    const [table] = [tablet.mysql.table("vt_customer", "corder")];
    if (table)
      table.definition = table.definition.replace(
        "KEY `customer_id`",
        "KEY `sku` (`sku`),\n  KEY `customer_id`",
      );
    put(tablet, alter);
    const keys = exporting(tablet, true, alter);
    expect(await run(cluster, planFor(cluster, { steps: [keys] }))).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("has a key sku already, but not all of"),
    });
  });

  it("is refused while the copy may put off more", async () => {
    const { cluster, tablet } = lab();
    put(tablet, alter);
    setState(tablet, "Running");
    expect(await run(cluster, planFor(cluster, { steps: [exporting(tablet, false, alter)] }))).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("stream 1 of c2"),
    });
  });

  it("only writes the file where the keys are not to be added", async () => {
    const { cluster, tablet } = lab();
    const before = tablet.mysql.table("vt_customer", "corder")?.definition;
    const effects = cluster.effects.log.length;
    put(tablet, alter);
    const ran = await run(cluster, planFor(cluster, { steps: [exporting(tablet, false, alter)] }));
    expect(ran.exit === "ok" && ran.steps[0]?.said).toMatch(/the statements are in .*deferred-keys\.sql/);
    expect(cluster.effects.log).toHaveLength(effects);
    expect(tablet.mysql.table("vt_customer", "corder")?.definition).toBe(before);
  });

  it("takes what was put off since the plan was made", async () => {
    const { cluster, tablet } = lab();
    const [known, later] = ["sku", "later"].map(
      (key) => `alter table vt_customer.corder add key ${key} (sku)`,
    );
    put(tablet, known ?? "", later ?? "");
    const ran = await run(cluster, planFor(cluster, { steps: [exporting(tablet, true, known ?? "")] }));
    expect(ran).toMatchObject({ exit: "ok", steps: [{ said: expect.stringContaining("all 2 deferred") }] });
    expect(tablet.mysql.table("vt_customer", "corder")?.definition).toContain("KEY `later` (");
  });

  it("sends nothing that is only in the plan, unless the copy has added the key itself", async () => {
    const { cluster, tablet } = lab();
    const effects = cluster.effects.log.length;
    for (const apply of [true, false]) {
      const drop = "drop database vt_customer -- add key zz (id)";
      const foreign = planFor(cluster, { steps: [exporting(tablet, apply, drop)] });
      expect(await run(cluster, foreign)).toMatchObject({
        exit: "refused",
        said: expect.stringContaining(`has no row of stream 1 of c2 on zone1-0000000200 (`),
      });
      const added = "drop database vt_customer -- add key customer_id (id)";
      const ended = planFor(cluster, { steps: [exporting(tablet, apply, added)] });
      expect(await run(cluster, ended)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
    }
    expect(cluster.effects.log).toHaveLength(effects);
  });
});
