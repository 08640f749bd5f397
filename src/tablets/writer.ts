import type { Clock } from "../cluster/clock.js";
import { mapOutcome, type Outcome } from "../cluster/outcome.js";
import type { QueryResult } from "../proto/gen/query_pb.js";
import { TabletManager } from "../proto/gen/tabletmanagerservice_pb.js";
import { TabletType } from "../proto/gen/topodata_pb.js";
import type { ExecResult, TabletWriter } from "./access.js";
import { TabletGrpc } from "./grpc.js";
import type { TabletOptions } from "./options.js";

/**
 * In milliseconds: a change that could not be sent by then is not sent later, when the locks that it was to be made under may be gone
 * (`apply/locks/fence.ts` counts with it).
 */
const CONNECT_MS = 5_000;

/** The real write port. No module that `scan` reaches imports this one (docs/decisions.md#p1). */
export function createTabletWriter(options: TabletOptions, clock: Clock): TabletWriter {
  const grpc = new TabletGrpc(options, clock, CONNECT_MS);
  const { method } = TabletManager;
  return {
    vreplicationExec: async (at, query) => affected(await grpc.call(at, method.vReplicationExec, { query })),
    deleteWorkflow: async (at, workflow) =>
      affected(await grpc.call(at, method.deleteVReplicationWorkflow, { workflow })),
    executeAsDba: async (at, statement, { reloadSchema, disableForeignKeyChecks }) =>
      affected(
        await grpc.call(at, method.executeFetchAsDba, {
          query: new TextEncoder().encode(statement),
          reloadSchema,
          disableForeignKeyChecks,
        }),
      ),
    executeMultiAsDba: async (at, statements, { reloadSchema, disableForeignKeyChecks }) =>
      mapOutcome(
        await grpc.call(at, method.executeMultiFetchAsDba, {
          sql: new TextEncoder().encode(statements.join("; ")),
          reloadSchema,
          disableForeignKeyChecks,
        }),
        ({ results }) => ({ rowsAffected: Number(results.at(-1)?.rowsAffected ?? 0) }),
      ),
    refreshState: async (at) => nothing(await grpc.call(at, method.refreshState, {})),
    deleteVDiffs: async (at, keyspace, workflow) =>
      nothing(await grpc.call(at, method.vDiff, { keyspace, workflow, action: "delete", actionArg: "all" })),
    changeTags: async (at) => nothing(await grpc.call(at, method.changeTags, {})),
    changeType: async (at, type) =>
      nothing(await grpc.call(at, method.changeType, { tabletType: TabletType[type] })),
    close: () => grpc.close(),
  };
}

const affected = (reply: Outcome<{ readonly result?: QueryResult | undefined }>): Outcome<ExecResult> =>
  mapOutcome(reply, ({ result }) => ({ rowsAffected: Number(result?.rowsAffected ?? 0) }));

const nothing = (reply: Outcome<unknown>): Outcome<null> => mapOutcome(reply, () => null);
