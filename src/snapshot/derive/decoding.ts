import { formatAlias } from "../../cluster/alias.js";
import type { Outcome } from "../../cluster/outcome.js";
import type { TopoKey } from "../../topology/paths.js";
import type { Facts } from "../facts.js";
import type { UndecodableKeyRow } from "../gen/tables.js";
import { type LocatedKey, locate, rootsByServer } from "./located-key.js";
import type { TopologyKnown } from "./record-state.js";

export interface Decoded<Kind extends TopoKey["kind"], Record> extends LocatedKey<Kind> {
  readonly record: Record;
}

/** Decodes records and keeps those that it could not: a record that nobody can read is a finding, and never an absence. */
export class Decoding {
  readonly #undecodable = new Map<string, UndecodableKeyRow>();

  all<Kind extends TopoKey["kind"], Record>(
    keys: readonly LocatedKey<Kind>[],
    decode: (bytes: Uint8Array) => Outcome<Record>,
  ): readonly Decoded<Kind, Record>[] {
    return keys.flatMap((located) => {
      const record = decode(located.at.value);
      if (record.kind === "answered") return [{ ...located, record: record.value }];
      this.#keep(located, record.message);
      return [];
    });
  }

  /** Those that another has found. */
  add(rows: readonly UndecodableKeyRow[]): void {
    for (const row of rows) this.#undecodable.set(`${row.server} ${row.key}`, row);
  }

  get undecodable(): readonly UndecodableKeyRow[] {
    return [...this.#undecodable.values()];
  }

  #keep({ at, is }: Pick<LocatedKey, "at" | "is">, message: string): void {
    const { server, key, mod_revision } = at;
    this.add([{ server, key, kind: is.kind, message, revision: mod_revision }]);
  }
}

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
