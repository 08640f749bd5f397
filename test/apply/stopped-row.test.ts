import { describe, expect, it } from "vitest";
import { stoppedRowStatement } from "../../src/apply/mysql/sql.js";

const ROW = {
  id: 7,
  workflow: "c2",
  dbName: "vt_customer",
  source: 'keyspace:"customer" shard:"0"',
  message: "it's",
};

const column = (Field: string, Null = "NO", Default: string | null = null, Extra = "") => ({
  Field,
  Null,
  Default,
  Extra,
});

/** The columns that every version must be given. */
const OLD = [
  column("id", "NO", null, "auto_increment"),
  column("workflow", "YES"),
  column("source"),
  column("pos"),
  column("max_tps"),
  column("max_replication_lag"),
  column("cell", "YES"),
  column("time_updated"),
  column("transaction_timestamp"),
  column("state"),
  column("message", "YES"),
  column("db_name"),
  column("rows_copied", "NO", "0"),
];

describe("the row that a stream without one is given", () => {
  it("has what the table of an old Vitess must be given, and no column that it lacks", () => {
    expect(stoppedRowStatement(OLD, ROW, 99)).toEqual({
      kind: "insert",
      sql: "insert into _vt.vreplication (`id`, `workflow`, `source`, `pos`, `max_tps`, `max_replication_lag`, `time_updated`, `transaction_timestamp`, `state`, `message`, `db_name`) values (7, 'c2', 'keyspace:\\\"customer\\\" shard:\\\"0\\\"', '', 0, 0, 99, 0, 'Stopped', 'it\\'s', 'vt_customer')",
    });
  });

  it("has options where the table has them", () => {
    const insert = stoppedRowStatement([...OLD, column("options")], ROW, 99);
    expect(insert).toMatchObject({ sql: expect.stringMatching(/`options`\).*'{}'\)$/) });
  });

  it("is not guessed where a newer table wants more", () => {
    expect(stoppedRowStatement([...OLD, column("lane")], ROW, 99)).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/the columns lane, which must be filled/),
    });
    expect(
      stoppedRowStatement([...OLD, column("lane", "NO", "fast"), column("note", "YES")], ROW, 99),
    ).toMatchObject({ kind: "insert" });
  });
});
