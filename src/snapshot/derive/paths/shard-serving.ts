import { nothingListens } from "../../../cluster/closed-ports.js";
import type {
  CellAliasRow,
  CellRow,
  LiveTabletRow,
  ProbeRow,
  ProcessRow,
  ShardServingRow,
  SrvControlRow,
  TabletRow,
} from "../../gen/tables.js";
import { groupBy } from "../order.js";
import type { ServedType } from "./find-table.js";

export interface TabletState {
  readonly cell: readonly CellRow[];
  readonly cell_alias: readonly CellAliasRow[];
  readonly tablet: readonly TabletRow[];
  readonly srv_control: readonly SrvControlRow[];
  readonly process: readonly ProcessRow[];
  readonly live_tablet: readonly LiveTabletRow[];
  readonly probe: readonly ProbeRow[];
}

type State = "serving" | "silent" | "not-serving" | "dead" | "stopped" | "none";

interface Candidate {
  readonly alias: string;
  readonly cell: string;
  readonly type: string;
  readonly state: State;
  readonly detail: string;
}

/** The first that some tablet is in; see `shard_serving` in `schema.sql`. */
const ORDER: readonly State[] = ["serving", "silent", "not-serving", "dead", "stopped"];

/**
 * Whether vtgates of a cell find a healthy tablet (docs/vitess.md#healthy-tablets): by a record that names an address, and by what the
 * process behind it says of itself, its type too; who is silent counts as its record says.
 */
export class ShardServing {
  readonly #members: ReadonlyMap<string, readonly Candidate[]>;
  readonly #unread: readonly string[];
  readonly #neighbours: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #disabled: ReadonlySet<string>;
  readonly #rows = new Map<string, ShardServingRow>();

  /** `closed`: `closedAddresses` of the probes. */
  constructor(state: TabletState, closed: ReadonlySet<string>) {
    const candidates = candidatesOf(state, closed);
    this.#members = groupBy(candidates, ({ place }) => place);
    this.#unread = state.cell.filter(({ answered }) => answered === 0).map(({ cell }) => cell);
    this.#neighbours = neighbourhoods(state.cell_alias);
    this.#disabled = new Set(
      state.srv_control
        .filter(({ query_service_disabled }) => query_service_disabled === 1)
        .map((row) => [row.cell, row.keyspace, row.tablet_type, row.shard].join("/")),
    );
  }

  /** Every shard that was asked for, in no order. */
  get rows(): readonly ShardServingRow[] {
    return [...this.#rows.values()];
  }

  at(cell: string, keyspace: string, shard: string, type: ServedType): ShardServingRow {
    const from = type === "PRIMARY" ? "" : cell;
    const name = `${keyspace}/${shard}/${type}/${from}`;
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    const row = this.#judge(from, keyspace, shard, type);
    this.#rows.set(name, row);
    return row;
  }

  #judge(from: string, keyspace: string, shard: string, type: ServedType): ShardServingRow {
    const near = (cell: string): boolean =>
      from === "" || cell === from || (this.#neighbours.get(from)?.has(cell) ?? false);
    const members = (this.#members.get(`${keyspace}/${shard}`) ?? []).filter(
      (one) => one.type === type && near(one.cell),
    );
    const unread = this.#unread.find(near);
    const found = ORDER.find((state) => members.some((one) => one.state === state)) ?? "none";
    const state = found !== "serving" && unread !== undefined ? "silent" : found;
    const makers = members.filter((one) => one.state === state);
    const places = type === "PRIMARY" ? makers.map(({ cell }) => cell) : [from];
    return {
      cell: from,
      keyspace,
      shard,
      tablet_type: type,
      state,
      tablets_json: JSON.stringify(makers.map(({ alias }) => alias).sort()),
      detail:
        makers.length === 0 && unread !== undefined
          ? `cell ${unread} could not be read`
          : (makers.find(({ detail }) => detail !== "")?.detail ?? ""),
      disabled: Number(places.some((cell) => this.#disabled.has([cell, keyspace, type, shard].join("/")))),
    };
  }
}

/** Cells have one alias at most (topo/cells_aliases.go validateAlias). */
const neighbourhoods = (aliases: readonly CellAliasRow[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const members = groupBy(aliases, ({ alias }) => alias);
  return new Map(
    aliases.map(({ cell, alias }) => [cell, new Set((members.get(alias) ?? []).map((row) => row.cell))]),
  );
};

type Placed = Candidate & { readonly place: string };

const candidatesOf = (state: TabletState, closed: ReadonlySet<string>): readonly Placed[] => {
  const live = new Map(state.live_tablet.map((row) => [row.address, row]));
  const health = new Map(
    state.probe.filter(({ channel }) => channel === "health").map((row) => [row.address, row]),
  );
  const recorded = new Map(
    state.process
      .filter(
        ({ same_cluster, record, address }) =>
          same_cluster === 1 && record === "present" && !address.startsWith("mysql://"),
      )
      .map((process) => [process.alias, process]),
  );
  return state.tablet.map((tablet) => {
    const process = recorded.get(tablet.alias);
    const said = process === undefined ? undefined : live.get(process.address);
    const { alias, cell } = tablet;
    if (process !== undefined && said !== undefined && said.serving !== null) {
      const healthy = said.serving === 1 && !said.health_error;
      return {
        ...{ alias, cell, type: process.type, place: `${process.keyspace}/${process.shard}` },
        ...(healthy
          ? { state: "serving", detail: "" }
          : { state: "not-serving", detail: said.health_error || (said.state_name ?? "") }),
      };
    }
    const at = process?.address ?? tablet.address;
    return {
      ...{ alias, cell, type: tablet.type, place: `${tablet.keyspace}/${tablet.shard}` },
      ...unheard(tablet, health.get(at), closed.has(at)),
    };
  });
};

const unheard = (
  { address }: TabletRow,
  probe: ProbeRow | undefined,
  isClosed: boolean,
): { readonly state: State; readonly detail: string } => {
  if (address === "") return { state: "stopped", detail: "" };
  if (probe === undefined) return { state: "silent", detail: "it was not asked" };
  if (probe.answered === 1) return { state: "dead", detail: "another tablet answers there" };
  return { state: isClosed ? "dead" : "silent", detail: probe.message ?? "" };
};

/** Where nothing listens any more. */
export const closedAddresses = (probes: readonly ProbeRow[]): ReadonlySet<string> => {
  const vars = new Map(probes.filter(({ channel }) => channel === "vars").map((row) => [row.address, row]));
  return new Set(
    probes.flatMap((grpc) => {
      const http = grpc.channel === "health" ? vars.get(grpc.address) : undefined;
      return http !== undefined && nothingListens(grpc, http) ? [grpc.address] : [];
    }),
  );
};
