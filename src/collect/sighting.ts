import type { MysqlStatus, TabletIdentity, TabletStatus, TabletVars } from "../tablets/access.js";
import type { RarelyFilled } from "../tablets/queries.js";
import type { Target } from "../witnesses/targets.js";
import type { FactsPart } from "./facts-part.js";

/** Who a process says it is. */
export interface Who {
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  /** Upper case. */
  readonly type: string;
}

/**
 * - `ours`: it may be asked everything.
 * - `foreign`: it was started with another topology (a clone, another cluster; docs/decisions.md#d7).
 * - `stranger`: it answers with another alias than every witness of its address expects.
 * - `unwanted`: of a keyspace or cell that the filters leave out.
 * - `silent`: nobody said who they are.
 */
export type Standing = "ours" | "foreign" | "stranger" | "unwanted" | "silent";

/** What was learned at one address in the first round. */
export interface Sighting {
  readonly target: Target;
  readonly standing: Standing;
  readonly who: Who | null;
  readonly identity: TabletIdentity | null;
  readonly vars: TabletVars | null;
  readonly status: TabletStatus | null;
  readonly mysql: MysqlStatus | null;
  /** Streams that its engine has and `_vt.vreplication` twice had no row for: id to the milliseconds between the looks. */
  readonly rowless: ReadonlyMap<number, number>;
  /** Of a primary: the sidecar tables that have no row. */
  readonly empty: ReadonlySet<RarelyFilled>;
  /** Its gRPC port answered. */
  readonly byGrpc: boolean;
  readonly observedAtMs: number;
  /** Probe rows and what the sidecar said. */
  readonly facts: FactsPart;
}
