import { KeyspaceSchema, KeyspaceType } from "../../proto/gen/topodata_pb.js";
import { filled } from "../fields.js";
import { keyspaceRecord } from "../named-key.js";
import { recordType } from "./record-type.js";

export const keyspace = recordType({
  kind: "keyspace",
  scope: { keyspace: filled },
  schema: KeyspaceSchema,
  key: keyspaceRecord,
  name: ({ keyspace }) => `the Keyspace record of ${keyspace}`,
  subject: ({ keyspace }) => `Keyspace-${keyspace}`,
  absent: "absent",
  // As vtctld reads an empty field: no policy is `none`, no name is `_vt` (docs/vitess.md#sidecar-name).
  says: ({ durabilityPolicy, sidecarDbName, keyspaceType }) =>
    `${KeyspaceType[keyspaceType]}, durability policy ${durabilityPolicy || "none"}, sidecar database ${sidecarDbName || "_vt"}`,
  parts: {},
});
