import { decodeRoutingRules, decodeVSchema } from "../../topology/records.js";
import type { Plan } from "../plan.js";
import type { Bytes } from "../records/record-type.js";
import type { Step } from "../steps/index.js";

/**
 * The names, as clients write them, that a plan leads elsewhere or takes away on purpose: those of the routing rules and of the tables of a
 * VSchema that it writes, and of the tables that it moves or drops.
 */
export const meantNames = ({ stages }: Pick<Plan, "stages">): ReadonlySet<string> =>
  new Set(stages.flatMap(({ steps }) => steps).flatMap(namesOf));

function namesOf(step: Step): readonly string[] {
  switch (step.kind) {
    case "table.hold":
    case "table.drop":
    case "table.return":
      return bothNames(step.tablet.keyspace, step.tables);
    case "record.write": {
      const { record, before, after } = step;
      if (record.kind === "routing-rules") return differing(rulesIn(before), rulesIn(after));
      if (record.kind !== "vschema") return [];
      return bothNames(record.keyspace, differing(tablesIn(before), tablesIn(after)));
    }
    default:
      return [];
  }
}

const bothNames = (keyspace: string, tables: readonly string[]): readonly string[] =>
  tables.flatMap((table) => [table, `${keyspace}.${table}`]);

type Entries = ReadonlyMap<string, string>;

const differing = (before: Entries, after: Entries): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));

/** Where each name leads; `@replica` and `@rdonly` are the same name of a client. */
const rulesIn = (bytes: Bytes): Entries => {
  const record = decodeRoutingRules(Buffer.from(bytes ?? "", "base64"));
  const leads = new Map<string, string>();
  for (const { fromTable, toTables } of record.kind === "answered" ? record.value.rules : []) {
    const [name = ""] = fromTable.split("@");
    leads.set(name, `${leads.get(name) ?? ""} ${fromTable}: ${toTables}`);
  }
  return leads;
};

const tablesIn = (bytes: Bytes): Entries => {
  const record = decodeVSchema(Buffer.from(bytes ?? "", "base64"));
  return new Map(
    Object.keys(record.kind === "answered" ? record.value.tables : {}).map((name) => [name, ""]),
  );
};
