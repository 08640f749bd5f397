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
import { done, type Effect, type Known, known, type Refused, refused, silent } from "../check.js";
import { absent, imageOfKey, unchanged, writeFenced } from "../records/topo-keys.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { differsFrom, nameOf } from "../tablet/identity.js";

type Restore = StepOf<"tablet.restore">;

/**
 * Puts the Tablet record of a running process back and lists it in ShardReplication, in one transaction: both lie in the tablet's cell
 * (docs/decisions.md#d17; docs/vitess.md#putting-records-back). The record must carry the process's own ports, or the process never
 * publishes again (docs/vitess.md#publishing).
 */
const tabletRestore = stepRunner<"tablet.restore", Seen>({
  image: async (step, context) => {
    const replication = await imageOfKey({ server: step.server, key: step.replicationKey }, context);
    const record = await imageOfKey(step, context);
    if (replication.kind !== "known") return replication;
    return record.kind === "known" ? known([record.value, replication.value]) : record;
  },

  look,
  ended: (step, { wanted, record, listing }) =>
    record !== null && listing.kind === "listed" && identityOf(record) === identityOf(wanted)
      ? doneWords(step)
      : null,
  guards: {
    noOther: otherProcess,
    listable: (_step, { listing }) => (listing.kind === "refused" ? listing : null),
    process: ({ tablet }, _seen, { ports }) => differsFrom(tablet, ports.reader),
    ownWords: unlikeItself,
  },

  async run(step, context): Promise<Effect> {
    const seen = await look(step, context);
    if (seen.kind !== "known") return seen;
    const { record, listing } = seen.value;
    if (listing.kind === "refused") return listing;
    const stop =
      otherProcess(step, seen.value) ??
      (await differsFrom(step.tablet, context.ports.reader)) ??
      (await unlikeItself(step, seen.value, context));
    if (stop !== null) return stop;
    const parts = [record === null ? createRecord(step) : null, listing.kind === "add" ? listing : null];
    const failed = await writeFenced(context, {
      server: step.server,
      compares: parts.flatMap((part) => part?.compare ?? []),
      operations: parts.flatMap((part) => part?.operation ?? []),
      movedWords: `${step.key} or ${step.replicationKey} was written by somebody else meanwhile`,
    });
    return failed ?? done(doneWords(step));
  },
});

const doneWords = (step: Restore): string =>
  `${step.tablet.alias} has its Tablet record and is listed in ShardReplication (${step.origin})`;

interface Seen {
  /** The plan's record. */
  readonly wanted: Tablet;
  /** What is there. */
  readonly record: Tablet | null;
  readonly listing: Listing;
}

async function look(step: Restore, context: RunContext): Promise<Known<Seen>> {
  const store = context.ports.store(step.server);
  const [record, replication] = await Promise.all([store.get(step.key), store.get(step.replicationKey)]);
  if (record.kind === "unanswered") return silent(step.server, record);
  if (replication.kind === "unanswered") return silent(step.server, replication);
  const wanted = decodeTablet(Buffer.from(step.value, "base64"));
  if (wanted.kind === "unanswered") return refused(`the plan's record for ${step.key} can not be decoded`);
  const there = record.value.entry === null ? null : decodeTablet(record.value.entry.value);
  if (there?.kind === "unanswered")
    return refused(`${step.key} exists and can not be decoded: ${there.message}`);
  return known({
    wanted: wanted.value,
    record: there?.value ?? null,
    listing: listingOf(step, replication.value.entry),
  });
}

const createRecord = (step: Restore): { readonly compare: Compare; readonly operation: TxnOp } => ({
  compare: absent(step.key),
  operation: { kind: "put", key: step.key, value: Buffer.from(step.value, "base64") },
});

function otherProcess(step: Restore, { wanted, record }: Seen): Broken {
  return record === null || identityOf(record) === identityOf(wanted)
    ? null
    : refused(`${step.key} exists already and names another process or shard (${identityOf(record)})`);
}

const identityOf = (tablet: Tablet): string =>
  `${aliasOf(tablet)} ${tablet.keyspace}/${tablet.shard} ${tablet.hostname}:${tablet.portMap.grpc ?? 0}/${tablet.portMap.vt ?? 0}`;

const aliasOf = (tablet: Tablet): string => (tablet.alias === undefined ? "" : formatAlias(tablet.alias));

type Listing =
  | { readonly kind: "listed" }
  | { readonly kind: "add"; readonly compare: Compare; readonly operation: TxnOp }
  | Refused;

/** `UpdateShardReplicationRecord` (topo/replication.go): append where it is missing; every other node stays. */
function listingOf(step: Restore, entry: Entry | null): Listing {
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

/** Null: the record describes the running process, down to its type and ports. */
async function unlikeItself(step: Restore, { wanted: tablet }: Seen, context: RunContext): Promise<Broken> {
  const claimed = `${aliasOf(tablet)} ${tablet.keyspace}/${tablet.shard} ${TabletType[tablet.type]}`;
  const expected = `${step.tablet.alias} ${step.tablet.keyspace}/${step.tablet.shard} ${step.tablet.type}`;
  if (claimed !== expected)
    return refused(`the plan's record for ${step.key} is of ${claimed}, not ${expected}`);
  const vars = await context.ports.reader.vars(step.tablet.address);
  const own: readonly string[] = vars.kind === "answered" ? JSON.parse(vars.value.commandLineJson) : [];
  const grpc = Number(flagValue(own, "grpc-port") || step.tablet.address.grpcPort);
  const http = Number(flagValue(own, "port") || step.tablet.address.httpPort);
  if (tablet.portMap.grpc === grpc && tablet.portMap.vt === http) return null;
  return refused(
    `${nameOf(step.tablet)} listens on grpc ${grpc} and vt ${http}, but the record says ${tablet.portMap.grpc} and ${tablet.portMap.vt}: with that record it would never publish again`,
  );
}

export const tabletRestoreRunners = {
  "tablet.restore": tabletRestore,
};
