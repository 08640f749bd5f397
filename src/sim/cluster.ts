import { create } from "@bufbuild/protobuf";
import { type Alias, formatAlias } from "../cluster/alias.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { CellInfoSchema, type Tablet, TabletType } from "../proto/gen/topodata_pb.js";
import type { TabletReader, TabletWriter } from "../tablets/access.js";
import type { Vtctld } from "../tablets/vtctld.js";
import { cellInfoKey } from "../topology/paths.js";
import { encodeCellInfo } from "../topology/records.js";
import type { TopologyStore } from "../topology/store.js";
import { SimClock } from "./clock.js";
import { Effects } from "./effects.js";
import { SimEtcd } from "./etcd.js";
import { EtcdClient } from "./etcd-client.js";
import { Faults } from "./faults.js";
import { SimMysql } from "./mysql.js";
import { finish, type Native } from "./native/operation.js";
import { plannedReparent } from "./native/reparent.js";
import { startTablet } from "./native/start-tablet.js";
import { Random } from "./random.js";
import { type Directory, SimReader } from "./reader.js";
import type { VitessVersion } from "./stream-row.js";
import { SimTablet, type TabletWorld } from "./tablet.js";
import { type Root, SimTopology } from "./topology.js";
import { SimWriter } from "./writer.js";

export interface SimOptions {
  readonly seed?: number;
  /** Milliseconds since the epoch at which the simulated world begins. */
  readonly startMs?: number;
  readonly version?: VitessVersion;
  readonly globalServer?: string;
  readonly globalRoot?: string;
  /** How long a caller waits for a tablet that hangs. */
  readonly timeoutMs?: number;
  /** Whether the caller has a MySQL user. */
  readonly mysqlCredentials?: boolean;
  readonly copyRowsPerSecond?: number;
  /** The port of the next thing that listens; where it is not given, ports are made of the tablets' numbers. */
  readonly nextPort?: () => number;
}

export interface NewTablet {
  readonly alias: Alias;
  readonly keyspace: string;
  readonly shard: string;
  readonly version?: VitessVersion;
  readonly type?: TabletType;
  readonly host?: string;
  readonly grpcPort?: number;
  readonly vtPort?: number;
  readonly mysqlPort?: number;
  readonly dbName?: string;
  readonly serverUuid?: string;
  readonly mysqlVersion?: string;
  /** A second process in front of the same MySQL. */
  readonly mysql?: SimMysql;
}

const START_MS = Date.UTC(2026, 10, 24, 22, 0, 0);

/**
 * A small Vitess in one process, behind the same ports as a real one: etcd clusters, vttablets with their MySQLs, a clock that only
 * moves when somebody sleeps. Deterministic: the same seed and the same calls give the same bytes.
 */
export class SimCluster implements TabletWorld, Directory {
  readonly version: VitessVersion;
  readonly random: Random;
  readonly clock: SimClock;
  readonly faults: Faults;
  readonly effects = new Effects();
  readonly topology: SimTopology;
  readonly reader: TabletReader;
  readonly writer: TabletWriter;
  /** What the operator's machine runs here: `stop ALIAS` ends a vttablet for good, as its supervisor's own command does; `true` does nothing, as everywhere. */
  readonly hooks = { run: async (command: readonly string[]): Promise<Outcome<null>> => this.#hook(command) };
  readonly vtctld: Vtctld = {
    address: "vtctld:15999",
    plannedReparent: async (_keyspace, _shard, primary) => {
      this.run(plannedReparent(this, this.tablet(formatAlias(primary))));
      return answered(null);
    },
    close: () => {},
  };
  readonly hasMysqlCredentials: boolean;
  readonly copyRowsPerSecond: number;
  readonly tablets: SimTablet[] = [];
  readonly #servers = new Map<string, SimEtcd>();
  readonly #cells = new Map<string, Root>();
  readonly #listeners = new Map<string, SimTablet[]>();
  readonly #clients: EtcdClient[] = [];
  readonly #nextPort: (() => number) | undefined;

  constructor(options: SimOptions = {}) {
    this.#nextPort = options.nextPort;
    this.version = options.version ?? "24.0.4";
    this.random = new Random(options.seed ?? 1);
    this.clock = new SimClock(options.startMs ?? START_MS);
    this.faults = new Faults(this.clock, options.timeoutMs ?? 10_000);
    this.hasMysqlCredentials = options.mysqlCredentials ?? false;
    this.copyRowsPerSecond = options.copyRowsPerSecond ?? Number.POSITIVE_INFINITY;
    const etcd = this.server(options.globalServer ?? "etcd-global:2379");
    this.topology = new SimTopology({ etcd, root: options.globalRoot ?? "/vitess/global" }, this.#cells);
    this.reader = new SimReader(this);
    this.writer = new SimWriter(this, this.effects, this.clock);
    this.clock.whilePassing((from, to) => {
      for (const tablet of this.tablets) if (tablet.running) tablet.engine.play((to - from) / 1000);
    });
  }

  /** The etcd cluster with this address list; it is made when first named. */
  server(addresses: string): SimEtcd {
    const known = this.#servers.get(addresses);
    if (known !== undefined) return known;
    const firstLease = 2_228_897_054_349_924_884n + BigInt(this.#servers.size) * 1_000_000_007n;
    const etcd = new SimEtcd(addresses, this.random.clusterId(), this.clock, firstLease);
    this.#servers.set(addresses, etcd);
    return etcd;
  }

  /** A cell, with its CellInfo; without a server it lives in the global one. */
  addCell(name: string, options: { readonly server?: string; readonly root?: string } = {}): void {
    const { etcd, root } = this.topology.global;
    const cell = this.adoptCell(name, options.server ?? etcd.server, options.root ?? `/vitess/${name}`);
    const info = create(CellInfoSchema, { serverAddress: cell.etcd.server, root: cell.root });
    etcd.put(cellInfoKey(root, name), encodeCellInfo(info));
  }

  /** A cell that has its CellInfo already. */
  adoptCell(name: string, server: string, root: string): Root {
    const cell = { etcd: this.server(server), root };
    this.#cells.set(name, cell);
    return cell;
  }

  /** A connection to that etcd cluster. An address that nobody listens on answers as such. */
  connect(server: string): TopologyStore {
    if (!this.#servers.has(server)) this.faults.serverDown(server);
    const client = new EtcdClient(server, this.server(server), this.clock, this.faults, this.effects);
    this.#clients.push(client);
    return client;
  }

  /** Every connection ends at once, as when the process behind it is killed: nothing renews its leases. */
  disconnectAll(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  /** A process that is not started yet, with a MySQL of its own. */
  addTablet(options: NewTablet): SimTablet {
    const { alias, keyspace, shard } = options;
    const host = options.host ?? "127.0.0.1";
    const mysql =
      options.mysql ??
      new SimMysql({
        host,
        port: options.mysqlPort ?? this.#nextPort?.() ?? 27_000 + alias.uid,
        uuid: options.serverUuid ?? this.random.uuid(),
        version: options.mysqlVersion ?? "9.7.4",
        clock: this.clock,
      });
    const tablet = new SimTablet(
      {
        alias,
        keyspace,
        shard,
        host,
        mysql,
        version: options.version ?? this.version,
        grpcPort: options.grpcPort ?? this.#nextPort?.() ?? 16_000 + alias.uid,
        vtPort: options.vtPort ?? this.#nextPort?.() ?? 15_000 + alias.uid,
        initType: options.type ?? TabletType.REPLICA,
        dbName: options.dbName ?? `vt_${keyspace}`,
      },
      this,
    );
    this.tablets.push(tablet);
    for (const listener of [
      `grpc ${host}:${tablet.grpcPort}`,
      `http ${host}:${tablet.vtPort}`,
      `mysql ${mysql.host}:${mysql.port}`,
    ])
      this.#listeners.set(listener, [...(this.#listeners.get(listener) ?? []), tablet]);
    return tablet;
  }

  /** By alias, `zone1-0000000100`. */
  tablet(alias: string): SimTablet {
    const tablet = this.tablets.find(({ name }) => name === alias);
    if (tablet === undefined) throw new Error(`the simulated cluster has no tablet ${alias}`);
    return tablet;
  }

  /** The running primaries of a shard, in their own words. */
  primary(keyspace: string, shard: string): SimTablet {
    const tablet = this.tablets.find(
      (one) =>
        one.running && one.keyspace === keyspace && one.shard === shard && one.type === TabletType.PRIMARY,
    );
    if (tablet === undefined)
      throw new Error(`the simulated cluster has no primary for ${keyspace}/${shard}`);
    return tablet;
  }

  /** Does a native operation to its end; throws where the simulated Vitess refuses it. */
  run(operation: Native): void {
    finish(operation);
  }

  restart(tablet: SimTablet): void {
    finish(startTablet(this, tablet));
  }

  #hook([verb, alias]: readonly string[]): Outcome<null> {
    const tablet = this.tablets.find(({ name, running }) => running && name === alias);
    if (verb === "true") return answered(null);
    if (verb !== "stop" || tablet === undefined) return unanswered("failed", `exit 1: ${verb} ${alias}`);
    tablet.supervised = false;
    tablet.stop();
    return answered(null);
  }

  nowSeconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  tabletAt(record: Tablet): SimTablet | null {
    return this.byGrpc(record.hostname, record.portMap.grpc ?? 0);
  }

  byGrpc(host: string, port: number): SimTablet | null {
    return this.#listeners.get(`grpc ${host}:${port}`)?.find(({ running }) => running) ?? null;
  }

  byHttp(host: string, port: number): SimTablet | null {
    return this.#listeners.get(`http ${host}:${port}`)?.find(({ running }) => running) ?? null;
  }

  byMysql(host: string, port: number): SimMysql | null {
    return this.#listeners.get(`mysql ${host}:${port}`)?.find(({ mysql }) => mysql.running)?.mysql ?? null;
  }

  byAlias(alias: Alias): SimTablet | null {
    return this.tablets.find(({ name, running }) => running && name === formatAlias(alias)) ?? null;
  }

  streamersOf(tablet: SimTablet): number {
    return this.tablets.reduce((sum, { engine }) => sum + engine.readersOf(tablet.mysql), 0);
  }
}
