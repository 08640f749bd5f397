import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { behind } from "../../src/plan/compose.js";
import { type Draft, type DraftStep, EMPTY_DRAFT } from "../../src/plan/draft.js";
import { describeStep, type Step } from "../../src/plan/steps/index.js";
import { Shard_TabletControlSchema, ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import { RoutingRuleSchema, RoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import { encodeRoutingRules, encodeShard } from "../../src/topology/records.js";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const denying = (...deniedTables: string[]): string =>
  base64(
    encodeShard(
      create(ShardSchema, {
        isPrimaryServing: true,
        tabletControls:
          deniedTables.length === 0
            ? []
            : [create(Shard_TabletControlSchema, { tabletType: 1, cells: ["zone1"], deniedTables })],
      }),
    ),
  );

const rule = (to: string): string =>
  base64(
    encodeRoutingRules(
      create(RoutingRulesSchema, {
        rules: [create(RoutingRuleSchema, { fromTable: "t", toTables: [to] })],
      }),
    ),
  );

const SHARD = { record: { kind: "shard", keyspace: "moved", shard: "0" }, key: "/k/Shard" } as const;
const RULES = { record: { kind: "routing-rules" }, key: "/RoutingRules" } as const;

const write = (of: typeof SHARD | typeof RULES, before: string, after: string): DraftStep => ({
  kind: "record.write",
  server: "etcd:1",
  ...of,
  modRevision: 7,
  before,
  after,
});

const repairing = (finding: string, ...steps: readonly DraftStep[]): Draft => ({
  ...EMPTY_DRAFT,
  repairs: [finding],
  stages: [{ title: finding, locks: [], steps }],
});

const stepsOf = (draft: Draft): readonly DraftStep[] => draft.stages.flatMap(({ steps }) => steps);

describe("two repairs of one plan that edit one record", () => {
  it("compose: the later one makes its change in what the earlier one leaves", () => {
    const first = repairing("one", write(SHARD, denying("a", "b", "c"), denying("b", "c")));
    const second = repairing("two", write(SHARD, denying("a", "b", "c"), denying("a", "c")));
    const both = behind(first, second);
    expect(both.repairs).toEqual(["one", "two"]);
    expect(stepsOf(both)).toMatchObject([
      { modRevision: 7, before: denying("a", "b", "c"), after: denying("b", "c") },
      { modRevision: null, before: denying("b", "c"), after: denying("c") },
    ]);
    expect(stepsOf(both).map((step) => describeStep(step as Step).does)).toEqual([
      "takes `a` off the denied tables of moved/0",
      "takes `b` off the denied tables of moved/0",
    ]);
    expect(describeStep(stepsOf(both)[1] as Step).checks).toContain(
      "still as the plan's earlier step left it",
    );
  });

  it("make the same change once", () => {
    const change = write(SHARD, denying("a"), denying());
    const both = behind(repairing("one", change), repairing("two", change));
    expect([both.repairs, stepsOf(both)]).toEqual([["one", "two"], [change]]);
  });

  it("are not both made where they change the same and differ", () => {
    const first = repairing("one", write(RULES, rule("customer.t"), rule("moved.t")));
    const second = repairing("two", write(RULES, rule("customer.t"), rule("other.t")));
    const both = behind(first, second);
    expect([both.repairs, both.stages]).toEqual([["one"], first.stages]);
    expect(both.blocked).toEqual([
      {
        object: { key: "/RoutingRules" },
        finding: "two",
        reason: "another repair of this plan changes the routing rules from t too, and otherwise",
        instead: "repair the one, scan again, and then the other",
      },
    ]);
  });
});
