import { UsageError } from "../cluster/errors.js";
import { silenceText } from "../findings/coverage.js";
import type { Finding } from "../findings/finding.js";
import type { LookedAt, MissedCondition, WhyNot } from "../findings/why-not.js";
import { silenceCovers } from "./assess.js";
import { readCircumstances } from "./circumstances.js";
import type { Queryable, Row, Rule } from "./rule.js";
import { oneLine, templateOf } from "./template.js";
import { withoutConditions, withViews } from "./without.js";

/** Why `rule` does not find `object`, which is what its findings have after the `@`. Throws UsageError where that is no object of the rule's. */
export function whyNot(
  snapshot: Queryable,
  rule: Rule,
  object: string,
  findings: readonly Finding[],
): WhyNot {
  const finding = findings.find(({ id }) => id === `${rule.id}@${object}`);
  const found = finding === undefined ? null : { state: finding.state, because: finding.because };
  const columns = columnsIn(rule, object);
  const keys = keysOf(rule, columns);
  const facts = rule.reads.flatMap((table) => lookedAt(snapshot, table, keys));
  const named = facts.filter(({ whole }) => whole);
  const { silences } = readCircumstances(snapshot);
  return {
    ...{ rule: rule.id, object, found },
    known: named.length === 0 || named.some(({ rows }) => rows.length > 0),
    conditions: found === null ? missed(snapshot, rule, object, columns) : [],
    facts: facts.map(({ table, rows }) => ({ table, rows })),
    silent: silences
      .filter((one) => rule.needs.some((need) => need === one.domain) && silenceCovers(one, keys))
      .map(silenceText),
  };
}

type Named = Readonly<Record<string, string>>;

const HOLE = /\{([a-z_][a-z0-9_]*)(\|[^{}]*)?\}/g;

/** The columns of the locator with what the object says of them. */
const columnsIn = (rule: Rule, object: string): Named => {
  const locator = oneLine(rule.locator);
  const pattern = locator
    .split(HOLE)
    .filter((_, i) => i % 3 === 0)
    .map(escaped)
    .join("(.+?)");
  const match = new RegExp(`^${pattern}$`).exec(object);
  if (match === null)
    throw new UsageError(
      `explain --why-not: "${object}" is no object of ${rule.id}, whose findings are about ${locator.replace(HOLE, (_, name: string) => name.toUpperCase())}.`,
    );
  const names = [...locator.matchAll(HOLE)].map(([, name = ""]) => name);
  return Object.fromEntries(names.map((name, i) => [name, match[i + 1] ?? ""]));
};

const escaped = (text: string): string => text.replace(/[^\w\s]/g, "\\$&");

/** The same by the names that tables have for them. */
const keysOf = (rule: Rule, columns: Named): Named => ({
  ...columns,
  ...Object.fromEntries(
    Object.entries(rule.object).flatMap(([key, column]) => {
      const value = columns[column];
      return value === undefined ? [] : [[key, value]];
    }),
  ),
});

/** More rows of one table are no explanation. */
const ROWS = 20;

/** The rows that have each of the keys that the table has, and those of the object's processes; none of a table that has neither. */
const lookedAt = (
  snapshot: Queryable,
  table: string,
  keys: Named,
): readonly (LookedAt & { readonly whole: boolean })[] => {
  const columns = snapshot
    .all<{ name: string }>("SELECT name FROM pragma_table_info(?)", table)
    .map(({ name }) => name);
  const own = conditionOn(keys, columns);
  const whose = conditionOn(keys, PROCESS);
  const parts = [
    ...(own.sql === "" ? [] : [own]),
    ...(whose.sql === "" || !columns.includes("address")
      ? []
      : [{ ...whose, sql: `address IN (SELECT address FROM process WHERE ${whose.sql})` }]),
  ];
  if (parts.length === 0) return [];
  const where = parts.map(({ sql }) => `(${sql})`).join(" OR ");
  const values = parts.flatMap((part) => part.values);
  const rows = snapshot.all<Row>(`SELECT * FROM ${table} WHERE ${where} LIMIT ${ROWS}`, ...values);
  const named = new Set(own.values);
  return [{ table, rows: rows.map(shown), whole: Object.values(keys).every((value) => named.has(value)) }];
};

const PROCESS = ["alias", "keyspace", "shard"];

const conditionOn = (keys: Named, columns: readonly string[]) => {
  const known = Object.entries(keys).filter(([name]) => columns.includes(name));
  return {
    sql: known.map(([name]) => `CAST("${name}" AS TEXT) = ?`).join(" AND "),
    values: known.map(([, value]) => value),
  };
};

/** What says something, in short. */
const shown = (row: Row): Named =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([, value]) => value !== null && value !== "" && typeof value !== "object")
      .map(([name, value]) => [name, shortened(String(value))]),
  );

const LONGEST = 120;

const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);

/** So many pairs at most: of a query with more conditions, those that come first. */
const PAIRS = 400;

/** The conditions without which the query gives the object: one alone, else two. */
const missed = (
  snapshot: Queryable,
  rule: Rule,
  object: string,
  columns: Named,
): readonly (readonly MissedCondition[])[] => {
  const query = withViews(snapshot, rule.query);
  const gives = (sql: string): boolean => givesObject(snapshot, rule, sql, object, columns);
  const singles = withoutConditions(query);
  const alone = singles.filter(({ sql }) => gives(sql));
  if (alone.length > 0) return alone.map(({ condition }) => [condition]);
  const pairs = new Map<string, readonly MissedCondition[]>();
  let tried = 0;
  for (const [i, one] of singles.entries())
    for (const other of withoutConditions({ ...query, sql: one.sql }).slice(i)) {
      if (tried++ >= PAIRS) return [...pairs.values()];
      const both = [one.condition, other.condition];
      if (other.condition.text !== "1" && gives(other.sql)) pairs.set(JSON.stringify(both), both);
    }
  return [...pairs.values()];
};

/** Whether the query has a row of the object; one that fails has none. */
const givesObject = (
  snapshot: Queryable,
  rule: Rule,
  sql: string,
  object: string,
  columns: Named,
): boolean => {
  const locator = templateOf(oneLine(rule.locator));
  const plain = Object.entries(columns).filter(([name]) => rule.locator.includes(`{${name}}`));
  const where = plain.map(([name]) => ` AND CAST("${name}" AS TEXT) = ?`).join("");
  try {
    return snapshot
      .all<Row>(
        `SELECT * FROM (\n${sql}\n) WHERE true${where} LIMIT ${ROWS}`,
        ...plain.map(([, value]) => value),
      )
      .some((row) => locator.render(row) === object);
  } catch {
    return false;
  }
};
