/** binlogdata.VReplicationWorkflowSubType. */
const PARTIAL = 1;

/**
 * How a MoveTables moves its tables, by its row in `_vt.vreplication`: all of a keyspace, some shards of it (`workflow_sub_type`), or one tenant
 * (`tenant_id` in `options`, Vitess 20). Options that can not be read may name a tenant, so they are taken for one's.
 */
export const moveShape = (row: {
  readonly workflow_sub_type: number | null;
  readonly options: string | null;
}): "standard" | "partial" | "multi-tenant" => {
  if (row.workflow_sub_type === PARTIAL) return "partial";
  return tenantOf(row.options ?? "") === "" ? "standard" : "multi-tenant";
};

const tenantOf = (options: string): unknown => {
  if (options === "") return "";
  try {
    const parsed: unknown = JSON.parse(options);
    return typeof parsed === "object" && parsed !== null && "tenant_id" in parsed ? parsed.tenant_id : "";
  } catch {
    return options;
  }
};
