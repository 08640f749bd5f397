import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Step } from "../../src/plan/steps/index.js";
import { mergeBack } from "../../src/plan/undo/merge.js";
import { Shard_TabletControlSchema, ShardSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import {
  KeyspaceSchema,
  RoutingRuleSchema,
  RoutingRulesSchema,
  TableSchema,
} from "../../src/proto/gen/vschema_pb.js";
import {
  decodeRoutingRules,
  decodeShard,
  encodeRoutingRules,
  encodeShard,
  encodeVSchema,
} from "../../src/topology/records.js";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const at = {
  id: "01",
  class: "confirm",
  destroys: "metadata",
  server: "etcd:1",
  key: "/k",
  modRevision: 1,
} as const;

const routing = (fromTables: readonly string[]): Step => ({
  ...at,
  kind: "routing.remove",
  fromTables,
  before: "",
});
const denial = (tables: readonly string[]): Step => ({
  ...at,
  kind: "denial.lift",
  keyspace: "customer",
  shard: "0",
  tables,
});

type Rules = Readonly<Record<string, string>>;
const rulesRecord = (rules: Rules): string =>
  base64(
    encodeRoutingRules(
      create(RoutingRulesSchema, {
        rules: Object.entries(rules).map(([fromTable, to]) =>
          create(RoutingRuleSchema, { fromTable, toTables: [to] }),
        ),
      }),
    ),
  );
const rulesIn = (value: string): Rules => {
  const record = decodeRoutingRules(Buffer.from(value, "base64"));
  if (record.kind === "unanswered") throw new Error(record.message);
  return Object.fromEntries(record.value.rules.map((rule) => [rule.fromTable, rule.toTables.join()]));
};

const shardRecord = (denied: Readonly<Record<number, readonly string[]>>, primary = 0n): string =>
  base64(
    encodeShard(
      create(ShardSchema, {
        isPrimaryServing: true,
        primaryTermStartTime: { seconds: primary, nanoseconds: 0 },
        tabletControls: Object.entries(denied).map(([type, tables]) =>
          create(Shard_TabletControlSchema, { tabletType: Number(type), deniedTables: [...tables] }),
        ),
      }),
    ),
  );
const shardIn = (value: string) => {
  const record = decodeShard(Buffer.from(value, "base64"));
  if (record.kind === "unanswered") throw new Error(record.message);
  return record.value;
};

const name: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e", "f");
const target = fc.constantFrom("source", "target");
const rules = fc.dictionary(name, target, { maxKeys: 6 });

describe("a VSchema that others wrote since", () => {
  const vschema = (tables: Readonly<Record<string, string>>): string =>
    base64(
      encodeVSchema(
        create(KeyspaceSchema, {
          tables: Object.fromEntries(
            Object.entries(tables).map(([table, pinned]) => [table, create(TableSchema, { pinned })]),
          ),
        }),
      ),
    );
  const removal: Step = {
    ...at,
    kind: "vschema.remove-tables",
    keyspace: "customer",
    tables: ["a"],
    before: "",
  };

  it("is as before where it names the table in the same words, and nobody's to change in others", () => {
    const before = vschema({ a: "x" });
    expect(mergeBack(removal, before, vschema({ a: "x", b: "" }))).toEqual({ kind: "as-before" });
    expect(mergeBack(removal, before, vschema({ a: "y" }))).toMatchObject({ kind: "conflict" });
    expect(mergeBack(removal, before, vschema({ b: "" }))).toEqual({
      kind: "put",
      value: vschema({ b: "", a: "x" }),
    });
  });
});

describe("a record that others wrote since", () => {
  it("gets the run's rules back and keeps theirs", () => {
    fc.assert(
      fc.property(rules, rules, fc.uniqueArray(name, { minLength: 1 }), (before, others, removed) => {
        const theirs = Object.fromEntries(Object.entries(others).filter(([from]) => !removed.includes(from)));
        const mine = Object.fromEntries(Object.entries(before).filter(([from]) => removed.includes(from)));
        const merged = mergeBack(routing(removed), rulesRecord(before), rulesRecord(theirs));
        if (Object.keys(mine).length === 0) expect(merged).toEqual({ kind: "as-before" });
        else expect(merged.kind === "put" && rulesIn(merged.value)).toEqual({ ...theirs, ...mine });
      }),
    );
  });

  it("never gets a rule over another one for the same table", () => {
    fc.assert(
      fc.property(rules, rules, fc.uniqueArray(name, { minLength: 1 }), (before, now, removed) => {
        const merged = mergeBack(routing(removed), rulesRecord(before), rulesRecord(now));
        const clash = removed.some((from) => now[from] !== undefined && now[from] !== before[from]);
        expect(merged.kind === "conflict").toBe(clash);
      }),
    );
  });

  it("gets its denials back beside a new primary term and other denials", () => {
    const before = shardRecord({ [TabletType.PRIMARY]: ["a", "b"], [TabletType.REPLICA]: ["a"] });
    const now = shardRecord({ [TabletType.PRIMARY]: ["c"] }, 7n);
    const merged = mergeBack(denial(["a"]), before, now);
    const shard = shardIn(merged.kind === "put" ? merged.value : "");
    expect(shard.primaryTermStartTime?.seconds).toBe(7n);
    expect(shard.tabletControls.map((control) => [control.tabletType, [...control.deniedTables]])).toEqual([
      [TabletType.PRIMARY, ["c", "a"]],
      [TabletType.REPLICA, ["a"]],
    ]);
  });

  it("is left alone where it denies them again, or where it is gone", () => {
    const before = shardRecord({ [TabletType.PRIMARY]: ["a"] });
    expect(mergeBack(denial(["a"]), before, shardRecord({ [TabletType.PRIMARY]: ["a"] }, 9n))).toEqual({
      kind: "as-before",
    });
    expect(mergeBack(denial(["a"]), before, null)).toMatchObject({ kind: "conflict" });
  });
});
