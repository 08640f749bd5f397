import { parseLockBody } from "../../topology/lock-body.js";
import type { LockTarget } from "../../topology/paths.js";
import type { Facts } from "../facts.js";
import type { Vanished } from "./deletion.js";
import { locate, rootsByServer } from "./located-key.js";
import { oldestOfEach } from "./locks.js";
import { groupBy } from "./order.js";

export type OperationName =
  | "cancel"
  | "complete"
  | "delete-shard"
  | "delete-tablet"
  | "delete-keyspace"
  | "other"
  | "none"
  | "unknown";

export interface CoveringLock {
  readonly operation: Exclude<OperationName, "none" | "unknown">;
  readonly key: string;
  readonly action: string;
  readonly hostName: string;
  readonly userName: string;
  /** Unix seconds; null where the lock's text could not be read. */
  readonly takenAt: number | null;
  /** From the named lock beside it; '' where there was none. */
  readonly workflow: string;
}

/**
 * Actions by the operation that takes them (docs/vitess.md#deletion-intent, docs/vitess.md#lock-holders), the telling ones first: a cancel
 * holds its named lock and its keyspace lock together.
 */
const OPERATIONS: readonly (readonly [RegExp, CoveringLock["operation"]])[] = [
  [/^(?:DropTargets|WorkflowDelete)$/, "cancel"],
  [/^(?:DropSources|MoveTablesComplete)$/, "complete"],
  [/^DeleteKeyspace\b/, "delete-keyspace"],
  [/^DeleteShard\b/, "delete-shard"],
  [/^DeleteTablet\b/, "delete-tablet"],
  [/(?:)/, "other"],
];

/** Finds the lock that was held over a record at the moment of its deletion; null where none was. */
export const coveringLocks = (facts: Facts): ((record: Vanished) => CoveringLock | null) => {
  const rootsOf = rootsByServer(facts);
  const atRevision = groupBy(
    facts.topo_history_lock,
    ({ server, deleted_revision }) => `${server} ${deleted_revision}`,
  );
  return (record) => {
    const alive = atRevision.get(`${record.server} ${record.deleted_revision}`) ?? [];
    const holders = oldestOfEach(alive.map((row) => ({ ...row, revision: row.mod_revision })));
    const covering = holders.flatMap(({ server, key, value }) => {
      const target = lockTarget(rootsOf(server), key);
      return target !== null && covers(target, record) ? [{ target, ...readLock(key, value) }] : [];
    });
    const best = covering.toSorted((one, other) => rank(one) - rank(other))[0];
    if (best === undefined) return null;
    const named = covering.find(({ target }) => target.kind === "workflow")?.target;
    return { ...best, workflow: named?.kind === "workflow" ? named.workflow : "" };
  };
};

type Roots = ReturnType<ReturnType<typeof rootsByServer>>;

const lockTarget = (roots: Roots, key: string): LockTarget | null => {
  for (const { is } of locate(roots, key)) if (is.kind === "lock") return is.target;
  return null;
};

const covers = (target: LockTarget, record: Vanished): boolean => {
  if (target.kind === "shard") return target.keyspace === record.keyspace && target.shard === record.shard;
  return (target.kind === "keyspace" || target.kind === "workflow") && target.keyspace === record.keyspace;
};

const readLock = (key: string, value: Uint8Array): Omit<CoveringLock, "workflow"> => {
  const body = parseLockBody(value);
  const { action, hostName, userName, time } =
    body.kind === "answered" ? body.value : { action: "", hostName: "", userName: "", time: null };
  const operation = OPERATIONS.find(([pattern]) => pattern.test(action))?.[1] ?? "other";
  return {
    operation,
    key,
    action,
    hostName,
    userName,
    takenAt: time === null ? null : Math.floor(time / 1000),
  };
};

const rank = ({
  operation,
  action,
}: {
  readonly operation: OperationName;
  readonly action: string;
}): number => OPERATIONS.findIndex(([, name]) => name === operation) * 2 + Number(!action.startsWith("Drop"));
