import type { TabletAddress, TabletReader } from "./access.js";
import type { Question, SidecarRead, TableName } from "./queries.js";

/** Calls that were made, by question and by tablet. */
export interface Calls {
  readonly byQuestion: ReadonlyMap<Question, number>;
  /** By host and port. */
  readonly byTablet: ReadonlyMap<string, number>;
}

/** A reader that counts what it is asked. GetSchema counts once, though the reader may need the name of the tablet's database for it. */
export function countedReader(reader: TabletReader): {
  readonly reader: TabletReader;
  readonly calls: Calls;
} {
  const byQuestion = new Map<Question, number>();
  const byTablet = new Map<string, number>();
  const count = (at: TabletAddress, question: Question): void => {
    const [host, port] = at.host === "" ? [at.mysqlHost, at.mysqlPort] : [at.host, at.grpcPort];
    const tablet = `${host}:${port}`;
    byQuestion.set(question, (byQuestion.get(question) ?? 0) + 1);
    byTablet.set(tablet, (byTablet.get(tablet) ?? 0) + 1);
  };
  const counted =
    <Rest extends readonly unknown[], T>(
      question: (...rest: Rest) => Question,
      ask: (at: TabletAddress, ...rest: Rest) => T,
    ) =>
    (at: TabletAddress, ...rest: Rest): T => {
      count(at, question(...rest));
      return ask(at, ...rest);
    };
  return {
    reader: {
      identity: counted(
        () => "health",
        (at: TabletAddress) => reader.identity(at),
      ),
      vars: counted(
        () => "vars",
        (at: TabletAddress) => reader.vars(at),
      ),
      status: counted(
        () => "status",
        (at: TabletAddress) => reader.status(at),
      ),
      rows: counted(
        (read: SidecarRead) => read,
        (at, read) => reader.rows(at, read),
      ),
      schema: counted(
        () => "schema",
        (at: TabletAddress) => reader.schema(at),
      ),
      sequences: counted(
        (_tables: readonly TableName[]) => "sequences",
        (at, tables) => reader.sequences(at, tables),
      ),
      deniedTables: counted(
        () => "queryRules",
        (at: TabletAddress) => reader.deniedTables(at),
      ),
      mysqlRows: counted(
        (read: SidecarRead, _sidecar: string) => read,
        (at, read, sidecar) => reader.mysqlRows(at, read, sidecar),
      ),
      mysqlStatus: counted(
        () => "mysqlStatus",
        (at: TabletAddress) => reader.mysqlStatus(at),
      ),
      leave: (at) => reader.leave(at),
      close: () => reader.close(),
    },
    calls: { byQuestion, byTablet },
  };
}
