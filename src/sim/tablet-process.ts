import type { Alias } from "../cluster/alias.js";
import { TabletType } from "../proto/gen/topodata_pb.js";
import type { Time } from "../proto/gen/vttime_pb.js";
import type { SimMysql } from "./mysql.js";
import { atLeast, type VitessVersion } from "./stream-row.js";
import type { Root } from "./topology.js";

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

/** The command line of a vttablet; flags have dashes from v23 on. */
export const commandLineOf = (tablet: TabletIdentity, topology: Root): readonly string[] => {
  const flag = (name: string): string =>
    `--${atLeast(tablet.version, 23) ? name : name.replaceAll("-", "_")}`;
  return [
    "vttablet",
    flag("topo-implementation"),
    "etcd2",
    flag("topo-global-server-address"),
    topology.etcd.server,
    flag("topo-global-root"),
    topology.root,
    "--tablet-path",
    `${tablet.alias.cell}-${tablet.alias.uid}`,
    flag("init-keyspace"),
    tablet.keyspace,
    flag("init-shard"),
    tablet.shard,
    flag("init-tablet-type"),
    (TabletType[tablet.initType] ?? "").toLowerCase(),
    "--port",
    String(tablet.vtPort),
    flag("grpc-port"),
    String(tablet.grpcPort),
  ];
};
