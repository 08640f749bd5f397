import type { Outcome } from "./outcome.js";
import { asBoolean, asEnum, asString, type Fields, readPrototext } from "./prototext-fields.js";

/** Where a stream reads from: what vtdoctor needs of `binlogdata.BinlogSource` (docs/vitess.md#stream-source). */
export interface StreamSource {
  readonly keyspace: string;
  readonly shard: string;
  /** The name of a MySQL in vttablet's own configuration; empty for a source in Vitess. */
  readonly externalMysql: string;
  /** The name of a mounted cluster; empty for this one. */
  readonly externalCluster: string;
  /** IGNORE, STOP, EXEC or EXEC_IGNORE. */
  readonly onDdl: string;
  readonly stopAfterCopy: boolean;
  /** In the order of the text: the first that matches a table wins. */
  readonly rules: readonly StreamRule[];
}

export interface StreamRule {
  readonly match: string;
  readonly filter: string;
}

/**
 * Whether a rule is about a table: a pattern is not anchored (vreplication/table_plan_builder.go MatchTable, v24). Null: the pattern is
 * none that can be read here.
 */
export const matchesTable = ({ match }: Pick<StreamRule, "match">, table: string): boolean | null => {
  if (!match.startsWith("/")) return match === table;
  try {
    return new RegExp(match.replace(/^\/+|\/+$/g, "")).test(table);
  } catch {
    return null;
  }
};

/** `source` of `_vt.vreplication`. What vttablet could not read itself is `failed`; fields of a newer Vitess are passed over. */
export const parseStreamSource = (text: string): Outcome<StreamSource> => readPrototext(text, streamSource);

const ON_DDL = ["IGNORE", "STOP", "EXEC", "EXEC_IGNORE"];

const streamSource = (fields: Fields): StreamSource => ({
  keyspace: fields.one("keyspace", asString, ""),
  shard: fields.one("shard", asString, ""),
  externalMysql: fields.one("external_mysql", asString, ""),
  externalCluster: fields.one("external_cluster", asString, ""),
  onDdl: fields.one("on_ddl", asEnum(ON_DDL), "IGNORE"),
  stopAfterCopy: fields.one("stop_after_copy", asBoolean, false),
  rules: fields.nested("filter", (filter) => filter.each("rules", streamRule)),
});

const streamRule = (fields: Fields): StreamRule => ({
  match: fields.one("match", asString, ""),
  filter: fields.one("filter", asString, ""),
});
