import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  changesOf,
  mergeBack,
  mergeChange,
  type RecordChange,
  subjectOfChange,
} from "../../src/plan/records/change.js";
import type { RECORDS, RecordName } from "../../src/plan/records/record-registry.js";
import type { Bytes } from "../../src/plan/records/record-type.js";
import {
  KeyspaceSchema as KeyspaceRecordSchema,
  Shard_TabletControlSchema,
  ShardReferenceSchema,
  ShardReplicationSchema,
  ShardSchema,
  SrvKeyspace_KeyspacePartitionSchema,
  SrvKeyspaceSchema,
  TabletSchema,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import {
  KeyspaceRoutingRulesSchema,
  KeyspaceSchema,
  MirrorRulesSchema,
  RoutingRuleSchema,
  RoutingRulesSchema,
  ShardRoutingRulesSchema,
  TableSchema,
} from "../../src/proto/gen/vschema_pb.js";
import {
  decodeRoutingRules,
  decodeShard,
  encodeKeyspace,
  encodeRoutingRules,
  encodeShard,
  encodeShardReplication,
  encodeSrvKeyspace,
  encodeTablet,
  encodeVSchema,
} from "../../src/topology/records.js";

/** Field 1000, text: of a Vitess that is not written yet. */
const FUTURE = Buffer.from([0xc2, 0x3e, 2, 0x68, 0x69]);
const base64 = (...bytes: readonly Uint8Array[]): string => Buffer.concat(bytes).toString("base64");
const withFuture = (value: string): string => base64(Buffer.from(value, "base64"), FUTURE);

type Named = Readonly<Record<string, string>>;
/** In one order: a change of nothing but the order of a list is none that could be made again. */
const inOrder = (named: Named): readonly (readonly [string, string])[] =>
  Object.entries(named).sort(([one], [other]) => (one < other ? -1 : 1));

const rulesRecord = (rules: Named): string =>
  base64(
    encodeRoutingRules(
      create(RoutingRulesSchema, {
        rules: inOrder(rules).map(([fromTable, to]) =>
          create(RoutingRuleSchema, { fromTable, toTables: [to] }),
        ),
      }),
    ),
  );
const rulesIn = (value: Bytes): Named => {
  const record = decodeRoutingRules(Buffer.from(value ?? "", "base64"));
  if (record.kind === "unanswered") throw new Error(record.message);
  return Object.fromEntries(record.value.rules.map((rule) => [rule.fromTable, rule.toTables.join()]));
};

const shardRulesRecord = (rules: Named): string =>
  base64(
    toBinary(
      ShardRoutingRulesSchema,
      create(ShardRoutingRulesSchema, {
        rules: inOrder(rules).map(([shard, toKeyspace]) => ({ fromKeyspace: "k", shard, toKeyspace })),
      }),
    ),
  );
const keyspaceRulesRecord = (rules: Named): string =>
  base64(
    toBinary(
      KeyspaceRoutingRulesSchema,
      create(KeyspaceRoutingRulesSchema, {
        rules: inOrder(rules).map(([fromKeyspace, toKeyspace]) => ({ fromKeyspace, toKeyspace })),
      }),
    ),
  );
const mirrorRulesRecord = (rules: Named): string =>
  base64(
    toBinary(
      MirrorRulesSchema,
      create(MirrorRulesSchema, {
        rules: inOrder(rules).map(([fromTable, toTable]) => ({ fromTable, toTable, percent: 10 })),
      }),
    ),
  );

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
const shardIn = (value: Bytes) => {
  const record = decodeShard(Buffer.from(value ?? "", "base64"));
  if (record.kind === "unanswered") throw new Error(record.message);
  return record.value;
};

const vschemaRecord = (tables: Named): string =>
  base64(
    encodeVSchema(
      create(KeyspaceSchema, {
        tables: Object.fromEntries(
          inOrder(tables).map(([table, pinned]) => [table, create(TableSchema, { pinned })]),
        ),
      }),
    ),
  );

/** `types`: where the queries of a type go. */
const graphRecord = (types: Named): string =>
  base64(
    encodeSrvKeyspace(
      create(SrvKeyspaceSchema, {
        partitions: inOrder(types).map(([type, name]) =>
          create(SrvKeyspace_KeyspacePartitionSchema, {
            servedType: TabletType[type as keyof typeof TabletType],
            shardReferences: [create(ShardReferenceSchema, { name })],
          }),
        ),
      }),
    ),
  );

const RULES = { kind: "routing-rules" } as const;
const SHARD = { kind: "shard", keyspace: "customer", shard: "0" } as const;
const VSCHEMA = { kind: "vschema", keyspace: "customer" } as const;
const GRAPH = { kind: "srv-keyspace", cell: "zone1", keyspace: "customer" } as const;

const name: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e", "f");
const entries = fc.dictionary(name, fc.constantFrom("source", "target"), { maxKeys: 6 });
const types = fc.dictionary(
  fc.constantFrom("PRIMARY", "REPLICA", "RDONLY"),
  fc.constantFrom("-80", "80-", "0"),
);
const tables = fc.uniqueArray(name, { maxLength: 6 });
const denials = fc.record({ [TabletType.PRIMARY]: tables, [TabletType.REPLICA]: tables });
const denying = (denied: Readonly<Record<number, readonly string[]>>): string =>
  shardRecord(
    Object.fromEntries(
      Object.entries(denied).flatMap(([type, list]) => (list.length > 0 ? [[type, list.toSorted()]] : [])),
    ),
  );

/** Some value of a record of each type; a type without an entry has no law. */
const RECORD_VALUES: {
  readonly [K in keyof typeof RECORDS]: readonly [Extract<RecordName, { kind: K }>, fc.Arbitrary<string>];
} = {
  shard: [SHARD, denials.map(denying)],
  "routing-rules": [RULES, entries.map(rulesRecord)],
  "shard-routing-rules": [{ kind: "shard-routing-rules" }, entries.map(shardRulesRecord)],
  "keyspace-routing-rules": [{ kind: "keyspace-routing-rules" }, entries.map(keyspaceRulesRecord)],
  "mirror-rules": [{ kind: "mirror-rules" }, entries.map(mirrorRulesRecord)],
  vschema: [VSCHEMA, entries.map(vschemaRecord)],
  "srv-keyspace": [GRAPH, types.map(graphRecord)],
  keyspace: [
    { kind: "keyspace", keyspace: "customer" },
    name.map((durabilityPolicy) =>
      base64(encodeKeyspace(create(KeyspaceRecordSchema, { durabilityPolicy }))),
    ),
  ],
  tablet: [
    { kind: "tablet", alias: "zone1-0000000100" },
    name.map((hostname) => base64(encodeTablet(create(TabletSchema, { hostname })))),
  ],
  "shard-replication": [
    { kind: "shard-replication", keyspace: "customer", shard: "0" },
    fc.nat(3).map((count) =>
      base64(
        encodeShardReplication(
          create(ShardReplicationSchema, {
            nodes: Array.from({ length: count }, (_, uid) => ({ tabletAlias: { cell: "zone1", uid } })),
          }),
        ),
      ),
    ),
  ],
};

const TYPES = Object.values(RECORD_VALUES).map(([record, values]) => ({ record, values }));

describe.each(TYPES)("an edit of the record $record.kind", ({ record, values }) => {
  const bytes: fc.Arbitrary<Bytes> = fc.oneof(
    { weight: 9, arbitrary: values },
    { weight: 1, arbitrary: fc.constant(null) },
  );

  it("is taken back to the bytes that were there before", () => {
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        const back = mergeBack({ record, before, after }, after);
        if (before === after) expect(back).toEqual({ kind: "as-wanted" });
        else expect(back).toEqual({ kind: "put", value: before });
      }),
    );
  });

  it("is in the record once it was made, and not again once it was taken back", () => {
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        const change: RecordChange = { record, before, after };
        expect(mergeChange(change, after)).toEqual({ kind: "as-wanted" });
        expect(mergeBack(change, before)).toEqual({ kind: "as-wanted" });
      }),
    );
  });

  it("keeps what nobody knows yet, in a record that others wrote since", () => {
    fc.assert(
      fc.property(values, values, (before, after) => {
        const back = mergeBack({ record, before, after }, withFuture(after));
        if (before === after) return;
        expect(back.kind).not.toBe("conflict");
        if (back.kind === "put")
          expect(Buffer.from(back.value ?? "", "base64").subarray(-FUTURE.length)).toEqual(FUTURE);
      }),
    );
  });

  it("is told in words, and as a thing", () => {
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        if (before === after) return;
        const change: RecordChange = { record, before, after };
        expect(changesOf(change).join("")).toMatch(/^\S.*\S$/);
        expect(subjectOfChange(change)).not.toBe("");
      }),
    );
  });
});

describe("a change that others know nothing of", () => {
  const disjoint = fc.tuple(entries, entries).map(([mine, theirs]) => ({
    mine,
    theirs: Object.fromEntries(Object.entries(theirs).filter(([from]) => !(from in mine))),
  }));

  it.each([
    ["routing rules", RULES, rulesRecord],
    ["VSchema tables", VSCHEMA, vschemaRecord],
  ] as const)("%s that others added or removed since stay so", (_, record, written) => {
    fc.assert(
      fc.property(disjoint, entries, tables, ({ mine, theirs }, kept, removed) => {
        const stays = Object.fromEntries(Object.entries(kept).filter(([from]) => !(from in mine)));
        const left = Object.fromEntries(Object.entries(stays).filter(([from]) => !removed.includes(from)));
        const change = {
          record,
          before: written({ ...mine, ...stays }),
          after: written(stays),
        };
        const now = written({ ...left, ...theirs });
        const back = mergeBack(change, now);
        const wanted = { ...mine, ...left, ...theirs };
        const value = back.kind === "as-wanted" ? now : back.kind === "put" ? back.value : back.reason;
        expect(mergeChange({ record, before: written(wanted), after: written(wanted) }, value).kind).toBe(
          "as-wanted",
        );
      }),
    );
  });

  it("denied tables of others stay denied, or not", () => {
    fc.assert(
      fc.property(tables, tables, tables, (lifted, others, since) => {
        const theirs = others.filter((table) => !lifted.includes(table));
        const now = since.filter((table) => !lifted.includes(table));
        const of = (list: readonly string[]) => denying({ [TabletType.PRIMARY]: list });
        const back = mergeBack(
          { record: SHARD, before: of([...lifted, ...theirs]), after: of(theirs) },
          of(now),
        );
        if (back.kind === "conflict") throw new Error(back.reason);
        const value = back.kind === "put" ? back.value : of(now);
        const denied = shardIn(value).tabletControls.flatMap(({ deniedTables }) => deniedTables);
        expect(denied.toSorted()).toEqual([...new Set([...lifted, ...now])].toSorted());
      }),
    );
  });

  it("a route of another type stays where somebody led it", () => {
    const change = {
      record: GRAPH,
      before: graphRecord({ PRIMARY: "0", REPLICA: "-80" }),
      after: graphRecord({ PRIMARY: "0", REPLICA: "0" }),
    };
    expect(mergeBack(change, graphRecord({ PRIMARY: "80-", REPLICA: "0" }))).toEqual({
      kind: "put",
      value: graphRecord({ PRIMARY: "80-", REPLICA: "-80" }),
    });
    expect(mergeBack(change, graphRecord({ PRIMARY: "0", REPLICA: "80-" }))).toEqual({
      kind: "conflict",
      reason: "the routing of REPLICA was changed since",
    });
  });

  it("a field that the edit did not mean stays, and one that it did mean is nobody's to change", () => {
    const served = (isPrimaryServing: boolean, seconds: bigint) =>
      base64(
        encodeShard(
          create(ShardSchema, { isPrimaryServing, primaryTermStartTime: { seconds, nanoseconds: 0 } }),
        ),
      );
    const change = { record: SHARD, before: served(true, 1n), after: served(false, 1n) };
    expect(changesOf(change)).toEqual(["changes isPrimaryServing of the Shard record of customer/0"]);
    expect(mergeBack(change, served(false, 2n))).toEqual({ kind: "put", value: served(true, 2n) });
    const term = { record: SHARD, before: served(true, 1n), after: served(true, 2n) };
    expect(mergeBack(term, served(true, 3n))).toEqual({
      kind: "conflict",
      reason: "primaryTermStartTime was changed since",
    });
  });
});

describe("a VSchema that others wrote since", () => {
  it("is as before where it names the table in the same words, and nobody's to change in others", () => {
    const change = { record: VSCHEMA, before: vschemaRecord({ a: "x" }), after: vschemaRecord({}) };
    expect(mergeBack(change, vschemaRecord({ a: "x", b: "" }))).toEqual({ kind: "as-wanted" });
    expect(mergeBack(change, vschemaRecord({ a: "y" }))).toEqual({
      kind: "conflict",
      reason: "the VSchema names a again since",
    });
    expect(mergeBack(change, vschemaRecord({ b: "" }))).toEqual({
      kind: "put",
      value: vschemaRecord({ a: "x", b: "" }),
    });
  });
});

describe("routing rules that others wrote since", () => {
  const without = (rules: Named, removed: readonly string[]): Named =>
    Object.fromEntries(Object.entries(rules).filter(([from]) => !removed.includes(from)));
  const removal = (before: Named, removed: readonly string[]): RecordChange => ({
    record: RULES,
    before: rulesRecord(before),
    after: rulesRecord(without(before, removed)),
  });

  it("never get a rule over another one for the same table", () => {
    fc.assert(
      fc.property(entries, entries, tables, (before, now, removed) => {
        const merged = mergeBack(removal(before, removed), rulesRecord(now));
        const mine = removed.filter((from) => before[from] !== undefined);
        const clash = mine.some((from) => now[from] !== undefined && now[from] !== before[from]);
        expect(merged.kind === "conflict").toBe(clash);
        if (merged.kind === "put")
          expect(rulesIn(merged.value)).toEqual({
            ...now,
            ...Object.fromEntries(mine.map((from) => [from, before[from]])),
          });
      }),
    );
  });

  it("come back where the key went with the last one", () => {
    const change = { record: RULES, before: rulesRecord({ a: "target" }), after: null };
    expect(changesOf(change)).toEqual([
      "removes the routing rules from `a`",
      "deletes the record, as nothing else is in it",
    ]);
    expect(mergeBack(change, rulesRecord({ b: "source" }))).toEqual({
      kind: "put",
      value: rulesRecord({ a: "target", b: "source" }),
    });
  });
});

describe("a Shard that others wrote since", () => {
  const lifting = (before: string, after: string): RecordChange => ({ record: SHARD, before, after });

  it("gets its denials back beside a new primary term and other denials", () => {
    const before = shardRecord({ [TabletType.PRIMARY]: ["a", "b"], [TabletType.REPLICA]: ["a"] });
    const after = shardRecord({ [TabletType.PRIMARY]: ["b"] });
    const now = shardRecord({ [TabletType.PRIMARY]: ["c"] }, 7n);
    const merged = mergeBack(lifting(before, after), now);
    const shard = shardIn(merged.kind === "put" ? merged.value : null);
    expect(shard.primaryTermStartTime?.seconds).toBe(7n);
    expect(shard.tabletControls.map((control) => [control.tabletType, [...control.deniedTables]])).toEqual([
      [TabletType.PRIMARY, ["a", "c"]],
      [TabletType.REPLICA, ["a"]],
    ]);
  });

  it("is left alone where it denies them again, and is nobody's to put back where it is gone or frozen", () => {
    const change = lifting(shardRecord({ [TabletType.PRIMARY]: ["a"] }), shardRecord({}));
    expect(mergeBack(change, shardRecord({ [TabletType.PRIMARY]: ["a"] }, 9n))).toEqual({
      kind: "as-wanted",
    });
    expect(mergeBack(change, null)).toMatchObject({ kind: "conflict" });
    const frozen = create(Shard_TabletControlSchema, { tabletType: TabletType.PRIMARY, frozen: true });
    const now = base64(
      encodeShard(create(ShardSchema, { isPrimaryServing: true, tabletControls: [frozen] })),
    );
    expect(mergeBack(change, now)).toEqual({
      kind: "conflict",
      reason: "a traffic switch froze the shard since",
    });
  });

  it("is not guessed at where the edit is one that the type has no way to make again", () => {
    const control = (frozen: boolean) =>
      base64(
        encodeShard(
          create(ShardSchema, {
            tabletControls: [
              create(Shard_TabletControlSchema, { tabletType: 1, deniedTables: ["a"], frozen }),
            ],
          }),
        ),
      );
    const change = lifting(control(false), control(true));
    expect(changesOf(change)).toEqual(["changes tabletControls of the Shard record of customer/0"]);
    expect(mergeBack(change, shardRecord({ [TabletType.PRIMARY]: ["a"] }, 3n))).toMatchObject({
      kind: "conflict",
    });
  });
});
