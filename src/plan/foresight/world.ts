import { tabletTypeName } from "../../snapshot/derive/global-records.js";
import type { Facts } from "../../snapshot/facts.js";
import type {
  DeniedTableRow,
  HeldTableRow,
  LiveTableRow,
  VreplicationRow,
} from "../../snapshot/gen/tables.js";
import { decodeShard } from "../../topology/records.js";
import type { TabletRef } from "../fields.js";

/** A cluster as it is foreseen to be when some steps of a plan are done (docs/decisions.md#d24). */
export interface World {
  readonly facts: Facts;
  /** Denials that no record has any more and that the tablets have in memory until they read their records again. */
  readonly heeded: readonly DeniedTableRow[];
}

/** What a step makes of a world: as far as facts show it, and as if it went well. */
export type Effect<Step> = (step: Step, world: World) => World;

/** It looks, waits, or writes what no table of facts has. */
export const noEffect = (_step: unknown, world: World): World => world;

export const withFacts = (world: World, facts: Partial<Facts>): World => ({
  ...world,
  facts: { ...world.facts, ...facts },
});

export interface KeyRef {
  readonly server: string;
  readonly key: string;
}

export const bytesAt = ({ facts }: World, { server, key }: KeyRef): Uint8Array | null =>
  facts.topo_key.find((row) => row.server === server && row.key === key)?.value ?? null;

/** Null: the key is deleted. */
export const putKey = (world: World, { server, key }: KeyRef, value: Uint8Array | null): World => {
  const { topo_key, topo_history } = world.facts;
  const old = topo_key.find((row) => row.server === server && row.key === key);
  const others = topo_key.filter((row) => row !== old);
  if (value === null) return withFacts(world, { topo_key: others });
  const revision =
    (old?.mod_revision ?? world.facts.topo_server.find((row) => row.server === server)?.revision ?? 0) + 1;
  const row = {
    ...{ server, key, value, mod_revision: revision, lease: "0" },
    create_revision: old?.create_revision ?? revision,
    version: (old?.version ?? 0) + 1,
  };
  return withFacts(world, {
    topo_key: old === undefined ? [...topo_key, row] : topo_key.map((one) => (one === old ? row : one)),
    topo_history: topo_history.map((was) =>
      was.server === server && was.key === key && was.recreated === 0 ? { ...was, recreated: 1 } : was,
    ),
  });
};

/** The record is written; what it no longer denies stays denied until a tablet reads it again. */
export const putShard = (
  world: World,
  shard: { readonly keyspace: string; readonly shard: string },
  at: KeyRef,
  value: Uint8Array | null,
): World => {
  const old = bytesAt(world, at);
  const lifted = old === null ? [] : deniedBy(shard, old);
  const written = putKey(world, at, value);
  return { ...written, heeded: [...written.heeded, ...lifted] };
};

export const deniedBy = (
  { keyspace, shard }: { readonly keyspace: string; readonly shard: string },
  value: Uint8Array,
): readonly DeniedTableRow[] => {
  const record = decodeShard(value);
  return record.kind === "unanswered"
    ? []
    : record.value.tabletControls.flatMap(({ tabletType, deniedTables }) =>
        deniedTables.map((table_name) => ({
          ...{ keyspace, shard, table_name },
          tablet_type: tabletTypeName(tabletType),
        })),
      );
};

export const addressOf = ({ address }: TabletRef): string => `${address.host}:${address.grpcPort}`;

/** The addresses of a shard's tablets: what is written on its primary is replicated to the others. */
const replicasOf = ({ facts }: World, tablet: TabletRef): ReadonlySet<string> =>
  new Set([
    addressOf(tablet),
    ...facts.live_tablet
      .filter(({ keyspace, shard }) => keyspace === tablet.keyspace && shard === tablet.shard)
      .map(({ address }) => address),
  ]);

/** `id` as the row has it. */
type Row = Pick<VreplicationRow, "id" | "state">;

interface OnStreams {
  readonly tablet: TabletRef;
  readonly workflow: string;
  readonly rows: readonly { readonly id: number }[];
}

/** States of streams, in their rows and in the engine. */
export const setStates = (
  world: World,
  step: OnStreams,
  stateOf: (id: number) => { readonly state: string; readonly message?: string },
): World => {
  const at = replicasOf(world, step.tablet);
  const ids = new Set(step.rows.map(({ id }) => id));
  const set = <R extends Row & { readonly address: string; readonly workflow: string }>(row: R): R =>
    at.has(row.address) && row.workflow === step.workflow && ids.has(row.id)
      ? { ...row, ...stateOf(row.id) }
      : row;
  const { vreplication, engine_stream } = world.facts;
  return withFacts(world, {
    vreplication: vreplication.map(set),
    engine_stream: engine_stream.map((row) => {
      const { state } = set(row);
      return state === row.state ? row : { ...row, state };
    }),
  });
};

/** Rows of streams, with their copy state, what they put off, and the stream in the engine. */
export const deleteStreams = (world: World, step: OnStreams): World => {
  const at = replicasOf(world, step.tablet);
  const ids = new Set(step.rows.map(({ id }) => id));
  const { facts } = world;
  return withFacts(world, {
    vreplication: facts.vreplication.filter((row) => !at.has(row.address) || !ids.has(row.id)),
    engine_stream: facts.engine_stream.filter((row) => !at.has(row.address) || !ids.has(row.id)),
    copy_state: facts.copy_state.filter((row) => !at.has(row.address) || !ids.has(row.vrepl_id)),
    post_copy_action: facts.post_copy_action.filter((row) => !at.has(row.address) || !ids.has(row.vrepl_id)),
  });
};

type OfShardTables = "vdiff" | "resharding_journal" | "live_table" | "held_table";

/** Rows of a table on a shard's tablets that go. */
export const without = <T extends OfShardTables>(
  world: World,
  tablet: TabletRef,
  table: T,
  goes: (row: Facts[T][number]) => boolean,
): World => {
  const at = replicasOf(world, tablet);
  const rows: readonly Facts[T][number][] = world.facts[table];
  return withFacts(world, { [table]: rows.filter((row) => !at.has(row.address) || !goes(row)) });
};

interface OnTables {
  readonly tablet: TabletRef;
  readonly dbName: string;
  readonly tables: readonly string[];
}

/** Out of the tablets' own database; a hold schema is another one (docs/decisions.md#d18). */
export const takeTables = (world: World, { tablet, dbName, tables }: OnTables): World =>
  without(world, tablet, "live_table", (row) => row.db_name === dbName && tables.includes(row.table_name));

/** Beside the database, in a hold schema. */
export const holdTables = (world: World, step: OnTables & { readonly holdSchema: string }): World => {
  const held = [...replicasOf(world, step.tablet)].flatMap((address) =>
    step.tables.map((table_name) => ({
      ...{ address, hold_schema: step.holdSchema, table_name },
      ...{ row_count: null, bytes: null },
    })),
  );
  return withFacts(takeTables(world, step), { held_table: merged(world.facts.held_table, held, heldName) });
};

const heldName = ({ address, hold_schema, table_name }: HeldTableRow): string =>
  `${address} ${hold_schema} ${table_name}`;

const liveName = ({ address, db_name, table_name }: LiveTableRow): string =>
  `${address} ${db_name} ${table_name}`;

/** A step may have done a part already, in a process that was killed. */
const merged = <Row>(there: readonly Row[], more: readonly Row[], name: (row: Row) => string) => {
  const known = new Set(there.map(name));
  return [...there, ...more.filter((row) => !known.has(name(row)))];
};

export const dropHeld = (
  world: World,
  { tablet, holdSchema, tables }: Omit<OnTables, "dbName"> & { readonly holdSchema: string },
): World =>
  without(
    world,
    tablet,
    "held_table",
    (row) => row.hold_schema === holdSchema && tables.includes(row.table_name),
  );

/** What they are defined as nobody knows: only that they are there. */
export const returnTables = (world: World, step: OnTables & { readonly holdSchema: string }): World => {
  const back = [...replicasOf(world, step.tablet)].flatMap((address) =>
    step.tables.map((table_name) => ({
      ...{ address, db_name: step.dbName, table_name, table_type: "BASE TABLE" },
      ...{ definition: "", data_length: 0, row_count: 0 },
    })),
  );
  return withFacts(dropHeld(world, step), { live_table: merged(world.facts.live_table, back, liveName) });
};

const OF_PROCESS = [
  ...["live_tablet", "vreplication", "engine_stream", "copy_state", "post_copy_action"],
  ...["resharding_journal", "vdiff", "live_table", "live_trigger", "held_table"],
] as const;

/** Nothing listens at its address any more; its MySQL, which nobody asks then, keeps what it has. */
export const endProcess = (world: World, tablet: TabletRef): World => {
  const address = addressOf(tablet);
  const { facts } = world;
  const rest = Object.fromEntries(
    OF_PROCESS.map((table) => [
      table,
      (facts[table as keyof Facts] as readonly { readonly address: string }[]).filter(
        (row) => row.address !== address,
      ),
    ]),
  );
  return withFacts(world, {
    ...rest,
    probe: facts.probe.map((row) =>
      row.address === address
        ? { ...row, answered: 0, reason: "failed", message: "connect ECONNREFUSED" }
        : row,
    ),
  });
};
