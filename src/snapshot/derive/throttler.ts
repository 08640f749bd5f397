import { toJson } from "@bufbuild/protobuf";
import { type ThrottlerConfig, ThrottlerConfigSchema } from "../../proto/gen/topodata_pb.js";
import { stableJson } from "./order.js";

/** Vitess marshals the maps in it in any order, so its bytes do not compare. */
export const throttlerJson = (config: ThrottlerConfig | undefined): string | null =>
  config === undefined
    ? null
    : stableJson(toJson(ThrottlerConfigSchema, config, { useProtoFieldName: true }));
