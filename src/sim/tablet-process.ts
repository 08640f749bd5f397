import type { Alias } from "../cluster/alias.js";
import type { TabletType } from "../proto/gen/topodata_pb.js";
import type { Time } from "../proto/gen/vttime_pb.js";
import type { SimMysql } from "./mysql.js";
import type { VitessVersion } from "./stream-row.js";

/** What a process is started with; it does not change while the process lives. */
export interface TabletIdentity {
  readonly alias: Alias;
  readonly keyspace: string;
  readonly shard: string;
  readonly version: VitessVersion;
  readonly host: string;
  readonly grpcPort: number;
  readonly vtPort: number;
  readonly initType: TabletType;
  readonly mysql: SimMysql;
  readonly dbName: string;
}

/** What can be seen of a process. */
export interface TabletProcess extends TabletIdentity {
  /** `zone1-0000000100`. */
  readonly name: string;
  readonly running: boolean;
  readonly serving: boolean;
  readonly type: TabletType;
  readonly term: Time | null;
  readonly startedAt: Time | null;
}
