import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Facts } from "../../src/snapshot/facts.js";
import type {
  LiveTabletRow,
  ProbeRow,
  TopoHistoryLockRow,
  TopoHistoryRow,
  TopoKeyRow,
  VreplicationRow,
  WitnessRow,
} from "../../src/snapshot/gen/tables.js";

export const ETCD = "etcd:2379";
/** When the facts were taken, unix seconds. */
export const NOW = 1_795_560_000;

/** A topology server that answered, with a global root and one cell's. */
export const aTopology = (): Pick<Facts, "meta" | "topo_server" | "topo_root"> => ({
  meta: [{ name: "taken_at_ms", value: String(NOW * 1000) }],
  topo_server: [
    {
      server: ETCD,
      cluster_id: "1",
      version: "3.5.0",
      revision: 1000,
      horizon: 0,
      answered: 1,
      reason: null,
      message: null,
    },
  ],
  topo_root: [
    { name: "global", server: ETCD, root: "/vitess/global" },
    { name: "zone1", server: ETCD, root: "/vitess/zone1" },
  ],
});

/** The bytes that Vitess would store. */
export const encoded = <Desc extends DescMessage>(schema: Desc, record: MessageInitShape<Desc>): Uint8Array =>
  toBinary(schema, create(schema, record));

export const aTopoKey = (
  key: string,
  value: Uint8Array | string,
  rest: Partial<TopoKeyRow> = {},
): TopoKeyRow => ({
  server: ETCD,
  key,
  value: typeof value === "string" ? new TextEncoder().encode(value) : value,
  create_revision: 10,
  mod_revision: 10,
  version: 1,
  lease: "0",
  ...rest,
});

export const aLock = (action: string, time: number): string =>
  JSON.stringify({
    Action: action,
    HostName: "vtctld-1",
    UserName: "vitess",
    Time: new Date(time * 1000).toISOString(),
    Options: {},
    Status: "Running",
  });

export const aDeletion = (
  key: string,
  value: Uint8Array,
  deleted_revision: number,
  server = ETCD,
  rest: Partial<TopoHistoryRow> = {},
): TopoHistoryRow => ({
  server,
  key,
  deleted_revision,
  value,
  create_revision: 10,
  mod_revision: 10,
  recreated: 0,
  locks_known: 1,
  ...rest,
});

export const aPastLock = (
  key: string,
  action: string,
  deleted_revision: number,
  rest: Partial<TopoHistoryLockRow> = {},
): TopoHistoryLockRow => ({
  server: ETCD,
  key,
  value: new TextEncoder().encode(aLock(action, NOW - 100)),
  deleted_revision,
  mod_revision: deleted_revision - 1,
  ...rest,
});

export const aWitness = (rest: Partial<WitnessRow> & Pick<WitnessRow, "address">): WitnessRow => ({
  source: "topology",
  detail: rest.address,
  alias: null,
  host: "",
  grpc_port: 0,
  http_port: 0,
  mysql_host: "",
  mysql_port: 0,
  required: 1,
  ...rest,
});

export const aProbe = (address: string, channel: string, rest: Partial<ProbeRow> = {}): ProbeRow => ({
  address,
  channel,
  answered: 1,
  reason: null,
  message: null,
  required: 1,
  observed_at_ms: NOW * 1000,
  ...rest,
});

/** A primary that serves, started with the topology of `aTopology`. */
export const aLiveTablet = (
  rest: Partial<LiveTabletRow> & Pick<LiveTabletRow, "address">,
): LiveTabletRow => ({
  alias: null,
  keyspace: "customer",
  shard: "0",
  type: "PRIMARY",
  serving: 1,
  term_start: NOW - 3600,
  health_error: "",
  state_name: "SERVING",
  build_version: "24.0.4",
  key_range_start: "",
  key_range_end: "",
  topo_server: ETCD,
  topo_root: "/vitess/global",
  command_line_json: "[]",
  vstreamers: 0,
  server_uuid: null,
  server_version: "9.7.4",
  read_only: 0,
  super_read_only: 0,
  position: "",
  mysql_port: null,
  source_host: "",
  source_port: 0,
  io_state: 0,
  sql_state: 0,
  replication_error: "",
  observed_at_ms: NOW * 1000,
  ...rest,
});

/** A stream that runs well. */
export const aStream = (
  rest: Partial<VreplicationRow> & Pick<VreplicationRow, "address" | "id" | "source">,
): VreplicationRow => ({
  channel: "grpc",
  workflow: "c2",
  db_name: "vt_customer",
  pos: "MySQL56/4e12184c-e856-11f1-9247-02fc00000001:1-29",
  stop_pos: null,
  state: "Running",
  message: "",
  cell: "",
  tablet_types: "in_order:REPLICA,PRIMARY",
  time_updated: NOW - 1,
  transaction_timestamp: 0,
  time_heartbeat: NOW - 1,
  rows_copied: 0,
  workflow_type: 1,
  workflow_sub_type: 0,
  defer_secondary_keys: 0,
  options: "{}",
  tags: "",
  max_tps: "0",
  max_replication_lag: "0",
  created_at: null,
  time_throttled: null,
  component_throttled: null,
  reason_throttled: null,
  log_type: null,
  log_state: null,
  log_message: null,
  log_count: null,
  log_created_at: null,
  log_updated_at: null,
  observed_at: NOW,
  ...rest,
});
