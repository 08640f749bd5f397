import type { Outcome } from "../../cluster/outcome.js";
import {
  keyspacesPrefix,
  ruleKeys,
  type VSchemaSources,
  vschemaSources,
} from "../../plan/serving/srv-vschema.js";
import type { Entry, TopologyReader } from "../../topology/store.js";

/** What SrvVSchema is made of, read at one revision. */
export async function readVSchemaSources(
  global: TopologyReader,
  root: string,
): Promise<Outcome<VSchemaSources>> {
  const below = await global.range({ prefix: keyspacesPrefix(root) });
  if (below.kind === "unanswered") return below;
  const { revision, entries } = below.value;
  const got = await Promise.all(ruleKeys(root).map((key) => global.get(key, revision)));
  const rules: (Entry | null)[] = [];
  for (const one of got) {
    if (one.kind === "unanswered") return one;
    rules.push(one.value.entry);
  }
  return vschemaSources(root, entries, rules);
}
