import { create } from "@bufbuild/protobuf";
import { distinct } from "../../cluster/distinct.js";
import { type Shard, type ShardReference, ShardReferenceSchema } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { keyspaceKey, vschemaKey } from "../../topology/paths.js";
import { decodeShard } from "../../topology/records.js";
import { isObstacle, type Obstacle } from "../draft.js";
import {
  type Deletion,
  deletionsOf,
  droppedShard,
  lastDeletions,
  type OrphanShard,
} from "../facts/dropped-shard.js";
import { claimedTwice, type Process, processesOfKeyspace, unknownRecordOf } from "../facts/processes.js";
import { globalRoot, keyFact, shardName } from "../facts/topology.js";
import type { Blocked } from "../fields.js";
import { inOrder } from "../serving/partitions.js";
import { tabletRecord } from "./tablet-record.js";

/** A keyspace whose records are gone while its tablets run, as far as etcd's history still shows it. */
export interface LostKeyspace {
  readonly keyspace: string;
  readonly server: string;
  readonly keys: { readonly keyspace: string; readonly vschema: string };
  readonly record: Deletion;
  /** `there`: the key exists. `none`: it had none. `unknown`: history does not say whether it had one, or what it said. */
  readonly vschema: Deletion | "there" | "none" | "unknown";
  /** Those that come back, in the order of their names. */
  readonly shards: readonly LostShard[];
  /** Shards whose tablets run and that stay without a record. */
  readonly left: readonly Blocked[];
  /** Why a shard that served, or of which nobody knows whether it did, can not come back. */
  readonly unfit: readonly Obstacle[];
}

export interface LostShard extends OrphanShard {
  readonly deleted: Deletion;
  /** As it was before its deletion. */
  readonly record: Shard;
}

/** An obstacle: its Keyspace record can not be known. */
export const lostKeyspace = (snapshot: Snapshot, keyspace: string): LostKeyspace | Obstacle => {
  const record = recordOf(snapshot, keyspace);
  if (isObstacle(record)) return record;
  const { server, root } = globalRoot(snapshot);
  const names = distinct(processesOfKeyspace(snapshot, keyspace).map(({ shard }) => shard));
  const fates = names.map((shard) => fateOf(snapshot, droppedShard(snapshot, { keyspace, shard }), record));
  return {
    keyspace,
    server,
    keys: { keyspace: keyspaceKey(root, keyspace), vschema: vschemaKey(root, keyspace) },
    record,
    vschema: vschemaOf(snapshot, record, keyspace),
    shards: fates.flatMap((fate) => (fate.kind === "returns" ? fate.shard : [])),
    left: fates.flatMap((fate) => (fate.kind === "left" ? fate.blocked : [])),
    unfit: [
      ...fates.flatMap((fate) => (fate.kind === "unfit" ? fate.obstacle : [])),
      ...silentShards(snapshot, record, keyspace, names),
    ],
  };
};

/** How it is brought back by hand. */
export const byHand = (keyspace: string): string =>
  `restart none of its vttablets (a start makes the keyspace anew, with no durability policy) and bring it back by hand, by the steps of keyspace-missing-live-tablets@${keyspace}`;

const recordOf = (snapshot: Snapshot, keyspace: string): Deletion | Obstacle => {
  const [record] = lastDeletions(snapshot, { keyspace, shard: "" }, "keyspace", "cell");
  if (record !== undefined) return record;
  const { server } = globalRoot(snapshot);
  const [past] = snapshot.rows("topo_server", { server });
  const begins = past?.horizon == null ? "was not read" : `begins at revision ${past.horizon}`;
  return {
    reason: `the Keyspace record of ${keyspace} can not be put back: etcd's history, which ${begins}, does not show it, so nobody knows its durability policy, its sidecar database name and its type, nor its VSchema`,
    instead: byHand(keyspace),
  };
};

/** A record of an earlier keyspace of that name says nothing of this one. */
const isOfThis = ({ deletedRevision }: Deletion, record: Deletion): boolean =>
  deletedRevision > record.createRevision;

const vschemaOf = (snapshot: Snapshot, record: Deletion, keyspace: string): LostKeyspace["vschema"] => {
  const { server, root } = globalRoot(snapshot);
  if (keyFact(snapshot, server, vschemaKey(root, keyspace)) !== null) return "there";
  const [last] = lastDeletions(snapshot, { keyspace, shard: "" }, "vschema", "cell");
  if (last !== undefined && isOfThis(last, record)) return last;
  const [past] = snapshot.rows("topo_server", { server });
  const isWhole = past?.reason === null && past.horizon !== null && past.horizon <= record.createRevision;
  const copies = snapshot.rows("vschema", { keyspace }).filter(({ scope }) => scope !== "global");
  return isWhole && copies.every(({ body_json }) => body_json === "{}") ? "none" : "unknown";
};

type Fate =
  | { readonly kind: "returns"; readonly shard: LostShard }
  | { readonly kind: "left"; readonly blocked: Blocked }
  | { readonly kind: "unfit"; readonly obstacle: Obstacle };

/** A shard that did not serve stays away alone; one that did, or may have, keeps its keyspace away. */
const fateOf = (snapshot: Snapshot, orphan: OrphanShard, record: Deletion): Fate => {
  const name = shardName(orphan);
  const deleted = orphan.deletion;
  const read = deleted !== null && isOfThis(deleted, record) ? decodeShard(deleted.value) : null;
  if (deleted === null || read?.kind !== "answered")
    return {
      kind: "unfit",
      obstacle: {
        reason: `tablets of ${name} run, and etcd's history does not show its Shard record, so nobody knows whether it served`,
        instead: byHand(orphan.keyspace),
      },
    };
  const why = whyNot(snapshot, orphan, deleted);
  if (why === null) return { kind: "returns", shard: { ...orphan, deleted, record: read.value } };
  if (read.value.isPrimaryServing)
    return {
      kind: "unfit",
      obstacle: {
        reason: `${name}, which served, can not come back: ${why}`,
        instead: byHand(orphan.keyspace),
      },
    };
  const object = { keyspace: orphan.keyspace, shard: orphan.shard };
  const reason = `${name}, which did not serve, does not come back with its keyspace: ${why}`;
  return {
    kind: "left",
    blocked: { object, finding: null, reason, instead: "scan again once the keyspace is back" },
  };
};

const whyNot = (snapshot: Snapshot, orphan: OrphanShard, deleted: Deletion): string | null => {
  if (deleted.operation === "cancel" || deleted.operation === "complete")
    return `a ${deleted.operation} dropped it before, at revision ${deleted.deletedRevision}`;
  const twice = [...claimedTwice(orphan.processes)];
  if (twice.length > 0) return `more than one process says that it is ${twice.join(", ")}`;
  const [primary, other] = orphan.primaries;
  if (primary === undefined) return "no process of it is PRIMARY";
  if (other !== undefined) return `${primary.alias} and ${other.alias} both say that they are PRIMARY`;
  return unrecorded(snapshot, orphan, primary);
};

/** Why a process stays without a record of its own; null: it has one, or gets it. */
export const unrecorded = (snapshot: Snapshot, orphan: OrphanShard, process: Process): string | null => {
  const { alias, record } = process;
  if (record === "present") return null;
  if (record === "unknown") return unknownRecordOf(alias);
  if (record === "other-address") return `the record of ${alias} names another process`;
  const own = tabletRecord(snapshot, process, deletionsOf(orphan, alias));
  return own.kind === "unproven" ? `${alias} can not be given its record: ${own.reason}` : null;
};

/** Shards that served until their records were deleted, and of which nothing answers: their rows would be missing. */
const silentShards = (
  snapshot: Snapshot,
  record: Deletion,
  keyspace: string,
  answering: readonly string[],
): readonly Obstacle[] =>
  distinct(
    snapshot
      .rows("deletion", { kind: "shard", keyspace })
      .map(({ shard }) => shard)
      .filter((shard) => !answering.includes(shard)),
  ).flatMap((shard): readonly Obstacle[] => {
    const { deletion } = droppedShard(snapshot, { keyspace, shard });
    const read = deletion !== null && isOfThis(deletion, record) ? decodeShard(deletion.value) : null;
    return read?.kind === "answered" && read.value.isPrimaryServing
      ? [
          {
            reason: `${keyspace}/${shard} served until its record was deleted, and no tablet of it answers`,
            instead: byHand(keyspace),
          },
        ]
      : [];
  });

/** The shards that serve once they are back, as RebuildKeyspaceGraph would list them (docs/vitess.md#srvkeyspace). */
export const referencesOfLost = ({ shards }: Pick<LostKeyspace, "shards">): readonly ShardReference[] =>
  inOrder(
    shards
      .filter(({ record }) => record.isPrimaryServing)
      .map(({ shard, record: { keyRange } }) =>
        create(ShardReferenceSchema, { name: shard, ...(keyRange === undefined ? {} : { keyRange }) }),
      ),
  );
