import { ShardReplicationSchema } from "../../proto/gen/topodata_pb.js";
import { filled } from "../fields.js";
import { shardReplication as shardReplicationShape } from "../named-key.js";
import { recordType } from "./record-type.js";

export const shardReplication = recordType({
  kind: "shard-replication",
  scope: { keyspace: filled, shard: filled },
  schema: ShardReplicationSchema,
  key: shardReplicationShape,
  name: ({ keyspace, shard }) => `the ShardReplication record of ${keyspace}/${shard}`,
  subject: ({ keyspace, shard }) => `ShardReplication-${keyspace}-${shard}`,
  absent: "absent",
  parts: {},
});
