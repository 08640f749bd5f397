import { answered, type Outcome, unanswered } from "../cluster/outcome.js";

/** Under this name vttablet keeps the rules that deny tables (v19 and v24 tabletmanager/tm_state.go `denyListQueryList`). */
export const DENY_LIST = "DenyListQueryRules";

/** The body of `/debug/query_rules`: name of a rule source to its rules. `failed` where it is something else. */
export function parseDeniedTables(body: string): Outcome<readonly string[]> {
  let sources: unknown;
  try {
    sources = JSON.parse(body);
  } catch (error) {
    return unanswered("failed", `/debug/query_rules is no JSON: ${String(error)}`);
  }
  if (typeof sources !== "object" || sources === null || !(DENY_LIST in sources))
    return unanswered("failed", `/debug/query_rules has no ${DENY_LIST}`);
  const rules: unknown = sources[DENY_LIST];
  const tables = (Array.isArray(rules) ? rules : []).flatMap(tablesOf);
  return answered([...new Set(tables)].toSorted());
}

const tablesOf = (rule: unknown): readonly string[] =>
  typeof rule === "object" && rule !== null && "TableNames" in rule && Array.isArray(rule.TableNames)
    ? rule.TableNames.map(String)
    : [];
