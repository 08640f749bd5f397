import type { KeyspaceRow, ShardRow, SrvKeyspaceRow, SrvPartitionRow } from "../../gen/tables.js";
import { groupBy } from "../order.js";
import { cover } from "../range-fault.js";
import { anew, type Remember } from "../remember.js";
import type { CellVSchema } from "./cell-vschema.js";
import type { ServedType } from "./find-table.js";
import type { Seen } from "./seen.js";
import type { ShardServing } from "./shard-serving.js";
import { SERVED, type Verdict } from "./verdict.js";

export interface GraphState {
  readonly keyspace: readonly KeyspaceRow[];
  readonly shard: readonly ShardRow[];
  readonly srv_keyspace: readonly SrvKeyspaceRow[];
  readonly srv_partition: readonly SrvPartitionRow[];
}

/** Where a cell's vtgates send the queries of one keyspace and type, whatever the table. */
export interface Ground {
  readonly verdict: Verdict;
  /** `keyspace/shard` after shard routing rules; one value for each distinct list. */
  readonly shards: readonly string[];
  readonly key: string;
  readonly revision: number;
}

/** vtgate's resolver and gateway, computed once for each keyspace, type and cell (docs/vitess.md#query-routing). */
export class Grounds {
  readonly #partitions: ReadonlyMap<string, readonly SrvPartitionRow[]>;
  readonly #graphs: ReadonlyMap<string, SrvKeyspaceRow>;
  readonly #records: ReadonlySet<string>;
  readonly #lists = new Map<string, readonly string[]>();
  readonly #known = new Map<string, Ground>();

  constructor(
    readonly state: GraphState,
    readonly serving: ShardServing,
    readonly seen: Seen,
    readonly remember: Remember = anew,
  ) {
    this.#partitions = groupBy(
      state.srv_partition,
      (row) => `${row.cell}/${row.keyspace}/${row.tablet_type}`,
    );
    this.#graphs = new Map(state.srv_keyspace.map((row) => [`${row.cell}/${row.keyspace}`, row]));
    this.#records = new Set(state.shard.map(({ keyspace, shard }) => `${keyspace}/${shard}`));
  }

  of(cell: string, vschema: CellVSchema, keyspace: string, type: ServedType): Ground {
    const name = `${cell}/${keyspace}/${type}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const from = [
      this.#graphs.get(`${cell}/${keyspace}`),
      vschema,
      this.serving,
      this.seen,
      this.state.shard,
    ];
    const judged = this.remember(`ground ${name}`, [from, this.#partitions.get(name) ?? []], () =>
      this.#judge(cell, vschema, keyspace, type),
    );
    const ground = { ...judged, shards: this.#list(judged.shards) };
    this.#known.set(name, ground);
    return ground;
  }

  #judge(cell: string, vschema: CellVSchema, keyspace: string, type: ServedType): Ground {
    const graph = this.#graphs.get(`${cell}/${keyspace}`);
    const at = { shards: this.#list([]), key: graph?.key ?? "", revision: graph?.revision ?? 0 };
    const broken = (
      kind: "unserved" | "ambiguous",
      reason: string,
      detail = "",
      shards: readonly string[] = [],
    ) => ({
      ...at,
      verdict: { kind, reason, detail, shards },
    });
    if (graph === undefined) {
      const hidden = this.seen.hides("srv-keyspace", cell, keyspace);
      return hidden === null
        ? broken("unserved", "no-srvkeyspace")
        : { ...at, verdict: { kind: "unknown", reason: hidden.reason, detail: hidden.detail, shards: [] } };
    }
    const partition = this.#partitions.get(`${cell}/${keyspace}/${type}`) ?? [];
    if (partition.length === 0) return broken("unserved", "type-unrouted");
    const names = partition.map(({ shard }) => `${keyspace}/${shard}`);
    const sharded = vschema.keyspaces.get(keyspace)?.sharded ?? false;
    if (!sharded && partition.length > 1) return broken("unserved", "many-shards", "", names);
    for (const { start, end, names: covering } of sharded ? stretches(partition) : []) {
      if (covering.length === 0) return broken("unserved", "range-gap", `${start}-${end}`);
      if (covering.length > 1)
        return broken(
          "ambiguous",
          "range-overlap",
          `${start}-${end}`,
          covering.map((shard) => `${keyspace}/${shard}`),
        );
    }
    const places = partition.map(({ shard }) => ({
      keyspace: vschema.shardRules.get(`${keyspace}.${shard}`) ?? keyspace,
      shard,
    }));
    return {
      ...at,
      shards: this.#list(places.map((place) => `${place.keyspace}/${place.shard}`)),
      verdict: this.#tablets(cell, places, type),
    };
  }

  #tablets(
    cell: string,
    places: readonly { readonly keyspace: string; readonly shard: string }[],
    type: ServedType,
  ): Verdict {
    const states = places.map(({ keyspace, shard }) => ({
      name: `${keyspace}/${shard}`,
      row: this.serving.at(cell, keyspace, shard, type),
      recorded:
        this.#records.has(`${keyspace}/${shard}`) || this.seen.hides("shard", keyspace, shard) !== null,
    }));
    const lost = states.filter(({ row, recorded }) => row.state !== "serving" && !recorded);
    if (lost.length > 0)
      return { kind: "unserved", reason: "shard-missing", detail: "", shards: lost.map(({ name }) => name) };
    for (const state of WORST_FIRST) {
      const bad = states.filter(({ row }) => row.state === state);
      if (bad.length === 0) continue;
      const unknown =
        state === "silent" ||
        (state === "none" && bad.every(({ row }) => this.seen.hides("keyspace", row.keyspace, "") !== null));
      return {
        kind: unknown ? "unknown" : "unserved",
        reason: `tablet-${state}`,
        detail: bad.find(({ row }) => row.detail !== "")?.row.detail ?? "",
        shards: bad.map(({ name }) => name),
      };
    }
    return SERVED;
  }

  #list(shards: readonly string[]): readonly string[] {
    const name = shards.join(" ");
    const known = this.#lists.get(name) ?? shards;
    this.#lists.set(name, known);
    return known;
  }
}

const WORST_FIRST = ["dead", "stopped", "not-serving", "none", "silent"] as const;

const stretches = (partition: readonly SrvPartitionRow[]) =>
  cover(partition.map((row) => ({ name: row.shard, start: row.range_start, end: row.range_end })));
