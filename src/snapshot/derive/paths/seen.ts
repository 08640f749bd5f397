import type { CellRow, MetaRow, UndecodableKeyRow } from "../../gen/tables.js";

/** Why something may be there though the snapshot does not have it (docs/decisions.md#d10). */
export interface Hidden {
  readonly reason: "cell-unread" | "keyspace-unread" | "undecodable";
  readonly detail: string;
}

export interface SeenState {
  readonly meta: readonly MetaRow[];
  readonly cell: readonly CellRow[];
  readonly undecodable_key: readonly UndecodableKeyRow[];
}

/** What the scan left out or could not read. */
export class Seen {
  readonly #unread: ReadonlySet<string>;
  readonly #keyspaces: readonly string[];
  readonly #undecodable: readonly UndecodableKeyRow[];

  constructor(state: SeenState) {
    this.#unread = new Set(state.cell.filter(({ answered }) => answered === 0).map(({ cell }) => cell));
    const filter = state.meta.find(({ name }) => name === "keyspaces_json")?.value ?? "[]";
    this.#keyspaces = JSON.parse(filter) as readonly string[];
    this.#undecodable = state.undecodable_key;
  }

  cell(cell: string): Hidden | null {
    if (this.#unread.has(cell)) return { reason: "cell-unread", detail: `cell ${cell}` };
    return this.#undecodableAt("srv-vschema", "/SrvVSchema");
  }

  /** `srv-keyspace` of a cell's keyspace, `shard` of a keyspace's shard, `keyspace`. */
  hides(kind: "srv-keyspace" | "shard" | "keyspace", first: string, second: string): Hidden | null {
    const keyspace = kind === "srv-keyspace" ? second : first;
    if (this.#keyspaces.length > 0 && !this.#keyspaces.includes(keyspace))
      return { reason: "keyspace-unread", detail: `keyspace ${keyspace}` };
    if (kind === "keyspace") return null;
    if (kind === "shard") return this.#undecodableAt(kind, `/keyspaces/${first}/shards/${second}/Shard`);
    if (this.#unread.has(first)) return { reason: "cell-unread", detail: `cell ${first}` };
    return this.#undecodableAt(kind, `/keyspaces/${second}/SrvKeyspace`);
  }

  /** The roots of cells are not looked at: what can not be read in one of them is unknown in all. */
  #undecodableAt(kind: string, ending: string): Hidden | null {
    const found = this.#undecodable.find((row) => row.kind === kind && row.key.endsWith(ending));
    return found === undefined ? null : { reason: "undecodable", detail: found.key };
  }
}
