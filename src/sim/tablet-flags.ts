import { TabletType } from "../proto/gen/topodata_pb.js";
import { atLeast } from "./stream-row.js";
import type { TabletIdentity } from "./tablet-process.js";
import type { Root } from "./topology.js";

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
