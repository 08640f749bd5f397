import { type Alias, formatAlias, parseAlias } from "../../src/cluster/alias.js";
import { type Tablet, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { SimCluster } from "../../src/sim/cluster.js";
import type { SimEtcd } from "../../src/sim/etcd.js";
import type { VitessVersion } from "../../src/sim/stream-row.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { flagValue } from "../../src/tablets/command-line.js";
import { parseVars } from "../../src/tablets/vars.js";
import { parseLockBody } from "../../src/topology/lock-body.js";
import { classifyKey } from "../../src/topology/paths.js";
import { decodeCellInfo, decodeTablet } from "../../src/topology/records.js";
import type { TxnOp } from "../../src/topology/store.js";
import { type RecordedFiles, type RecordedTablet, readRecording } from "./recorded-files.js";
import { restoreMysql } from "./recorded-tablet.js";

const GLOBAL_ROOT = "/vitess/global";

/**
 * A recorded state of a real cluster as a simulated one: the same keys with the same revisions, the same answers of its tablets. Where
 * no history was recorded, what came before is compacted. Time goes on from the moment of the recording when somebody sleeps.
 */
export const loadRecording = (folder: string): SimCluster => {
  const files = readRecording(folder);
  const cells = cellsOf(files);
  const cluster = new SimCluster({
    startMs: takenAt(files) * 1000,
    version: versionOf(files.tablets),
    globalServer: cells[0]?.server ?? "127.0.0.1:2379",
    globalRoot: GLOBAL_ROOT,
  });
  for (const { name, server, root } of cells) cluster.adoptCell(name, server, root);
  restoreEtcd(cluster.topology.global.etcd, files, cluster.clock.now());
  const records = tabletRecords(files);
  const tablets = files.tablets.map((recorded) => ({
    recorded,
    tablet: addTablet(cluster, recorded, records, files),
  }));
  for (const { recorded, tablet } of tablets) follow(cluster, tablet, recorded);
  for (const { recorded, tablet } of tablets) resume(tablet, recorded, records);
  for (const { recorded, tablet } of tablets) {
    const vars = parseVars(JSON.stringify(recorded.debug_vars ?? {}));
    if (tablet.engine.isOpen && vars.kind === "answered") tablet.engine.adopt(vars.value.streams);
  }
  return cluster;
};

const cellsOf = (files: RecordedFiles) =>
  files.topology.kvs.flatMap(({ key, value_base64 }) => {
    const [, name] = /\/cells\/([^/]+)\/CellInfo$/.exec(key) ?? [];
    const info = decodeCellInfo(Buffer.from(value_base64, "base64"));
    return name === undefined || info.kind === "unanswered"
      ? []
      : [{ name, server: info.value.serverAddress, root: info.value.root }];
  });

const restoreEtcd = (etcd: SimEtcd, { topology, history }: RecordedFiles, now: number): void => {
  for (const { lease, key, value_base64 } of topology.kvs)
    if (Number(lease) !== 0) adoptLock(etcd, String(lease), key, Buffer.from(value_base64, "base64"), now);
  if (history === null) {
    for (const entry of topology.kvs)
      etcd.restore({
        key: entry.key,
        value: Buffer.from(entry.value_base64, "base64"),
        createRevision: entry.create_revision,
        modRevision: entry.mod_revision,
        version: entry.version,
        lease: String(entry.lease),
      });
    etcd.skipTo(topology.revision);
    etcd.compact(topology.revision);
    return;
  }
  for (const revision of new Set(history.map((event) => event.revision))) {
    const events = history.filter((event) => event.revision === revision);
    for (const { lease } of events)
      if (Number(lease) !== 0 && etcd.lease(String(lease)) === null) etcd.adoptLease(String(lease), 30, 30);
    etcd.skipTo(revision - 1);
    etcd.txn(
      [],
      events.map(
        ({ type, key, value_base64, lease }): TxnOp =>
          type === "delete"
            ? { kind: "delete", key }
            : { kind: "put", key, value: Buffer.from(value_base64, "base64"), lease: String(lease) },
      ),
    );
  }
  for (const { lease } of history) etcd.dropIdleLease(String(lease));
};

/** How long it was granted for is not recorded: what Vitess 24 grants with default flags (docs/vitess.md#locks-after-a-crash). */
const adoptLock = (etcd: SimEtcd, lease: string, key: string, value: Uint8Array, now: number): void => {
  const isNamed = classifyKey(GLOBAL_ROOT, key).kind === "lock" && key.includes("/internal/named_locks/");
  const granted = isNamed ? 86_400 : 120;
  const body = parseLockBody(value);
  const age = body.kind === "answered" ? Math.max(0, Math.round((now - body.value.time) / 1000)) : 0;
  etcd.adoptLease(lease, Math.max(1, granted - age), granted);
};

/** The last Tablet record of each alias, deleted ones of the history too. */
const tabletRecords = ({ topology, history }: RecordedFiles): ReadonlyMap<string, Tablet> => {
  const records = new Map<string, Tablet>();
  for (const { key, value_base64 } of [...(history ?? []), ...topology.kvs]) {
    const [, alias] = /\/tablets\/([^/]+)\/Tablet$/.exec(key) ?? [];
    const record = decodeTablet(Buffer.from(value_base64, "base64"));
    if (alias !== undefined && value_base64 !== "" && record.kind === "answered")
      records.set(alias, record.value);
  }
  return records;
};

const addTablet = (
  cluster: SimCluster,
  recorded: RecordedTablet,
  records: ReadonlyMap<string, Tablet>,
  files: RecordedFiles,
): SimTablet => {
  const alias = aliasOf(cluster, recorded);
  const record = records.get(formatAlias(alias));
  const vars = recorded.debug_vars ?? {};
  const commandLine = (vars.cmdline ?? []) as readonly string[];
  const tablet = cluster.addTablet({
    alias,
    keyspace: String(vars.TabletKeyspace ?? record?.keyspace ?? ""),
    shard: String(vars.TabletShard ?? record?.shard ?? ""),
    version: versionOf([recorded, ...files.tablets]),
    host: record?.mysqlHostname || "127.0.0.1",
    grpcPort: Number(flagValue(commandLine, "grpc-port") || (record?.portMap.grpc ?? 0)),
    vtPort: Number(flagValue(commandLine, "port") || (record?.portMap.vt ?? 0)),
    mysqlPort: record?.mysqlPort ?? recorded.uid + mysqlPortBase(records),
    serverUuid: serverUuid(recorded),
    mysqlVersion: String(recorded.full_status?.status.version ?? "9.7.4"),
  });
  if (commandLine.length > 0) tablet.commandLine = commandLine;
  restoreMysql(tablet.mysql, recorded);
  return tablet;
};

const resume = (tablet: SimTablet, recorded: RecordedTablet, records: ReadonlyMap<string, Tablet>): void => {
  if (!recorded.vttablet_running) return;
  const record = records.get(tablet.name);
  const type = String(recorded.debug_vars?.TabletType ?? "").toUpperCase();
  const known = Object.values(TabletType).find((one) => typeof one === "number" && TabletType[one] === type);
  tablet.begin(
    typeof known === "number" ? known : TabletType.UNKNOWN,
    record?.primaryTermStartTime ?? null,
    record?.tabletStartTime ?? null,
  );
  tablet.disabled = recorded.debug_vars?.TabletStateName !== "SERVING";
};

const follow = (cluster: SimCluster, tablet: SimTablet, recorded: RecordedTablet): void => {
  const status = recorded.full_status?.status.replicationStatus;
  const host = String(status?.sourceHost ?? recorded.mysql.replica_status.Source_Host ?? "");
  const port = Number(status?.sourcePort ?? recorded.mysql.replica_status.Source_Port ?? 0);
  const source = cluster.byMysql(host, port);
  if (source !== null) tablet.mysql.attachTo(source);
};

const aliasOf = (cluster: SimCluster, recorded: RecordedTablet): Alias =>
  parseAlias(String(recorded.debug_vars?.TabletAlias ?? "")) ?? {
    cell: cluster.topology.cells[0] ?? "",
    uid: recorded.uid,
  };

/** The clusters of the recordings number their MySQL ports by tablet. */
const mysqlPortBase = (records: ReadonlyMap<string, Tablet>): number => {
  const [record] = records.values();
  return record === undefined ? 27_000 : record.mysqlPort - (record.alias?.uid ?? 0);
};

const serverUuid = ({ full_status, mysql }: RecordedTablet): string =>
  String(full_status?.status.serverUuid ?? mysql.gtid_executed.split(":")[0] ?? "");

const versionOf = (tablets: readonly RecordedTablet[]): VitessVersion =>
  tablets.some(({ debug_vars }) => debug_vars?.BuildVersion === "19.0.10") ? "19.0.10" : "24.0.4";

/** Unix seconds of the last thing that any tablet or lock tells of. */
const takenAt = ({ topology, tablets }: RecordedFiles): number => {
  const locks = topology.kvs.map(({ value_base64 }) => parseLockBody(Buffer.from(value_base64, "base64")));
  const rows = tablets.flatMap(({ _vt }) => _vt.vreplication);
  return Math.max(
    ...locks.flatMap((lock) => (lock.kind === "answered" ? [Math.ceil(lock.value.time / 1000)] : [])),
    ...rows.flatMap((row) => [Number(row.time_updated), Number(row.time_heartbeat)]),
    ...topology.kvs.flatMap(({ key, value_base64 }) => {
      const record = key.endsWith("/Tablet") ? decodeTablet(Buffer.from(value_base64, "base64")) : null;
      if (record?.kind !== "answered") return [];
      const started = record.value.tabletStartTime ?? record.value.primaryTermStartTime;
      const uid = record.value.alias?.uid;
      const vars = tablets.find((tablet) => tablet.uid === uid)?.debug_vars;
      return started === undefined
        ? []
        : [Number(started.seconds) + Math.ceil(Number(vars?.Uptime ?? 0) / 1e9)];
    }),
  );
};
