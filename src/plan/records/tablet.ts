import { TabletSchema } from "../../proto/gen/topodata_pb.js";
import { filled } from "../fields.js";
import { tabletRecord } from "../named-key.js";
import { recordType } from "./record-type.js";

export const tablet = recordType({
  kind: "tablet",
  scope: { alias: filled },
  schema: TabletSchema,
  key: ({ alias }) => tabletRecord(alias),
  name: ({ alias }) => `the Tablet record of ${alias}`,
  subject: ({ alias }) => `Tablet-${alias}`,
  absent: "absent",
  parts: {},
});
