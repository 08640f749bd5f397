import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import {
  type CellInfo,
  CellInfoSchema,
  CellsAliasSchema,
  ExternalVitessClusterSchema,
  KeyspaceSchema,
  ShardReplicationSchema,
  ShardSchema,
  SrvKeyspaceSchema,
  TabletSchema,
} from "../proto/gen/topodata_pb.js";
import {
  KeyspaceRoutingRulesSchema,
  MirrorRulesSchema,
  RoutingRulesSchema,
  ShardRoutingRulesSchema,
  SrvVSchemaSchema,
  KeyspaceSchema as VSchemaSchema,
} from "../proto/gen/vschema_pb.js";

/**
 * The records of the topology: raw protobuf, nothing compressed; no bytes at all is a valid record (docs/vitess.md#records).
 * Decoding keeps fields that this vtdoctor does not know, at every depth, and encoding writes them back (docs/decisions.md#d4).
 */
export const decodeCellInfo = decoder(CellInfoSchema);
/** Whether both say that the cell's topology is at the same place. */
export const isSamePlace = (one: CellInfo, other: CellInfo): boolean =>
  one.serverAddress === other.serverAddress && one.root === other.root;
export const decodeCellsAlias = decoder(CellsAliasSchema);
export const decodeExternalCluster = decoder(ExternalVitessClusterSchema);
export const decodeKeyspace = decoder(KeyspaceSchema);
export const decodeShard = decoder(ShardSchema);
export const decodeTablet = decoder(TabletSchema);
export const decodeShardReplication = decoder(ShardReplicationSchema);
export const decodeSrvKeyspace = decoder(SrvKeyspaceSchema);
export const decodeVSchema = decoder(VSchemaSchema);
export const decodeSrvVSchema = decoder(SrvVSchemaSchema);
export const decodeRoutingRules = decoder(RoutingRulesSchema);
export const decodeShardRoutingRules = decoder(ShardRoutingRulesSchema);
export const decodeKeyspaceRoutingRules = decoder(KeyspaceRoutingRulesSchema);
export const decodeMirrorRules = decoder(MirrorRulesSchema);

export const encodeCellInfo = encoder(CellInfoSchema);
export const encodeKeyspace = encoder(KeyspaceSchema);
export const encodeShard = encoder(ShardSchema);
export const encodeTablet = encoder(TabletSchema);
export const encodeShardReplication = encoder(ShardReplicationSchema);
export const encodeSrvKeyspace = encoder(SrvKeyspaceSchema);
export const encodeVSchema = encoder(VSchemaSchema);
export const encodeSrvVSchema = encoder(SrvVSchemaSchema);
export const encodeRoutingRules = encoder(RoutingRulesSchema);

/** Of any type of record. */
export function decoder<Desc extends DescMessage>(
  schema: Desc,
): (bytes: Uint8Array) => Outcome<MessageShape<Desc>> {
  return (bytes) => {
    try {
      return answered(fromBinary(schema, bytes));
    } catch (error) {
      return unanswered("failed", `no ${schema.typeName}: ${error instanceof Error ? error.message : error}`);
    }
  };
}

export function encoder<Desc extends DescMessage>(schema: Desc): (record: MessageShape<Desc>) => Uint8Array {
  return (record) => toBinary(schema, record);
}
