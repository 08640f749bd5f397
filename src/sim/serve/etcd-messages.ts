import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { Compare, Entry, TxnOp } from "../../topology/store.js";
import { EtcdError, type SimEtcd } from "../etcd.js";

export type EtcdService = "KV" | "Lease" | "Maintenance";

/** etcd's own definitions as etcd3 ships them, with etcd3's way to read them: int64s as text, enums by name. */
export function etcdServices(): Readonly<Record<EtcdService, ServiceDefinition>> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("etcd3/package.json")), "proto");
  const all = loadSync(join(folder, "rpc.proto"), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const service = (name: EtcdService) => all[`etcdserverpb.${name}`] as ServiceDefinition;
  return { KV: service("KV"), Lease: service("Lease"), Maintenance: service("Maintenance") };
}

/** Requests as the loader gives them. */
export interface RangeMessage {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly limit: string;
  readonly revision: string;
  readonly keys_only: boolean;
  readonly count_only: boolean;
  readonly min_create_revision: string;
}

export interface PutMessage {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease: string;
}

export interface DeleteMessage {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

export interface CompareMessage {
  readonly result: string;
  readonly target: string;
  readonly key: Buffer;
  readonly version?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
}

export interface OperationMessage {
  readonly request_put?: PutMessage;
  readonly request_delete_range?: DeleteMessage;
}

export const headerOf = (etcd: SimEtcd) => ({
  cluster_id: etcd.clusterId,
  member_id: "1",
  revision: String(etcd.revision),
  raft_term: "2",
});

export const keyValueOf = (entry: Entry) => ({
  key: Buffer.from(entry.key),
  value: Buffer.from(entry.value),
  create_revision: String(entry.createRevision),
  mod_revision: String(entry.modRevision),
  version: String(entry.version),
  lease: entry.lease,
});

export function compareOf({ key, result, target, ...values }: CompareMessage): Compare {
  const on = { key: key.toString() };
  if (result === "Equal")
    switch (target) {
      case "Mod":
        return { ...on, target: "mod", equals: Number(values.mod_revision) };
      case "Create":
        return { ...on, target: "create", equals: Number(values.create_revision) };
      case "Version":
        return { ...on, target: "version", equals: Number(values.version) };
    }
  throw new EtcdError("failed", `the simulated etcd does not compare ${target} by ${result}`);
}

export function operationOf({ request_put: put, request_delete_range: gone }: OperationMessage): TxnOp {
  if (put !== undefined) return putOf(put);
  if (gone !== undefined && gone.range_end.length === 0) return { kind: "delete", key: gone.key.toString() };
  throw new EtcdError("failed", "the simulated etcd puts and deletes single keys in a transaction");
}

export const putOf = ({ key, value, lease }: PutMessage): TxnOp => ({
  kind: "put",
  key: key.toString(),
  value,
  lease,
});
