import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unanswered } from "../../src/cluster/outcome.js";
import { sealed } from "../../src/plan/fingerprint.js";
import type { Plan } from "../../src/plan/plan.js";
import type { Step, StepOf } from "../../src/plan/steps/index.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { refTo } from "../apply/hand-plan.js";
import { moving } from "../crash/scene.js";
import { operatorAt } from "./harness.js";

const PRODUCTION = "zone1-0000000100";
const TARGET = "zone1-0000000400";

/** A saved plan that somebody changed: the plan as a `cancel` made it, and the steps that are put in its place. */
async function tampered(
  change: (plan: Plan, cluster: SimCluster) => Plan | readonly Step[],
  command = "cancel moved.c2",
) {
  const cluster = moving.build();
  const commands: (readonly string[])[] = [];
  cluster.hooks.run = async (command) => {
    commands.push(command);
    return unanswered("failed", "not now");
  };
  const { folder, write } = operatorAt(cluster);
  const path = join(folder, "p.json");
  await write(`${command} --dry-run --out ${path}`);
  const { sha256: _, ...plan } = JSON.parse(readFileSync(path, "utf8"));
  const changed = change(plan, cluster);
  const own: Partial<Plan> =
    "stages" in changed
      ? changed
      : { premises: [], stages: [{ title: "Rebuild", locks: [], steps: changed }] };
  writeFileSync(path, JSON.stringify(sealed({ ...plan, ...own })));
  const before = cluster.effects.log.length;
  return {
    cluster,
    commands,
    execute: (flags = "") => write(`fix --plan ${path} --yes${flags}`),
    effects: () => cluster.effects.log.slice(before),
    tables: () => [...(cluster.tablet(PRODUCTION).mysql.data.databases.get("vt_customer")?.keys() ?? [])],
  };
}

const harmless = { id: "01-x", class: "safe", destroys: "nothing" } as const;

describe("a plan file that somebody changed is not believed", () => {
  it("when it calls the drop of production tables safe", async () => {
    const { execute, effects, tables } = await tampered((_, cluster) => [
      {
        ...{ ...harmless, kind: "table.drop", tablet: refTo(cluster.tablet(PRODUCTION)) },
        ...{ dbName: "vt_customer", tables: ["customer", "corder"] },
      },
    ]);
    const said = await execute();
    expect([said.code, said.err]).toEqual([4, expect.stringContaining("which is not proven a copy")]);
    expect(said.err).toMatch(/after "drops `customer`, `corder` of vt_customer/);
    expect((await execute(" --confirm customer")).code).toBe(4);
    expect([effects(), tables()]).toEqual([[], ["customer", "corder"]]);
  });

  const labelled = (plan: Plan, labels: Partial<Step>): Plan => ({
    ...plan,
    stages: plan.stages.map((stage) => ({
      ...stage,
      steps: stage.steps.map((one) => ({ ...one, ...labels }) as Step),
    })),
  });

  it("when it says that nothing is lost by the drop of a copy", async () => {
    const { execute, effects } = await tampered(
      (plan) => labelled(plan, { destroys: "nothing" }),
      "cancel moved.c2 --purge",
    );
    const said = await execute();
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringMatching(/--confirm: the plan drops tables of keyspace moved/),
    ]);
    expect(effects()).toEqual([]);
    expect((await execute(" --confirm moved")).code).toBe(0);
  });

  it("when it calls its steps safe: what they rest on is proven again before each", async () => {
    const { cluster, execute } = await tampered((plan) => labelled(plan, { class: "safe" }));
    const rules = cluster.topology.routingRules();
    cluster.effects.hook = {
      after: ({ call }) => {
        const record = rules.get();
        if (call === "vreplicationExec" && record !== null) rules.put(record);
        return undefined;
      },
    };
    const said = await execute();
    expect([said.code, said.err]).toEqual([4, expect.stringMatching(/RoutingRules was at revision/)]);
    expect([...(cluster.tablet(TARGET).mysql.data.databases.get("vt_moved")?.keys() ?? [])]).toEqual([
      "customer",
    ]);
  });

  const putBack = (plan: Plan, key: string): Step => ({
    ...{ ...harmless, kind: "record.write", server: plan.cluster.globalServer, key },
    ...{ record: { kind: "routing-rules" }, modRevision: 0, before: null, after: "" },
  });

  it.each<[string, (plan: Plan, cluster: SimCluster) => Plan | readonly Step[], RegExp]>([
    [
      "outside Vitess's roots",
      (plan) => [putBack(plan, "/some/other/app/config")],
      /01-x \(record.write\) names the key \/some\/other\/app\/config, where such a step has no record/,
    ],
    [
      "of another type",
      (plan) => [putBack(plan, "/vitess/global/keyspaces/customer/Keyspace")],
      /customer\/Keyspace, where such a step has no record/,
    ],
    [
      "of another etcd",
      (plan) => [{ ...putBack(plan, "/vitess/global/RoutingRules"), server: "etcd-other:2379" } as Step],
      /RoutingRules, where such a step has no record/,
    ],
    [
      "of another keyspace",
      (plan) => [
        {
          ...{ ...harmless, kind: "record.write", server: plan.cluster.globalServer },
          ...{
            key: "/vitess/global/keyspaces/customer/VSchema",
            record: { kind: "vschema", keyspace: "moved" },
          },
          ...{ modRevision: 1, before: "", after: "" },
        },
      ],
      /customer\/VSchema, where such a step has no record/,
    ],
    [
      "that is no root of the cluster",
      (plan) => ({
        ...plan,
        cluster: {
          ...plan.cluster,
          roots: [{ name: "zone1", server: plan.cluster.globalServer, root: "/" }],
        },
      }),
      /its roots do not have the global root \/vitess\/global at/,
    ],
    [
      "with what is no record",
      (plan) => [
        {
          ...putBack(plan, "/vitess/global/RoutingRules"),
          after: Buffer.from("pwned").toString("base64"),
        } as Step,
      ],
      /01-x \(record.write\) has bytes for \/vitess\/global\/RoutingRules that are no such record/,
    ],
  ])("when it writes a key %s", async (_, change, words) => {
    const { execute, effects } = await tampered(change);
    const said = await execute();
    expect([said.code, said.err]).toEqual([4, expect.stringMatching(words)]);
    expect(said.err).toMatch(/^vtdoctor: [^\n]*Nothing was changed\.\n$/);
    expect(effects()).toEqual([]);
  });

  it("when it holds tables where no run of its own does", async () => {
    const { execute, effects } = await tampered((plan) => ({
      ...plan,
      stages: plan.stages.map((stage) => ({
        ...stage,
        steps: stage.steps.map((step) =>
          step.kind === "table.hold" ? { ...step, holdSchema: "vt_customer" } : step,
        ),
      })),
    }));
    const said = await execute();
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringMatching(/vt_customer, which is not vtdoctor_hold/),
    ]);
    expect(effects()).toEqual([]);
  });

  it.each(["vtdoctor_hold_r8", "vtdoctor_hold_r7_x"])(
    "when it drops what another run holds: %s",
    async (held) => {
      const { execute, effects } = await tampered((plan, cluster) => ({
        ...{ ...plan, operation: "purge", run: "r7", premises: [] },
        stages: [
          {
            ...{ title: "Drop", locks: [] },
            steps: [
              {
                ...{ ...harmless, kind: "hold.drop", tablet: refTo(cluster.tablet(PRODUCTION)) },
                ...{ holdSchema: held, tables: ["customer"] },
              },
            ],
          },
        ],
      }));
      const said = await execute(" --confirm customer");
      expect([said.code, said.err]).toEqual([
        4,
        expect.stringContaining(`${held}, which is not vtdoctor_hold_r7`),
      ]);
      expect(effects()).toEqual([]);
    },
  );

  it("when it runs a command that is not the configured one", async () => {
    const { execute, commands } = await tampered((plan, cluster) => [
      {
        ...{ ...harmless, kind: "tablet.stop", server: plan.cluster.globalServer },
        ...{
          key: "/vitess/zone1/tablets/zone1-0000000100/Tablet",
          tablet: refTo(cluster.tablet(PRODUCTION)),
        },
        command: ["stop", "zone1-0000000100", "; curl evil"],
      },
    ]);
    for (const [flags, words] of [
      ["", "no such command is configured"],
      [" --hooks.stopTablet halt", "what is configured is `halt`"],
    ] as const) {
      const said = await execute(flags);
      expect([said.code, said.err]).toEqual([4, expect.stringContaining(words)]);
    }
    expect(commands).toEqual([]);
  });

  it("and the configured one, where it ends a tablet that serves", async () => {
    const { execute, commands } = await tampered((plan, cluster) => [
      {
        ...{ ...harmless, kind: "tablet.stop", server: plan.cluster.globalServer },
        ...{
          key: "/vitess/zone1/tablets/zone1-0000000100/Tablet",
          tablet: refTo(cluster.tablet(PRODUCTION)),
        },
        command: ["halt"],
      },
    ]);
    const said = await execute(" --hooks.stopTablet halt");
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringMatching(
        /after "ends the vttablet .*`halt`.*" queries of .* would be not known to be served \(tablet-silent/,
      ),
    ]);
    expect(commands).toEqual([]);
  });

  it("when it sends SQL for a secondary key that nothing has put off", async () => {
    const { execute, tables } = await tampered((_, cluster) => [
      {
        ...{ ...harmless, kind: "keys.export", tablet: refTo(cluster.tablet(PRODUCTION)), workflow: "c2" },
        ...{ dbName: "vt_customer", ids: [1], apply: true },
        actions: [{ table: "customer", alter: "drop database vt_customer -- add key zz (id)" }],
      },
    ]);
    const said = await execute();
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringMatching(/_vt.post_copy_action has no row .*Nothing was changed/),
    ]);
    expect(tables()).toEqual(["customer", "corder"]);
  });

  it("when it writes more keys than --max-keys", async () => {
    const { execute, effects } = await tampered((plan) =>
      Array.from({ length: 60 }, (_, index) => ({
        ...(putBack(
          plan,
          `/vitess/zone1/keyspaces/customer/shards/k${index}/ShardReplication`,
        ) as StepOf<"record.write">),
        id: `r${index}`,
        record: { kind: "shard-replication", keyspace: "customer", shard: `k${index}` },
      })),
    );
    const said = await execute();
    expect([said.code, said.err]).toEqual([4, expect.stringContaining("more than --max-keys 50")]);
    expect(effects()).toEqual([]);
  });

  it("when the journal could not tell two of its steps apart", async () => {
    const { execute } = await tampered((plan) => [
      putBack(plan, "/vitess/global/RoutingRules"),
      putBack(plan, "/vitess/global/keyspaces/moved/VSchema"),
    ]);
    const said = await execute();
    expect([said.code, said.err]).toEqual([2, expect.stringContaining("two of its steps have the id 01-x")]);
  });
});

it("a saved plan is shown before it is executed, also where the result is JSON", async () => {
  for (const flags of ["", " --format json"]) {
    const { execute } = await tampered((plan) => plan);
    const said = await execute(flags);
    expect([said.code, said.err]).toEqual([0, expect.stringMatching(/^Plan \w+: cancel/)]);
  }
});
