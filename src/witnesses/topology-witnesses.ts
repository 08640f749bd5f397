import { formatAlias } from "../cluster/alias.js";
import type { Tablet } from "../proto/gen/topodata_pb.js";
import { addressOfRecord, namesProcess } from "../tablets/tablet-record.js";
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
