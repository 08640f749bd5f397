import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { migrationId, parseJournal } from "../../src/cluster/journal.js";

describe("the migration id (HashStreams)", () => {
  test("is the one that Vitess wrote for c2 in every run (docs/vitess.md#journal-ids)", () => {
    const streams = [
      { shard: "-80", id: 1 },
      { shard: "80-", id: 1 },
    ];
    expect(migrationId("customer", streams)).toBe("8200191490597391617");
  });

  test("does not depend on the order of the streams and stays a positive int64", () => {
    const streams = fc.array(
      fc.record({ shard: fc.constantFrom("-80", "80-", "-", "0", "c0-"), id: fc.nat(120) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.string(), streams, (keyspace, list) => {
        const id = migrationId(keyspace, list);
        expect(migrationId(keyspace, list.toReversed())).toBe(id);
        expect(BigInt(id) >= 0n && BigInt(id) < 1n << 63n).toBe(true);
      }),
    );
  });

  test("tells stream ids apart as text, as sort.Strings does", () => {
    const ids = (...numbers: number[]) => numbers.map((id) => ({ shard: "0", id }));
    expect(migrationId("k", ids(10, 9))).toBe(migrationId("k", ids(9, 10)));
    expect(migrationId("k", ids(10, 9))).not.toBe(migrationId("k", ids(1, 9)));
  });
});

describe("a journal", () => {
  test("of a real Reshard (docs/vitess.md#journal-ids)", () => {
    const text =
      'id:8200191490597391617 migration_type:SHARDS tables:"/.*" local_position:"MySQL56/82aa2923-e858-11f1-b2d0-02fc00000001:1-29" shard_gtids:{keyspace:"customer" shard:"-80" gtid:"MySQL56/8339d485-e858-11f1-a34d-02fc00000001:1-53"} participants:{keyspace:"customer" shard:"0"} source_workflows:"m1"';
    expect(parseJournal(text)).toEqual({
      kind: "answered",
      value: {
        id: "8200191490597391617",
        migration: "shards",
        tables: ["/.*"],
        localPosition: "MySQL56/82aa2923-e858-11f1-b2d0-02fc00000001:1-29",
        shardGtids: [
          { keyspace: "customer", shard: "-80", gtid: "MySQL56/8339d485-e858-11f1-a34d-02fc00000001:1-53" },
        ],
        participants: [{ keyspace: "customer", shard: "0" }],
        sourceWorkflows: ["m1"],
      },
    });
  });

  test("of a MoveTables says TABLES by leaving the zero value out", () => {
    expect(parseJournal('id:0x10 tables:"t"')).toMatchObject({
      value: { id: "16", migration: "tables", tables: ["t"] },
    });
  });

  test.each(["id:1.5", 'id:"1"', "id:1 id:2", "participants:1"])("%s is refused", (text) => {
    expect(parseJournal(text).kind).toBe("unanswered");
  });
});
