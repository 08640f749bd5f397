import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../src/cluster/errors.js";
import { select } from "../../src/snapshot/select.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "./facts-of-recording.js";

let snapshot: Snapshot;
beforeAll(() => {
  snapshot = Snapshot.of(factsOfRecording("healthy-reshard-running-v24"));
});
afterAll(() => snapshot.close());

const ask = (sql: string, timeMs = 20_000) => select(snapshot, sql, { timeMs });

describe("a query that somebody typed", () => {
  test("gives columns in their order, and rows", async () => {
    expect(await ask("SELECT shard, keyspace FROM shard ORDER BY shard; ")).toEqual({
      columns: ["shard", "keyspace"],
      rows: [
        { shard: "-80", keyspace: "customer" },
        { shard: "0", keyspace: "customer" },
        { shard: "80-", keyspace: "customer" },
      ],
    });
  });

  test("gives its columns where there is no row", async () => {
    expect(await ask("SELECT keyspace, 1 AS one FROM shard WHERE shard = 'none' -- nothing")).toEqual({
      columns: ["keyspace", "one"],
      rows: [],
    });
  });

  test("may start with WITH, and hold semicolons in text", async () => {
    expect((await ask("WITH x(a) AS (VALUES ('a;b')) SELECT a FROM x")).rows).toEqual([{ a: "a;b" }]);
  });

  test.each([
    "PRAGMA query_only = 0",
    "ATTACH '/tmp/x.db' AS x",
    "VACUUM INTO '/tmp/vtdoctor-should-not-exist.db'",
    "DELETE FROM shard",
    "WITH x AS (SELECT 1) DELETE FROM shard",
    "INSERT INTO meta VALUES ('a', 'b') RETURNING name",
    "SELECT 1; DELETE FROM shard",
    "SELECT 1; SELECT 2",
    "SELECT 1) UNION SELECT * FROM (SELECT 2",
    "EXPLAIN SELECT 1",
    "BEGIN",
    "SELECT nothing FROM shard",
    "SELECT load_extension('x')",
    "",
    ";",
    "-- only a comment",
  ])("is refused: %s", async (sql) => {
    await expect(ask(sql)).rejects.toThrow(UsageError);
    expect(snapshot.all("SELECT count(*) AS n FROM shard")).toEqual([{ n: 3 }]);
  });

  test("that fails while it runs says why", async () => {
    await expect(ask("SELECT json_extract('{', '$') FROM shard")).rejects.toThrow(
      /^the query failed: malformed JSON/,
    );
  });

  test("may look for words of a statement that writes", async () => {
    const { rows } = await ask(
      "SELECT count(*) AS found FROM vreplication WHERE message LIKE '%DELETE FROM%' -- or UPDATE x SET y",
    );
    expect(rows).toEqual([{ found: 0 }]);
  });

  test("is ended at its time limit", async () => {
    const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    await expect(ask(endless, 300)).rejects.toThrow(/longer than 300 ms/);
  });
});
