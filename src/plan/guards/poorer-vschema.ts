import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";

/** What queries of a keyspace are planned by, as far as its loss is seen here. */
interface VSchema {
  readonly sharded?: boolean;
  readonly tables?: Readonly<Record<string, unknown>>;
  readonly vindexes?: Readonly<Record<string, unknown>>;
}

interface Pair {
  readonly keyspace: string;
  readonly cell: string;
  readonly copy: string;
  /** Null: there is no record. */
  readonly record: string | null;
}

/**
 * VSchemas that lack what a cell's SrvVSchema still has. Whether a table left on purpose or with an emptied record, nothing tells: a rebuild
 * would take it from the vtgates, and with it the only copy of the VSchema. A keyspace that is gone may go from SrvVSchema too.
 */
export const poorerVSchemas = (snapshot: Snapshot): readonly Obstacle[] => poorerVSchemasBut(snapshot, "");

/** The same where the plan itself puts the VSchema of one keyspace back. */
export const poorerVSchemasBut = (snapshot: Snapshot, restored: string): readonly Obstacle[] =>
  snapshot
    .all<Pair>(
      `SELECT c.keyspace, c.scope AS cell, c.body_json AS copy, g.body_json AS record
       FROM vschema c LEFT JOIN vschema g ON g.scope = 'global' AND g.keyspace = c.keyspace
       WHERE c.scope <> 'global' AND (c.keyspace IN (SELECT keyspace FROM keyspace)
         OR c.keyspace IN (SELECT keyspace FROM process WHERE same_cluster = 1)) ORDER BY c.keyspace, c.scope`,
    )
    .filter(({ keyspace }) => keyspace !== restored)
    .flatMap(({ keyspace, cell, copy, record }) => {
      const lost = lostWords(JSON.parse(record ?? "{}"), JSON.parse(copy));
      return lost === ""
        ? []
        : [
            {
              reason: `the VSchema of ${keyspace} has lost what the SrvVSchema of ${cell} still has (${lost}), and a rebuild would take it from the vtgates`,
              instead: `was it lost by mistake, put it back with vtctldclient ApplyVSchema ${keyspace}, from what vtctldclient GetSrvVSchema ${cell} shows; was it meant, vtctldclient RebuildVSchemaGraph`,
            },
          ];
    });

const lostWords = (record: VSchema, copy: VSchema): string =>
  [
    ...missing("table", record.tables, copy.tables),
    ...missing("vindex", record.vindexes, copy.vindexes),
    ...(copy.sharded === true && record.sharded !== true ? ["that it is sharded"] : []),
  ].join(", ");

const missing = (
  what: string,
  now: Readonly<Record<string, unknown>> = {},
  before: Readonly<Record<string, unknown>> = {},
): readonly string[] =>
  Object.keys(before)
    .filter((name) => !(name in now))
    .sort()
    .map((name) => `${what} ${name}`);
