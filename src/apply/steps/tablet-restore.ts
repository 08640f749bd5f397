import { create } from "@bufbuild/protobuf";
import { formatAlias, parseAlias } from "../../cluster/alias.js";
import type { StepOf } from "../../plan/steps/index.js";
import {
  type ShardReplication,
  ShardReplication_NodeSchema,
  ShardReplicationSchema,
  type Tablet,
  TabletAliasSchema,
  TabletType,
} from "../../proto/gen/topodata_pb.js";
import { flagValue } from "../../tablets/command-line.js";
import { decodeShardReplication, decodeTablet, encodeShardReplication } from "../../topology/records.js";
import type { Compare, Entry, TxnOp } from "../../topology/store.js";
import { differsFrom, nameOf } from "../identity.js";
import { imageOfKey } from "../record-edit.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { absent, unchanged, writeFenced } from "../topo-write.js";
import {
  type Check,
  done,
  doneAlready,
  type Effect,
  known,
  READY,
  type Refused,
  refused,
  type Silent,
  silent,
} from "../verdict.js";

type Restore = StepOf<"tablet.restore">;

/**
 * Puts the Tablet record of a running process back and lists it in ShardReplication, in one transaction: both lie in the tablet's cell
 * (docs/decisions.md#d17; docs/vitess.md#putting-records-back). The record must carry the process's own ports, or the process never
 * publishes again (docs/vitess.md#publishing).
 */
export const tabletRestore: StepRunner<"tablet.restore"> = {
  image: async (step, site) => {
    const replication = await imageOfKey({ server: step.server, key: step.replicationKey }, site);
    const record = await imageOfKey(step, site);
    if (replication.kind !== "known") return replication;
    return record.kind === "known" ? known([record.value, replication.value]) : record;
  },

  async check(step, site) {
    const judged = await judge(step, site);
    if (judged.kind !== "write") return judged;
    return (await provenRecord(step, site)) ?? READY;
  },

  async run(step, site): Promise<Effect> {
    const judged = await judge(step, site);
    if (judged.kind === "done-already") return done(judged.said);
    if (judged.kind !== "write") return judged;
    const unproven = await provenRecord(step, site);
    if (unproven !== null) return unproven;
    const failed = await writeFenced(site, {
      server: step.server,
      compares: judged.compares,
      operations: judged.operations,
      movedWords: `${step.key} or ${step.replicationKey} was written by somebody else meanwhile`,
    });
    return failed ?? done(doneWords(step));
  },

  async verify(step, site) {
    const judged = await judge(step, site);
    return judged.kind === "write" ? READY : judged;
  },
};

const doneWords = (step: Restore): string =>
  `${step.tablet.alias} has its Tablet record and is listed in ShardReplication (${step.origin})`;

type Judged =
  | Exclude<Check, { kind: "ready" }>
  | { readonly kind: "write"; readonly compares: readonly Compare[]; readonly operations: readonly TxnOp[] };

async function judge(step: Restore, site: Site): Promise<Judged> {
  const store = site.world.store(step.server);
  const [record, replication] = await Promise.all([store.get(step.key), store.get(step.replicationKey)]);
  if (record.kind === "unanswered") return silent(step.server, record);
  if (replication.kind === "unanswered") return silent(step.server, replication);

  const wanted = recordOf(step);
  if (wanted.kind === "refused") return wanted;
  const other = record.value.entry === null ? null : otherProcess(step, record.value.entry, wanted.tablet);
  if (other !== null) return other;
  const listed = listing(step, replication.value.entry);
  if (listed.kind === "refused") return listed;
  if (record.value.entry !== null && listed.kind === "listed") return doneAlready(doneWords(step));

  const parts = [
    record.value.entry === null ? createRecord(step) : null,
    listed.kind === "add" ? listed : null,
  ];
  return {
    kind: "write",
    compares: parts.flatMap((part) => (part === null ? [] : [part.compare])),
    operations: parts.flatMap((part) => (part === null ? [] : [part.operation])),
  };
}

const createRecord = (step: Restore): { readonly compare: Compare; readonly operation: TxnOp } => ({
  compare: absent(step.key),
  operation: { kind: "put", key: step.key, value: Buffer.from(step.value, "base64") },
});

function recordOf(step: Restore): { readonly kind: "record"; readonly tablet: Tablet } | Refused {
  const record = decodeTablet(Buffer.from(step.value, "base64"));
  if (record.kind === "unanswered") return refused(`the plan's record for ${step.key} can not be decoded`);
  return { kind: "record", tablet: record.value };
}

/** Null: the record that is there names the same process. */
function otherProcess(step: Restore, entry: Entry, wanted: Tablet): Refused | null {
  const there = decodeTablet(entry.value);
  if (there.kind === "unanswered")
    return refused(`${step.key} exists and can not be decoded: ${there.message}`);
  const same =
    identityOf(there.value) === identityOf(wanted)
      ? null
      : refused(`${step.key} exists already and names another process or shard (${identityOf(there.value)})`);
  return same;
}

const identityOf = (tablet: Tablet): string =>
  `${aliasOf(tablet)} ${tablet.keyspace}/${tablet.shard} ${tablet.hostname}:${tablet.portMap.grpc ?? 0}/${tablet.portMap.vt ?? 0}`;

const aliasOf = (tablet: Tablet): string => (tablet.alias === undefined ? "" : formatAlias(tablet.alias));

type Listing =
  | { readonly kind: "listed" }
  | { readonly kind: "add"; readonly compare: Compare; readonly operation: TxnOp }
  | Refused;

/** `UpdateShardReplicationRecord` (topo/replication.go): append where it is missing; every other node stays. */
function listing(step: Restore, entry: Entry | null): Listing {
  const alias = parseAlias(step.tablet.alias);
  if (alias === null) return refused(`${step.tablet.alias} is no tablet alias`);
  const record = entry === null ? null : decodeShardReplication(entry.value);
  if (record?.kind === "unanswered") {
    return refused(`${step.replicationKey} can not be decoded: ${record.message}`);
  }
  const current: ShardReplication = record?.value ?? create(ShardReplicationSchema);
  const isListed = current.nodes.some(
    (node) => node.tabletAlias !== undefined && formatAlias(node.tabletAlias) === formatAlias(alias),
  );
  if (isListed) return { kind: "listed" };
  const node = create(ShardReplication_NodeSchema, { tabletAlias: create(TabletAliasSchema, alias) });
  const value = encodeShardReplication({ ...current, nodes: [...current.nodes, node] });
  return {
    kind: "add",
    compare: entry === null ? absent(step.replicationKey) : unchanged(step.replicationKey, entry.modRevision),
    operation: { kind: "put", key: step.replicationKey, value },
  };
}

/** Null: the running process is the one that the record describes, down to its type and ports. */
async function provenRecord(step: Restore, site: Site): Promise<Refused | Silent | null> {
  const wanted = recordOf(step);
  if (wanted.kind === "refused") return wanted;
  const { tablet } = wanted;
  const claimed = `${aliasOf(tablet)} ${tablet.keyspace}/${tablet.shard} ${TabletType[tablet.type]}`;
  const expected = `${step.tablet.alias} ${step.tablet.keyspace}/${step.tablet.shard} ${step.tablet.type}`;
  if (claimed !== expected)
    return refused(`the plan's record for ${step.key} is of ${claimed}, not ${expected}`);
  const differs = await differsFrom(step.tablet, site.world.reader);
  if (differs !== null) return differs;
  const vars = await site.world.reader.vars(step.tablet.address);
  const own: readonly string[] = vars.kind === "answered" ? JSON.parse(vars.value.commandLineJson) : [];
  const grpc = Number(flagValue(own, "grpc-port") || step.tablet.address.grpcPort);
  const http = Number(flagValue(own, "port") || step.tablet.address.httpPort);
  if (tablet.portMap.grpc === grpc && tablet.portMap.vt === http) return null;
  return refused(
    `${nameOf(step.tablet)} listens on grpc ${grpc} and vt ${http}, but the record says ${tablet.portMap.grpc} and ${tablet.portMap.vt}: with that record it would never publish again`,
  );
}
