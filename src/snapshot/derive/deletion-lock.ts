import { parseLockBody } from "../../topology/lock-body.js";
import type { LockTarget } from "../../topology/paths.js";
import type { Facts } from "../facts.js";
import type { DeletionRow } from "../gen/tables.js";
import { locate, rootsByServer } from "./located-key.js";
import { oldestOfEach } from "./locks.js";
import { CLOCK_SKEW_S, limitFor } from "./operation-limits.js";
import { groupBy } from "./order.js";

/** A deletion as far as its own key and value tell it. */
export type Vanished = Omit<
  DeletionRow,
  "operation" | "lock_key" | "lock_action" | "lock_host" | "lock_user" | "lock_taken_at" | "workflow"
>;

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
  /** From the named lock of that operation; '' where there was none. */
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

/** What streams tell of workflows. */
export interface WorkflowShards {
  /** The one workflow whose streams the shard's live tablets show; '' where there is none, or more than one. */
  into(keyspace: string, shard: string): string;
  /** Targets and sources of a Reshard, none of another workflow; null where no stream of it is left. */
  of(keyspace: string, workflow: string): ReadonlySet<string> | null;
}

interface Held extends Omit<CoveringLock, "workflow"> {
  readonly target: LockTarget;
}

/** Finds the lock under which a record was deleted; null where none explains it. */
export const coveringLocks = (
  facts: Facts,
  shards: WorkflowShards,
): ((record: Vanished) => CoveringLock | null) => {
  const rootsOf = rootsByServer(facts);
  const notBefore = knownTimes(facts);
  const atRevision = groupBy(
    facts.topo_history_lock,
    ({ server, deleted_revision }) => `${server} ${deleted_revision}`,
  );
  return (record) => {
    const alive = atRevision.get(`${record.server} ${record.deleted_revision}`) ?? [];
    const holders = oldestOfEach(alive.map((row) => ({ ...row, revision: row.mod_revision })));
    const covering = holders.flatMap(({ server, key, value }): readonly Held[] => {
      const target = lockTarget(rootsOf(server), key);
      if (target === null || !covers(target, record)) return [];
      const held = { target, ...readLock(key, value) };
      return isSpent(held, notBefore(record)) ? [] : [held];
    });
    const own = covering.filter((held) => speaksFor(held, record, covering, shards));
    const best = own.toSorted((one, other) => rank(one, record) - rank(other, record))[0];
    if (best === undefined) return null;
    const named = own.find(
      ({ target, operation }) => target.kind === "workflow" && operation === best.operation,
    )?.target;
    return { ...best, workflow: named?.kind === "workflow" ? named.workflow : "" };
  };
};

/** Older at the deletion than its operation may take: a dead vtctld's named lock stays a day (docs/vitess.md#locks-after-a-crash). */
const isSpent = ({ action, takenAt }: Held, deletedAfter: number | null): boolean =>
  takenAt !== null &&
  deletedAfter !== null &&
  deletedAfter - takenAt > (limitFor(action)?.seconds ?? 0) + CLOCK_SKEW_S;

/**
 * A workflow's named lock speaks for the shards of that workflow. Where no stream shows which these are, as its operation has deleted them,
 * the keyspace lock that the same process holds for the same operation does (docs/vitess.md#deletion-intent).
 */
const speaksFor = (
  held: Held,
  record: Vanished,
  beside: readonly Held[],
  shards: WorkflowShards,
): boolean => {
  if (held.target.kind !== "workflow") return true;
  const own = shards.of(held.target.keyspace, held.target.workflow);
  if (own !== null) return own.has(record.shard);
  return beside.some(
    ({ target, operation, hostName, userName }) =>
      target.kind === "keyspace" &&
      operation === held.operation &&
      hostName === held.hostName &&
      userName === held.userName,
  );
};

/**
 * History has no clock, but locks have: a revision is not before any lock that was there already was asked for. Null: no lock tells.
 */
const knownTimes = (facts: Facts): ((record: Vanished) => number | null) => {
  const seen = new Map(
    facts.topo_history_lock.map((row) => [`${row.server} ${row.key} ${row.mod_revision}`, row]),
  );
  const byServer = groupBy(
    [...seen.values()].flatMap(({ server, key, value, mod_revision }) => {
      const { takenAt } = readLock(key, value);
      return takenAt === null ? [] : [{ server, revision: mod_revision, takenAt }];
    }),
    ({ server }) => server,
  );
  const rising = new Map([...byServer].map(([server, rows]) => [server, risingMaximum(rows)]));
  return ({ server, deleted_revision }) => {
    const times = rising.get(server) ?? [];
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle]?.revision ?? 0) < deleted_revision) low = middle + 1;
      else high = middle;
    }
    return times[low - 1]?.takenAt ?? null;
  };
};

interface KnownTime {
  readonly revision: number;
  readonly takenAt: number;
}

/** By revision, each with the highest time up to it. */
const risingMaximum = (rows: readonly KnownTime[]): readonly KnownTime[] => {
  let highest = 0;
  return rows
    .toSorted((one, other) => one.revision - other.revision)
    .map(({ revision, takenAt }) => {
      highest = Math.max(highest, takenAt);
      return { revision, takenAt: highest };
    });
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

/**
 * The lock on the very shard first: whoever deletes a shard by its name holds it, and nobody else takes it, but for DeleteKeyspace, which
 * is the same person's.
 */
const rank = ({ target, operation, action }: Held, { kind, alias }: Vanished): number => {
  const isDirect =
    target.kind === "shard" &&
    (operation === "delete-shard" || (kind === "tablet" && action === `DeleteTablet(${alias})`));
  if (operation === "delete-keyspace") return -2;
  if (isDirect) return -1;
  return OPERATIONS.findIndex(([, name]) => name === operation) * 2 + Number(!action.startsWith("Drop"));
};
