import { formatAlias } from "../../cluster/alias.js";
import type { Facts } from "../facts.js";
import type { UndecodableKeyRow } from "../gen/tables.js";
import { locate, rootsByServer } from "./located-key.js";
import type { TopologyKnown } from "./record-standing.js";

/** Which tablets and shards have a record that cannot be read: it is there, so nothing of theirs is absent (docs/decisions.md#d10). */
export const undecodableNames = (
  facts: Facts,
  keys: readonly UndecodableKeyRow[],
): TopologyKnown["undecodable"] => {
  const rootsOf = rootsByServer(facts);
  const tablets = new Set<string>();
  const shards = new Set<string>();
  for (const { server, key } of keys) {
    for (const { is } of locate(rootsOf(server), key)) {
      if (is.kind === "tablet") tablets.add(formatAlias(is.alias));
      if (is.kind === "shard") shards.add(`${is.keyspace}/${is.shard}`);
    }
  }
  return {
    tablet: (alias) => tablets.has(alias),
    shard: (keyspace, shard) => shards.has(`${keyspace}/${shard}`),
  };
};
