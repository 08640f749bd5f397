import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sqlite from "node-sqlite3-wasm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageError } from "../../src/cluster/errors.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "./facts-of-recording.js";
import { aTopoKey, aTopology } from "./make-facts.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vtdoctor-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const saved = (facts: Facts, name = "cluster.db"): string => {
  const path = join(folder, name);
  const snapshot = Snapshot.of(facts);
  snapshot.save(path);
  snapshot.close();
  return path;
};

const reopened = <T>(path: string, read: (snapshot: Snapshot) => T): T => {
  const snapshot = Snapshot.open(path);
  try {
    return read(snapshot);
  } finally {
    snapshot.close();
  }
};

const edit = (path: string, sql: string): void => {
  const db = new sqlite.Database(path);
  db.exec(sql);
  db.close();
};

const withSchema = (facts: Facts): Facts => ({
  ...facts,
  meta: [...facts.meta, { name: "schema", value: "1" }].sort((a, b) => (a.name < b.name ? -1 : 1)),
});

describe("a snapshot that is saved and opened", () => {
  test("gives back the same facts", () => {
    const facts = factsOfRecording("v19-cancelled");
    const back = reopened(saved(facts), (snapshot) => snapshot.facts());
    expect(back.topo_key).toEqual(facts.topo_key);
    expect(back.meta).toEqual(withSchema(facts).meta);
    expect(saved(back, "again.db")).not.toBe("");
    expect(readFileSync(join(folder, "again.db"))).toEqual(readFileSync(join(folder, "cluster.db")));
  });

  test("is a plain SQLite file with facts and derived tables", () => {
    const db = new sqlite.Database(saved(factsOfRecording("v19-cancelled")), { readOnly: true });
    expect(db.all("SELECT phase FROM workflow")).toEqual([{ phase: "orphaned" }]);
    expect(db.get("PRAGMA application_id")).toEqual({ application_id: 0x76746472 });
    db.close();
  });

  test("has the same bytes whatever the order of the facts was", () => {
    const facts = factsOfRecording("interrupted-cutover-movetables-journal-on-one-shard-v24");
    const bytes = readFileSync(saved(facts));
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
        const shuffled = Object.fromEntries(
          Object.entries(facts).map(([table, rows]) => [table, shuffle<object>(rows, numbers)]),
        ) as unknown as Facts;
        return readFileSync(saved(shuffled, "shuffled.db")).equals(bytes);
      }),
      { numRuns: 8 },
    );
  });

  test("has the same bytes when another snapshot was closed before", () => {
    const [facts, other] = ["v19-cancelled", "healthy-reshard-running-v24"].map((name) =>
      factsOfRecording(name),
    );
    if (facts === undefined || other === undefined) throw new Error("there are two recordings");
    const open = Snapshot.of(other);
    const bytes = readFileSync(saved(facts));
    open.close();
    expect(readFileSync(saved(facts, "next.db"))).toEqual(bytes);
  });

  test("tells nothing once it is closed, whoever has come meanwhile", () => {
    const snapshot = Snapshot.of(factsOfRecording("v19-cancelled"));
    snapshot.close();
    const next = Snapshot.of(emptyFacts());
    expect(() => snapshot.rows("workflow")).toThrow("the snapshot is closed");
    snapshot.close();
    const last = Snapshot.of(factsOfRecording("v19-cancelled"));
    expect(next.rows("workflow")).toEqual([]);
    next.close();
    last.close();
  });

  test("is judged by this vtdoctor, not by what the file says was derived", () => {
    const path = saved(factsOfRecording("healthy-reshard-running-v24"));
    edit(
      path,
      "UPDATE workflow SET phase = 'switched'; DELETE FROM stream; DELETE FROM topo_key WHERE key LIKE '%shards/-80/Shard'",
    );
    expect(reopened(path, (snapshot) => snapshot.all("SELECT phase, streams FROM workflow"))).toEqual([
      { phase: "orphaned", streams: 2 },
    ]);
  });

  test("is not touched by opening it, and needs no right to write beside it", () => {
    const path = saved(factsOfRecording("healthy-reshard-running-v24"));
    chmodSync(path, 0o400);
    chmodSync(folder, 0o500);
    const before = [statSync(path).mtimeMs, statSync(folder).mtimeMs, readdirSync(folder)];
    reopened(path, (snapshot) => snapshot.all("SELECT 1"));
    expect([statSync(path).mtimeMs, statSync(folder).mtimeMs, readdirSync(folder)]).toEqual(before);
    chmodSync(folder, 0o700);
  });

  test("is read though another tool set it to a write-ahead log, unless that holds changes", () => {
    const path = saved(factsOfRecording("healthy-reshard-running-v24"));
    writeFileSync(path, readFileSync(path).fill(2, 18, 20));
    expect(reopened(path, (snapshot) => snapshot.all("SELECT phase FROM workflow"))).toEqual([
      { phase: "running" },
    ]);
    writeFileSync(`${path}-wal`, "frames");
    expect(() => Snapshot.open(path)).toThrow(/close the program that has it open/);
  });

  test("replaces an older file in one step and leaves nothing beside it", () => {
    writeFileSync(join(folder, "cluster.db"), "old");
    const path = saved(emptyFacts());
    expect(readdirSync(folder)).toEqual(["cluster.db"]);
    expect(reopened(path, (snapshot) => snapshot.facts().topo_key)).toEqual([]);
  });

  test("keeps keys apart that a C string would make one", () => {
    const keys = ["/vitess/global/a\0b", "/vitess/global/a\0c"].map((key) => aTopoKey(key, "x"));
    const facts = { ...emptyFacts(), ...aTopology(), topo_key: keys };
    expect(reopened(saved(facts), (snapshot) => snapshot.facts().topo_key)).toHaveLength(2);
  });

  test("cannot be changed by a query", () => {
    const snapshot = Snapshot.of(emptyFacts());
    const changes = [
      "DELETE FROM meta",
      "WITH gone AS (SELECT 1) DELETE FROM meta",
      "EXPLAIN DELETE FROM meta",
      "INSERT OR REPLACE INTO meta VALUES ('a', 'b')",
      "DROP TABLE meta",
      "-- a word\nUPDATE meta SET value = ''",
    ];
    for (const change of changes) expect(() => snapshot.all(change), change).toThrow(/readonly/);
    snapshot.close();
  });
});

test("rows of one table have the values that were asked for, NULL too, in the order of the key", () => {
  const locks = ["b", "a", "c"].map((lease) => ({ server: "etcd", lease, ttl: 1, granted_ttl: 60 }));
  const snapshot = Snapshot.of({ ...emptyFacts(), ...aTopology(), topo_lease: locks });
  expect(snapshot.rows("topo_lease").map(({ lease }) => lease)).toEqual(["a", "b", "c"]);
  expect(snapshot.rows("topo_lease", { lease: "c", ttl: 1 })).toEqual([locks[2]]);
  expect(snapshot.rows("topo_server", { reason: null })).toEqual(aTopology().topo_server);
  expect(snapshot.rows("topo_server", { reason: "timeout" })).toEqual([]);
  snapshot.close();
});

describe("a file that is no snapshot is refused in one sentence", () => {
  const refusal = (path: string): string => {
    try {
      Snapshot.open(path).close();
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as UsageError).message.replace(folder, "");
    }
    return "opened";
  };

  test("a missing file, a folder", () => {
    expect(refusal(join(folder, "none.db"))).toMatch(/^cannot read the snapshot file \/none.db: ENOENT/);
    expect(refusal(folder)).toMatch(/^cannot read the snapshot file/);
  });

  test.each([
    ["an empty file", ""],
    ["a text", "keyspaces:\n  - customer\n"],
  ])("%s", (_, content) => {
    writeFileSync(join(folder, "x.db"), content);
    expect(refusal(join(folder, "x.db"))).toMatch(/^\/x.db is not a snapshot: it is no SQLite file/);
  });

  test("a file that was cut short", () => {
    const path = saved(factsOfRecording("v19-cancelled"));
    truncateSync(path, Math.floor(statSync(path).size / 2));
    expect(refusal(path)).toMatch(/^the snapshot file \/cluster.db is damaged or cut short/);
  });

  test("a file with a page of zeros", () => {
    const path = saved(factsOfRecording("v19-cancelled"));
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0, 4096, bytes.length / 2));
    expect(refusal(path)).toMatch(/^the snapshot file \/cluster.db is damaged or cut short/);
  });

  test("another program's database", () => {
    edit(join(folder, "x.db"), "CREATE TABLE meta (a INTEGER); INSERT INTO meta VALUES (1)");
    expect(refusal(join(folder, "x.db"))).toMatch(/^\/x.db is a SQLite file but not a vtdoctor snapshot/);
  });

  test("a newer schema, naming both versions", () => {
    const path = saved(emptyFacts());
    edit(path, "UPDATE meta SET value = '7' WHERE name = 'schema'");
    expect(refusal(path)).toMatch(/made by a newer vtdoctor \(snapshot schema 7, this one reads up to 1\)/);
  });

  test("a missing table", () => {
    const path = saved(emptyFacts());
    edit(path, "DROP TABLE probe");
    expect(refusal(path)).toBe("the snapshot file /cluster.db has no table probe: save it again");
  });

  test("a value that is no fact", () => {
    const path = saved(emptyFacts());
    edit(
      path,
      "DROP TABLE topo_root; CREATE TABLE topo_root (name, server, root); INSERT INTO topo_root VALUES ('global', NULL, 7)",
    );
    expect(refusal(path)).toMatch(/^the snapshot file \/cluster.db does not fit this vtdoctor \(NOT NULL/);
  });

  test("a place that cannot be written", () => {
    const snapshot = Snapshot.of(emptyFacts());
    expect(() => snapshot.save(join(folder, "no", "where.db"))).toThrow(UsageError);
    expect(() => snapshot.save(folder)).toThrow(UsageError);
    snapshot.close();
  });
});

const shuffle = <T>(rows: readonly T[], numbers: Iterator<number>): readonly T[] =>
  rows
    .map((row) => ({ row, at: Number(numbers.next().value) }))
    .sort((one, other) => one.at - other.at)
    .map(({ row }) => row);
