import type { ClosedAddressRow, QueryPathRow, ShardServingRow } from "../../gen/tables.js";
import { anew, type Remember } from "../remember.js";
import { type CellVSchema, cellVSchemas, type VSchemaState } from "./cell-vschema.js";
import { type Found, type FoundTable, SERVED_TYPES, type ServedType, TableFinder } from "./find-table.js";
import { type GraphState, type Ground, Grounds } from "./ground.js";
import { Seen, type SeenState } from "./seen.js";
import { closedAddresses, ShardServing, type TabletState } from "./shard-serving.js";
import { type SchemaState, type TableFault, TablesThere } from "./tables-there.js";
import { SERVED, type Verdict } from "./verdict.js";

export type PathState = VSchemaState & GraphState & TabletState & SchemaState & SeenState;

const TABLES: Readonly<Record<keyof PathState, true>> = {
  ...{
    meta: true,
    cell: true,
    cell_alias: true,
    keyspace: true,
    shard: true,
    denied_table: true,
    tablet: true,
  },
  ...{ srv_keyspace: true, srv_partition: true, srv_control: true, srv_vschema: true, vschema: true },
  ...{ routing_rule: true, shard_routing_rule: true, keyspace_routing_rule: true, undecodable_key: true },
  ...{ process: true, live_tablet: true, live_table: true, probe: true },
};

/** The tables of a snapshot that query paths follow from. */
export const PATH_STATE = Object.keys(TABLES) as readonly (keyof PathState)[];

export interface QueryPaths {
  readonly query_path: readonly QueryPathRow[];
  readonly shard_serving: readonly ShardServingRow[];
  readonly closed_address: readonly ClosedAddressRow[];
}

/**
 * Where every name leads that a client can use, and whether it is served (docs/decisions.md#d23). Names are found once for each distinct
 * SrvVSchema, shards judged once for each keyspace, type and cell, and names that come out alike are one row. Where something is remembered,
 * `shard_serving` has shards too that only an earlier look asked for.
 */
export const deriveQueryPaths = (state: PathState, remember: Remember = anew): QueryPaths => {
  const seen = remember("seen", [state.meta, state.cell, state.undecodable_key], () => new Seen(state));
  const { cell, cell_alias, tablet, srv_control, process, live_tablet, probe } = state;
  const closed = remember("closed", [probe], () => closedAddresses(probe));
  const serving = remember(
    "serving",
    [cell, cell_alias, tablet, srv_control, process, live_tablet, probe],
    () => new ShardServing(state, closed),
  );
  const grounds = new Grounds(state, serving, seen, remember);
  const tables = new TablesThere(state);
  const vschemas = remember(
    "vschemas",
    [
      ...[state.srv_vschema, state.vschema, state.routing_rule],
      ...[state.shard_routing_rule, state.keyspace_routing_rule],
    ],
    () => cellVSchemas(state),
  );
  const records = new Map(state.srv_vschema.map((row) => [row.cell, row]));
  const finders = new Map<CellVSchema, Names>();
  const cells = [...new Set([...state.cell.map(({ cell }) => cell), ...vschemas.keys()])].sort();
  const query_path = cells.flatMap((cell) => {
    const vschema = vschemas.get(cell);
    const record = records.get(cell);
    if (vschema === undefined || record === undefined) return without(cell, seen);
    const names = finders.get(vschema) ?? namesOf(vschema, tables);
    finders.set(vschema, names);
    const judge = new Judge({ cell, finder: names.finder, grounds, tables });
    return SERVED_TYPES.flatMap((type) => pathsOf(type, names, judge, record));
  });
  // A keyspace that no SrvVSchema names is served, or not, all the same: as soon as one names it again.
  for (const { cell, keyspace, shard, tablet_type } of state.srv_partition) {
    const type = SERVED_TYPES.find((served) => served === tablet_type);
    const to = vschemas.get(cell)?.shardRules.get(`${keyspace}.${shard}`) ?? keyspace;
    if (type !== undefined) serving.at(cell, to, shard, type);
  }
  return {
    query_path,
    shard_serving: serving.rows,
    closed_address: [...closed].map((address) => ({ address })),
  };
};

/** A cell whose SrvVSchema is not there, or was not seen: no name leads anywhere. */
const without = (cell: string, seen: Seen): readonly QueryPathRow[] => {
  const hidden = seen.cell(cell);
  return SERVED_TYPES.map((tablet_type) => ({
    ...{ cell, tablet_type, ordinal: 0, keyspace: "", by_rule: 0 },
    verdict: hidden === null ? "unserved" : "unknown",
    reason: hidden?.reason ?? "no-srvvschema",
    detail: hidden?.detail ?? "",
    ...{ shards_json: "[]", names: 0, names_json: "{}", key: "", revision: 0 },
  }));
};

interface Name {
  /** As a client writes it. */
  readonly text: string;
  readonly keyspace: string;
  readonly table: string;
}

interface Names {
  readonly finder: TableFinder;
  readonly all: readonly Name[];
}

/** Every table by VSchema, in MySQL of an unsharded keyspace, or by a rule; with its keyspace and without. */
const namesOf = (vschema: CellVSchema, tables: TablesThere): Names => {
  const unsharded = [...vschema.keyspaces].filter(([, { sharded }]) => !sharded).map(([name]) => name);
  const tracked = tables.tracked(unsharded);
  const known = new Map<string, Name>();
  const add = (keyspace: string, table: string): void => {
    const text = keyspace === "" ? table : `${keyspace}.${table}`;
    known.set(text, { text, keyspace, table });
  };
  for (const [keyspace, { tables: own }] of vschema.keyspaces)
    for (const table of new Set([...own.keys(), ...(tracked.get(keyspace) ?? [])])) {
      add(keyspace, table);
      add("", table);
    }
  for (const from of vschema.rules.keys()) {
    const [keyspace = "", table] = (from.split("@")[0] ?? "").split(".");
    if (table === undefined) add("", keyspace);
    else add(keyspace, table);
  }
  const sorted = [...known].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, name]) => name);
  return { finder: new TableFinder(vschema, tracked), all: sorted };
};

interface Group {
  readonly judged: Judged;
  readonly names: Record<string, string>;
}

const pathsOf = (
  tablet_type: ServedType,
  { finder, all }: Names,
  judge: Judge,
  record: { readonly key: string; readonly revision: number },
): readonly QueryPathRow[] => {
  const groups = new Map<string, Group>();
  const add = (judged: Judged, names: Readonly<Record<string, string>>): void => {
    const { found, verdict } = judged;
    const name = `${found.keyspace} ${found.byRule} ${judge.nameOf(verdict)}`;
    const group = groups.get(name) ?? { judged, names: {} };
    groups.set(name, group);
    Object.assign(group.names, names);
  };
  for (const { text, keyspace, table } of all) {
    const found = finder.find(keyspace, table, tablet_type);
    if (found === null) continue;
    add(judge.judge(found, tablet_type), { [text]: found.table });
  }
  const reached = new Set(
    [...groups.values()].flatMap(({ judged }) => (judged.ground === null ? [] : [judged.found.keyspace])),
  );
  for (const keyspace of finder.vschema.keyspaces.keys())
    if (!reached.has(keyspace)) add(judge.whole(keyspace, tablet_type), {});
  return [...groups.values()].map(({ judged: { found, verdict, ground }, names }, ordinal) => ({
    ...{ cell: judge.cell, tablet_type, ordinal },
    keyspace: found.keyspace,
    by_rule: Number(found.byRule),
    verdict: verdict.kind,
    reason: verdict.reason,
    detail: verdict.detail,
    shards_json: JSON.stringify(verdict.shards),
    names: Object.keys(names).length,
    names_json: JSON.stringify(names),
    key: ground?.key || record.key,
    revision: ground?.key ? ground.revision : record.revision,
  }));
};

interface Judged {
  readonly found: Found;
  readonly verdict: Verdict;
  /** Null where the routing itself ends. */
  readonly ground: Ground | null;
}

interface JudgeContext {
  readonly cell: string;
  readonly finder: TableFinder;
  readonly grounds: Grounds;
  readonly tables: TablesThere;
}

/** Judges names for the vtgates of one cell; the same table of the same type once. */
class Judge {
  readonly #known = new Map<string, Judged>();
  readonly #names = new Map<Verdict, string>();
  readonly #faults = new Map<TableFault, Verdict>();

  constructor(readonly context: JudgeContext) {}

  get cell(): string {
    return this.context.cell;
  }

  /** Equal verdicts have equal names; of a thousand shards it is long, so it is made once. */
  nameOf(verdict: Verdict): string {
    const name = this.#names.get(verdict) ?? JSON.stringify(verdict);
    this.#names.set(verdict, name);
    return name;
  }

  judge(found: Found, type: ServedType): Judged {
    if (found.kind === "not-found") {
      const kind = found.reason === "ambiguous-name" ? "ambiguous" : "unserved";
      return {
        found,
        ground: null,
        verdict: { kind, reason: found.reason, detail: found.detail, shards: [] },
      };
    }
    const name = JSON.stringify([type, found.keyspace, found.table, found.byRule]);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { verdict, ground } = this.#place(found, type);
    const open = verdict.kind === "served" || verdict.reason === "schema-unread";
    const lost = open && type === "PRIMARY" ? this.#lostHelper(found) : null;
    const judged = { found, ground, verdict: lost ?? verdict };
    this.#known.set(name, judged);
    return judged;
  }

  /** A keyspace of which no table is known: its shards alone. */
  whole(keyspace: string, type: ServedType): Judged {
    const { cell, finder, grounds } = this.context;
    const ground = grounds.of(cell, finder.vschema, keyspace, type);
    const found = { kind: "table", keyspace, table: "", vschema: null, byRule: false } as const;
    return { found, ground, verdict: ground.verdict };
  }

  #place(
    { keyspace, table }: FoundTable,
    type: ServedType,
  ): Pick<Judged, "verdict"> & { readonly ground: Ground } {
    const { cell, finder, grounds, tables } = this.context;
    const ground = grounds.of(cell, finder.vschema, keyspace, type);
    if (ground.verdict.kind !== "served") return { ground, verdict: ground.verdict };
    const fault = tables.faultOf(ground.shards, table, type);
    if (fault === null) return { ground, verdict: SERVED };
    return { ground, verdict: this.#verdictOf(fault) };
  }

  #verdictOf(fault: TableFault): Verdict {
    const known = this.#faults.get(fault);
    if (known !== undefined) return known;
    const { reason, shards } = fault;
    const kind = reason === "schema-unread" ? "unknown" : "unserved";
    const verdict: Verdict = { kind, reason, detail: "", shards };
    this.#faults.set(fault, verdict);
    return verdict;
  }

  /** A write goes to the tables of its lookup vindexes too, and takes ids from its sequence; all as PRIMARY. */
  #lostHelper({ vschema }: FoundTable): Verdict | null {
    const helpers = [
      ...(vschema?.lookups ?? []).map((table) => ({ table, role: "lookup" })),
      ...(vschema?.sequence ? [{ table: vschema.sequence, role: "sequence" }] : []),
    ];
    for (const { table, role } of helpers) {
      const [first = "", second] = table.split(".");
      const found = this.context.finder.find(second === undefined ? "" : first, second ?? first, "PRIMARY");
      const lost = (reason: string, shards: readonly string[] = []): Verdict => ({
        ...{ kind: "unserved", reason: `${role}-${reason}`, detail: table, shards },
      });
      if (found === null || found.kind === "not-found") return lost("missing");
      const { verdict } = this.#place(found, "PRIMARY");
      if (verdict.reason === "table-missing") return lost("missing", verdict.shards);
      if (verdict.kind === "unserved") return lost("unserved", verdict.shards);
    }
    return null;
  }
}
