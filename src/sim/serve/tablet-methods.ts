import type { MessageInitShape } from "@bufbuild/protobuf";
import { parseAlias } from "../../cluster/alias.js";
import { mapOutcome, type Outcome, unanswered } from "../../cluster/outcome.js";
import type { StreamHealthResponseSchema } from "../../proto/gen/query_pb.js";
import { Query } from "../../proto/gen/queryservice_pb.js";
import type { FullStatusSchema } from "../../proto/gen/replicationdata_pb.js";
import type { SchemaDefinitionSchema } from "../../proto/gen/tabletmanagerdata_pb.js";
import { TabletManager } from "../../proto/gen/tabletmanagerservice_pb.js";
import { TabletType } from "../../proto/gen/topodata_pb.js";
import type {
  ExecResult,
  NonPrimaryType,
  TableDefinition,
  TabletIdentity,
  TabletStatus,
} from "../../tablets/access.js";
import type { TabletAnswers } from "./answers.js";
import { fetchAsDba } from "./fetch-as-dba.js";
import type { GrpcService } from "./grpc-service.js";

/** The methods of a vttablet that vtdoctor calls; others are UNIMPLEMENTED, as in an older Vitess. */
export function tabletMethods(service: GrpcService, answers: TabletAnswers): void {
  readMethods(service, answers);
  writeMethods(service, answers);
}

function readMethods(service: GrpcService, answers: TabletAnswers): void {
  const { reader } = answers;
  const { method } = TabletManager;
  service.firstMessage(Query.method.streamHealth, async (at) =>
    mapOutcome(await reader.identity(at), healthOf),
  );
  service.unary(method.fullStatus, async (at) =>
    mapOutcome(await reader.status(at), (status) => ({ status: fullStatusOf(status) })),
  );
  service.unary(method.getSchema, async (at, { includeViews }) =>
    mapOutcome(await reader.schema(at), (tables) => ({
      schemaDefinition: schemaOf(tables.filter(({ type }) => includeViews || type !== "VIEW")),
    })),
  );
  service.unary(method.executeFetchAsDba, async (at, request) =>
    mapOutcome(await fetchAsDba(answers, at, request), (result) => ({ result })),
  );
}

function writeMethods(service: GrpcService, { writer }: TabletAnswers): void {
  const { method } = TabletManager;
  service.unary(method.vReplicationExec, async (at, { query }) =>
    affected(await writer.vreplicationExec(at, query)),
  );
  service.unary(method.deleteVReplicationWorkflow, async (at, { workflow }) =>
    affected(await writer.deleteWorkflow(at, workflow)),
  );
  service.unary(method.executeMultiFetchAsDba, async (at, { sql, ...options }) => {
    const statements = new TextDecoder().decode(sql).split("; ");
    return mapOutcome(await writer.executeMultiAsDba(at, statements, options), ({ rowsAffected }) => ({
      results: statements.map(() => ({ rowsAffected: BigInt(rowsAffected) })),
    }));
  });
  service.unary(method.refreshState, async (at) => nothing(await writer.refreshState(at)));
  service.unary(method.changeTags, async (at, { tags }) =>
    Object.keys(tags).length > 0
      ? unanswered("unsupported", "a simulated tablet has no tags")
      : nothing(await writer.changeTags(at)),
  );
  service.unary(method.changeType, async (at, { tabletType }) => {
    const type = NON_PRIMARY.find((name) => TabletType[name] === tabletType);
    return type === undefined
      ? unanswered(
          "unsupported",
          `a simulated tablet does not become ${TabletType[tabletType]} by ChangeType`,
        )
      : nothing(await writer.changeType(at, type));
  });
  service.unary(method.vDiff, async (at, { keyspace, workflow, action, actionArg }) =>
    action === "delete" && actionArg === "all"
      ? nothing(await writer.deleteVDiffs(at, keyspace, workflow))
      : unanswered("unsupported", `a simulated tablet has no VDiff ${action} ${actionArg}`),
  );
}

const NON_PRIMARY: readonly NonPrimaryType[] = ["REPLICA", "RDONLY", "SPARE"];

const affected = (outcome: Outcome<ExecResult>) =>
  mapOutcome(outcome, ({ rowsAffected }) => ({ result: { rowsAffected: BigInt(rowsAffected) } }));

const nothing = (outcome: Outcome<null>) => mapOutcome(outcome, () => ({}));

/** The first message of StreamHealth; the target's cell is empty in practice (docs/vitess.md#stream-health). */
const healthOf = (who: TabletIdentity): MessageInitShape<typeof StreamHealthResponseSchema> => {
  const alias = parseAlias(who.alias);
  return {
    target: { keyspace: who.keyspace, shard: who.shard, tabletType: typeOf(who.type) },
    serving: who.serving,
    primaryTermStartTimestamp: BigInt(who.termStart),
    realtimeStats: { healthError: who.healthError },
    ...(alias === null ? {} : { tabletAlias: alias }),
  };
};

const typeOf = (word: string): TabletType =>
  Object.values(TabletType).find((type): type is TabletType => TabletType[type as TabletType] === word) ??
  TabletType.UNKNOWN;

/** A source has no replication status. */
const fullStatusOf = (status: TabletStatus): MessageInitShape<typeof FullStatusSchema> => {
  const { serverUuid, position, sourceHost, sourcePort, ioState, sqlState, lastError, replication } = status;
  const { heartbeatInterval, replicaNetTimeout } = replication;
  return {
    serverId: replication.serverId,
    serverUuid,
    version: status.serverVersion,
    readOnly: status.readOnly,
    superReadOnly: status.superReadOnly,
    primaryStatus: { position, serverUuid },
    ...(sourceHost === ""
      ? {}
      : {
          replicationStatus: {
            ...{ position, sourceHost, sourcePort, ioState, sqlState, lastIoError: lastError },
            sourceUuid: replication.sourceUuid,
            backupRunning: replication.backupRunning,
          },
        }),
    ...(heartbeatInterval === null || replicaNetTimeout === null
      ? {}
      : { replicationConfiguration: { heartbeatInterval, replicaNetTimeout } }),
    semiSyncPrimaryEnabled: replication.semiSyncSource,
    semiSyncReplicaEnabled: replication.semiSyncReplica,
    semiSyncPrimaryStatus: replication.semiSyncWaits,
    semiSyncWaitForReplicaCount: replication.semiSyncWaitCount,
    semiSyncPrimaryClients: replication.semiSyncClients,
    semiSyncBlocked: replication.semiSyncBlocked,
  };
};

const schemaOf = (tables: readonly TableDefinition[]): MessageInitShape<typeof SchemaDefinitionSchema> => ({
  tableDefinitions: tables.map(({ name, type, definition, dataLength, rowCount }) => ({
    name,
    type,
    schema: definition,
    dataLength: BigInt(dataLength),
    rowCount: BigInt(rowCount),
  })),
});
