import type { Facts } from "../facts.js";
import type { LiveTableRow, ProcessRow, ShardRow, TableVariantRow } from "../gen/tables.js";
import { byText, groupBy } from "./order.js";
import { isInternal } from "./paths/tables-there.js";

interface Definition {
  readonly shard: string;
  readonly address: string;
  readonly tableName: string;
  readonly text: string;
}

/** Tables of which the primaries of a keyspace's serving shards have different definitions (`ValidateSchemaKeyspace`, but told whole). */
export const deriveTableVariants = (
  facts: Facts,
  processes: readonly ProcessRow[],
  shards: readonly ShardRow[],
): readonly TableVariantRow[] => {
  const serving = new Map(
    shards
      .filter((row) => row.is_primary_serving === 1)
      .map((row) => [`${row.keyspace}/${row.shard}`, row.primary_alias]),
  );
  const series = new Map(facts.live_tablet.map((row) => [row.address, seriesOf(row.server_version)]));
  const tables = groupBy(facts.live_table, ({ address }) => address);
  const primaries = processes.filter(
    ({ same_cluster, record, type, address, alias, ...row }) =>
      same_cluster === 1 &&
      record === "present" &&
      type === "PRIMARY" &&
      tables.has(address) &&
      serving.get(`${row.keyspace}/${row.shard}`) === alias,
  );
  const alike = groupBy(primaries, ({ keyspace, address }) =>
    JSON.stringify([keyspace, series.get(address)]),
  );
  return [...alike.values()].flatMap((group) => {
    const [{ keyspace } = { keyspace: "" }] = group;
    const definitions = group.flatMap((process) => definitionsOf(process, tables.get(process.address) ?? []));
    return [...groupBy(definitions, ({ tableName }) => tableName).values()].flatMap((same) =>
      variantsOf(keyspace, same),
    );
  });
};

const definitionsOf = (
  { shard, address, db_name }: ProcessRow,
  tables: readonly LiveTableRow[],
): readonly Definition[] =>
  tables
    .filter(
      (row) => row.db_name === db_name && row.table_type === "BASE TABLE" && !isInternal(row.table_name),
    )
    .map(({ table_name, definition }) => ({ shard, address, tableName: table_name, text: definition }));

/** `8.0` of `8.0.36-log`: another series writes the same table in other words. */
const seriesOf = (version: string | null): string => /^\d+\.\d+/.exec(version ?? "")?.[0] ?? "";

const variantsOf = (keyspace: string, definitions: readonly Definition[]): readonly TableVariantRow[] => {
  const [first, ...others] = definitions;
  if (first === undefined || others.every(({ text }) => text === first.text)) return [];
  const groups = [
    ...groupBy(definitions.toSorted(byText(({ shard }) => shard)), ({ text }) => linesOf(text).join("\n")),
  ].toSorted(([, one], [, other]) => other.length - one.length);
  const common = groups[0]?.[0].split("\n") ?? [];
  if (groups.length < 2) return [];
  return groups.flatMap(([text, members], place) => {
    const lines = text.split("\n");
    const [ownLine, commonLine] = [firstOnlyIn(lines, common), firstOnlyIn(common, lines)];
    return members.map(({ shard, address, tableName }) => ({
      keyspace,
      table_name: tableName,
      shard,
      address,
      variant: place + 1,
      own_line: ownLine,
      common_line: commonLine,
    }));
  });
};

/** Where both have the same lines, in another order, the first of it that stands elsewhere. */
const firstOnlyIn = (lines: readonly string[], others: readonly string[]): string =>
  lines.find((line) => !others.includes(line)) ?? lines.find((line, at) => others[at] !== line) ?? "";

/**
 * The lines of SHOW CREATE TABLE without what differs between shards that are alike: the next AUTO_INCREMENT, the width of an integer's display
 * (which MySQL 8 dropped), and the list of partitions, which jobs of operators move on at times of their own.
 */
const linesOf = (definition: string): readonly string[] =>
  definition
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/,$/, "")
        .replace(/ AUTO_INCREMENT=\d+/, "")
        .replace(/\b((?:tiny|small|medium|big)?int)\(\d+\)/g, "$1"),
    )
    .filter((line) => !/^\(?PARTITION /.test(line));
