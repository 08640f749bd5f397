import { create } from "@bufbuild/protobuf";
import { parseAlias } from "../../cluster/alias.js";
import { ShardReplication_NodeSchema, TabletAliasSchema, TabletType } from "../../proto/gen/topodata_pb.js";
import { TimeSchema } from "../../proto/gen/vttime_pb.js";
import { tabletTypeName } from "../../snapshot/derive/global-records.js";
import type { AppliedDenialRow, LiveTabletRow } from "../../snapshot/gen/tables.js";
import { shardKey, srvKeyspaceKey } from "../../topology/paths.js";
import {
  decodeShard,
  decodeShardReplication,
  decodeSrvKeyspace,
  decodeTablet,
  encodeShard,
  encodeShardReplication,
  encodeSrvVSchema,
  encodeTablet,
} from "../../topology/records.js";
import type { TabletRef } from "../fields.js";
import { rebuilt } from "../serving/rebuild.js";
import { addressOf, bytesAt, deniedBy, type KeyRef, putKey, type World, withFacts } from "./world.js";

export const endLock = (world: World, at: KeyRef & { readonly lease: string }): World => {
  const left = putKey(world, at, null);
  return withFacts(left, {
    topo_lease: left.facts.topo_lease.filter((row) => row.server !== at.server || row.lease !== at.lease),
  });
};

/** As a cell's record would be built; one that can not be built stays as it is, and the step refuses when it runs. */
export const rebuildSrvVSchema = (world: World, cell: string): World => {
  const built = rebuilt(world.facts, cell);
  return built === null ? world : putKey(world, built, encodeSrvVSchema(built.wanted));
};

/** One node more in a ShardReplication, which is made where there is none. */
export const listTablet = (world: World, at: KeyRef, alias: string): World => {
  const there = bytesAt(world, at);
  const record = decodeShardReplication(there ?? new Uint8Array());
  const tabletAlias = parseAlias(alias);
  if (record.kind === "unanswered" || tabletAlias === null) return world;
  const listed = record.value.nodes.some(
    (node) => node.tabletAlias?.cell === tabletAlias.cell && node.tabletAlias.uid === tabletAlias.uid,
  );
  if (listed) return world;
  const node = create(ShardReplication_NodeSchema, { tabletAlias });
  const value = { ...record.value, nodes: [...record.value.nodes, node] };
  return putKey(world, at, encodeShardReplication(value));
};

/**
 * A tablet does what its records say once it reads them again: denied tables and the controls of SrvKeyspace. Nobody can tell from a
 * snapshot why it did not serve before: where no control keeps it, it is foreseen to serve.
 */
export const refresh = (world: World, tablet: TabletRef): World => {
  const { keyspace, shard, type, alias } = tablet;
  const cell = parseAlias(alias)?.cell ?? "";
  const root = world.facts.topo_root.find(({ name }) => name === cell);
  const bytes =
    root === undefined
      ? null
      : bytesAt(world, { server: root.server, key: srvKeyspaceKey(root.root, keyspace) });
  const graph = bytes === null ? null : decodeSrvKeyspace(bytes);
  const partition =
    graph?.kind === "answered"
      ? graph.value.partitions.find(({ servedType }) => tabletTypeName(servedType) === type)
      : undefined;
  const disabled =
    partition?.shardTabletControls.some((one) => one.name === shard && one.queryServiceDisabled) === true;
  const address = addressOf(tablet);
  const isServed = ["PRIMARY", "REPLICA", "RDONLY"].includes(type);
  const { facts, heeded } = world;
  const left = heeded.filter(
    (row) => row.keyspace !== keyspace || row.shard !== shard || row.tablet_type !== type,
  );
  const serving = Number(!disabled);
  const isOther = (row: LiveTabletRow): boolean =>
    row.address === address && row.serving !== null && row.serving !== serving && !row.health_error;
  // Most are told what they do already: nothing is to be judged again then.
  const denials = deniedNow(world, tablet);
  if (left.length === heeded.length && denials === null && !(isServed && facts.live_tablet.some(isOther)))
    return world;
  return {
    heeded: left,
    facts: {
      ...facts,
      applied_denial: denials ?? facts.applied_denial,
      live_tablet: facts.live_tablet.map((row) =>
        isServed && isOther(row)
          ? { ...row, serving, state_name: disabled ? "NOT_SERVING" : "SERVING" }
          : row,
      ),
    },
  };
};

/** What the processes refuse once this primary has read its Shard record; null: as before, or nobody asked it. */
function deniedNow(world: World, tablet: TabletRef): readonly AppliedDenialRow[] | null {
  const { facts } = world;
  // It may have moved since the plan.
  const address = facts.live_tablet.find(({ alias }) => alias === tablet.alias)?.address ?? addressOf(tablet);
  const global = facts.topo_root.find(({ name }) => name === "global");
  const asked = facts.probe.some((row) => row.address === address && row.channel === "queryRules");
  if (tablet.type !== "PRIMARY" || global === undefined || !asked) return null;
  const key = shardKey(global.root, tablet.keyspace, tablet.shard);
  const denied = deniedBy(tablet, bytesAt(world, { server: global.server, key }) ?? new Uint8Array())
    .filter(({ tablet_type }) => tablet_type === "PRIMARY")
    .map(({ table_name }) => ({ address, table_name }));
  const [own, others] = [true, false].map((is) =>
    facts.applied_denial.filter((row) => (row.address === address) === is),
  );
  const names = (rows: readonly AppliedDenialRow[] = []): string =>
    rows
      .map(({ table_name }) => table_name)
      .toSorted()
      .join("/");
  return names(own) === names(denied) ? null : [...(others ?? []), ...denied];
}

interface NamedShard extends KeyRef {
  readonly keyspace: string;
  readonly shard: string;
}

/** A running primary names itself in the Shard record within 30 s (docs/vitess.md#shard-sync). */
export const namePrimary = (world: World, at: NamedShard, alias: string): World => {
  const bytes = bytesAt(world, at);
  const record = bytes === null ? null : decodeShard(bytes);
  const primaryAlias = parseAlias(alias);
  if (record?.kind !== "answered" || primaryAlias === null) return world;
  const live = world.facts.live_tablet.find((row) => row.alias === alias && row.type === "PRIMARY");
  const seconds = BigInt(live?.term_start ?? 0);
  const primaryTermStartTime = create(TimeSchema, { seconds });
  const value = {
    ...record.value,
    primaryAlias: create(TabletAliasSchema, primaryAlias),
    ...(seconds === 0n ? {} : { primaryTermStartTime }),
  };
  return putKey(world, at, encodeShard(value));
};

/** The tablet is primary, says so in its own record and in the Shard record. Its term is not known before. */
export const elect = (
  world: World,
  step: NamedShard & { readonly alias: string; readonly record: KeyRef },
): World => {
  const bytes = bytesAt(world, step.record);
  const record = bytes === null ? null : decodeTablet(bytes);
  const told =
    record?.kind === "answered"
      ? putKey(world, step.record, encodeTablet({ ...record.value, type: TabletType.PRIMARY }))
      : world;
  const elected = withFacts(told, {
    live_tablet: told.facts.live_tablet.map((row) =>
      row.alias === step.alias ? { ...row, type: "PRIMARY" } : row,
    ),
  });
  return namePrimary(elected, step, step.alias);
};
