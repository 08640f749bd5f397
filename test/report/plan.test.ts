import { expect, it } from "vitest";
import type { TabletRef } from "../../src/plan/fields.js";
import type { Plan } from "../../src/plan/plan.js";
import type { Step } from "../../src/plan/steps/index.js";
import { renderPlan } from "../../src/report/plan.js";

const tablet: TabletRef = {
  alias: "zone1-0000000200",
  keyspace: "customer",
  shard: "-80",
  type: "PRIMARY",
  address: { host: "127.0.0.1", grpcPort: 16200, httpPort: 15200, mysqlHost: "127.0.0.1", mysqlPort: 17200 },
};

const rows = [
  {
    id: 1,
    workflow: "c2",
    dbName: "vt_customer",
    state: "Running",
    message: "",
    image: { id: "1", state: "Running" },
  },
];

const PLAN: Plan = {
  kind: "vtdoctor-plan",
  schema: 1,
  id: "p1",
  operation: "fix",
  command: "vtdoctor fix",
  createdAt: 1_795_561_520_000,
  expiresAt: 1_795_565_120_000,
  cluster: { globalServer: "etcd:2379", globalRoot: "/vitess/global", clusterIds: {}, marks: [], roots: [] },
  repairs: ["shard-missing-live-tablets@customer/-80"],
  premises: [],
  stages: [
    {
      title: "Stop and delete every stream on customer/-80",
      locks: [
        { kind: "workflow", keyspace: "customer", workflow: "c2" },
        { kind: "keyspace", keyspace: "customer" },
      ],
      steps: [
        {
          id: "01",
          kind: "stream.stop",
          class: "confirm",
          destroys: "nothing",
          tablet,
          workflow: "c2",
          dbName: "vt_customer",
          rows,
        },
        {
          id: "02",
          kind: "stream.delete",
          class: "confirm",
          destroys: "metadata",
          tablet,
          workflow: "c2",
          dbName: "vt_customer",
          rows,
        },
      ],
    },
    {
      title: "Drop the copied tables",
      locks: [],
      steps: [
        {
          id: "03",
          kind: "table.drop",
          class: "confirm",
          destroys: "data",
          tablet,
          dbName: "vt_customer",
          tables: ["corder", "order"],
        },
      ],
    },
  ],
  blocked: [
    {
      object: { keyspace: "customer", shard: "80-" },
      finding: "shard-missing-live-tablets@customer/80-",
      reason: "zone1-0000000300, which history lists, does not answer",
      instead: "start it, or say that it will never come back",
    },
  ],
  notes: ["the copied rows on the targets stay"],
};

const style = { color: 0, width: 110, verbose: false } as const;
const describeStep = (step: Step) => ({
  does: `${step.kind} on a tablet or a key`,
  checks: `what ${step.kind} needs`,
  proves: `that ${step.kind} was done`,
  undo:
    step.destroys === "nothing"
      ? `the opposite of ${step.kind}`
      : `none: ${step.kind} destroys ${step.destroys}`,
});
const golden = (name: string) => `../../fixtures/golden/report/${name}`;

it("prints what will happen, under which locks, what is lost and what is not done", async () => {
  await expect(renderPlan(PLAN, describeStep, style)).toMatchFileSnapshot(golden("plan.txt"));
});

it("prints each step's checks and proofs when asked", async () => {
  await expect(renderPlan(PLAN, describeStep, { ...style, verbose: true })).toMatchFileSnapshot(
    golden("plan-verbose.txt"),
  );
});

it("says that there is nothing to do", () => {
  const empty = renderPlan({ ...PLAN, stages: [], repairs: [], blocked: [], notes: [] }, describeStep, style);
  expect(empty).toMatch(/nothing to do\n$/);
});
