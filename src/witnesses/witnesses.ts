import { formatAlias } from "../cluster/alias.js";
import type { Tablet } from "../proto/gen/topodata_pb.js";
import { type Facts, metaValue } from "../snapshot/facts.js";
import type { LiveTabletRow, WitnessRow } from "../snapshot/gen/tables.js";
import { addressOfRecord, namesProcess } from "../tablets/tablet-record.js";
import type { Inventory } from "./inventory.js";
import type { AddressOverride } from "./inventory-schema.js";
import type { Witness } from "./witness.js";

/** A decoded Tablet record and the key that it was read from. */
export interface RecordedTablet {
  readonly key: string;
  readonly tablet: Tablet;
}

/** The tablets that the topology records and that should be running. */
export const topologyWitnesses = (records: readonly RecordedTablet[]): readonly Witness[] =>
  records
    .filter(({ tablet }) => namesProcess(tablet))
    .map(({ key, tablet }) => ({
      source: "topology",
      detail: key,
      at: addressOfRecord(tablet),
      alias: aliasOf({ tablet }),
      keyspace: tablet.keyspace,
      required: true,
    }));

/**
 * The tablets whose records etcd's history still shows as deleted, newest deletion first. Most of them are gone for good, so their
 * silence is normal (docs/decisions.md#d7).
 */
export const historyWitnesses = (deleted: readonly DeletedTablet[]): readonly Witness[] =>
  deleted
    .filter(({ tablet }) => namesProcess(tablet))
    .toSorted((a, b) => b.deletedRevision - a.deletedRevision || (a.key < b.key ? -1 : 1))
    .map(({ key, deletedRevision, tablet }) => ({
      source: "history",
      detail: `${key}@${deletedRevision}`,
      at: addressOfRecord(tablet),
      alias: aliasOf({ tablet }),
      keyspace: tablet.keyspace,
      required: false,
    }));

export interface DeletedTablet extends RecordedTablet {
  readonly deletedRevision: number;
}

export const aliasOf = ({ tablet }: Pick<RecordedTablet, "tablet">): string | null =>
  tablet.alias === undefined ? null : formatAlias({ cell: tablet.alias.cell, uid: tablet.alias.uid });

/**
 * The tablets that earlier snapshots saw alive. Their silence proves nothing, so none is required: one that is still recorded is
 * required by its record.
 */
export const snapshotWitnesses = (earlier: readonly Facts[]): readonly Witness[] =>
  earlier.flatMap(seenAlive);

function seenAlive(facts: Facts): readonly Witness[] {
  const takenAt = metaValue(facts, "taken_at_ms") ?? "unknown";
  const dialled = new Map<string, WitnessRow>();
  for (const row of facts.witness) if (!dialled.has(row.address)) dialled.set(row.address, row);
  return facts.live_tablet.flatMap((tablet) => {
    const row = dialled.get(tablet.address);
    return row === undefined || tablet.alias === null
      ? []
      : [witnessOf(tablet, row, `taken_at_ms=${takenAt}`)];
  });
}

const witnessOf = (tablet: LiveTabletRow, row: WitnessRow, detail: string): Witness => ({
  source: "snapshot",
  detail,
  at: {
    host: row.host,
    grpcPort: row.grpc_port,
    httpPort: row.http_port,
    mysqlHost: row.mysql_host,
    mysqlPort: row.mysql_port,
  },
  alias: tablet.alias,
  keyspace: tablet.keyspace,
  required: false,
});

/** The addresses of the inventory file: the operator expects each of them to answer. */
export const inventoryWitnesses = (inventory: Inventory): readonly Witness[] =>
  inventory.tablets.map((tablet, index) => ({
    source: "inventory",
    detail: `entry ${index + 1}`,
    at: {
      host: tablet.host,
      grpcPort: tablet.grpc,
      httpPort: tablet.http ?? 0,
      mysqlHost: tablet.mysql === undefined ? "" : tablet.host,
      mysqlPort: tablet.mysql ?? 0,
    },
    alias: null,
    keyspace: null,
    required: true,
  }));

/** A server and where it replicates from: empty and 0 where it does not. */
export interface Replica {
  readonly address: string;
  readonly keyspace: string | null;
  readonly sourceHost: string;
  readonly sourcePort: number;
}

/** The MySQL servers that others replicate from and that no other witness named: only MySQL can be asked there. */
export function replicaWitnesses(
  replicas: readonly Replica[],
  known: readonly Witness[],
): readonly Witness[] {
  const knownMysql = new Set(known.map((witness) => `${witness.at.mysqlHost}:${witness.at.mysqlPort}`));
  return replicas.flatMap(({ address, keyspace, sourceHost: host, sourcePort: port }): readonly Witness[] => {
    if (host === "" || port === 0 || knownMysql.has(`${host}:${port}`)) return [];
    return [
      {
        source: "replica",
        detail: address,
        at: { host: "", grpcPort: 0, httpPort: 0, mysqlHost: host, mysqlPort: port },
        alias: null,
        keyspace,
        required: false,
      },
    ];
  });
}

/** The witness with the address at which the operator says its alias is reached from here (NAT, port-forwards). */
export function withOverride(witness: Witness, inventory: Inventory): Witness {
  const override: AddressOverride | undefined =
    witness.alias !== null && Object.hasOwn(inventory.overrides, witness.alias)
      ? inventory.overrides[witness.alias]
      : undefined;
  if (override === undefined) return witness;
  return {
    ...witness,
    at: {
      host: override.host ?? witness.at.host,
      grpcPort: override.grpc ?? witness.at.grpcPort,
      httpPort: override.http ?? witness.at.httpPort,
      mysqlHost: override.host ?? witness.at.mysqlHost,
      mysqlPort: override.mysql ?? witness.at.mysqlPort,
    },
  };
}
