import type { MessageInitShape } from "@bufbuild/protobuf";
import { parseAlias } from "../../cluster/alias.js";
import type { StreamHealthResponseSchema } from "../../proto/gen/query_pb.js";
import type { FullStatusSchema } from "../../proto/gen/replicationdata_pb.js";
import type { SchemaDefinitionSchema } from "../../proto/gen/tabletmanagerdata_pb.js";
import { TabletType } from "../../proto/gen/topodata_pb.js";
import type { TableDefinition, TabletIdentity, TabletStatus } from "../../tablets/access.js";

/** The first message of StreamHealth; the target's cell is empty in practice (docs/vitess.md#stream-health). */
export const healthOf = (who: TabletIdentity): MessageInitShape<typeof StreamHealthResponseSchema> => {
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
export const fullStatusOf = (status: TabletStatus): MessageInitShape<typeof FullStatusSchema> => {
  const { serverUuid, position, sourceHost, sourcePort, ioState, sqlState, lastError } = status;
  return {
    serverUuid,
    version: status.serverVersion,
    readOnly: status.readOnly,
    superReadOnly: status.superReadOnly,
    primaryStatus: { position, serverUuid },
    ...(sourceHost === ""
      ? {}
      : {
          replicationStatus: { position, sourceHost, sourcePort, ioState, sqlState, lastIoError: lastError },
        }),
  };
};

export const schemaOf = (
  tables: readonly TableDefinition[],
): MessageInitShape<typeof SchemaDefinitionSchema> => ({
  tableDefinitions: tables.map(({ name, type, definition, dataLength, rowCount }) => ({
    name,
    type,
    schema: definition,
    dataLength: BigInt(dataLength),
    rowCount: BigInt(rowCount),
  })),
});
