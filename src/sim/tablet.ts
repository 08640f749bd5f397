import { create } from "@bufbuild/protobuf";
import { type Alias, formatAlias } from "../cluster/alias.js";
import { type KeyRange, keyRangeOfShard } from "../cluster/key-range.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { StreamSource } from "../cluster/stream-source.js";
import {
  type KeyRange as KeyRangeRecord,
  KeyRangeSchema,
  type Tablet,
  TabletSchema,
  TabletType,
} from "../proto/gen/topodata_pb.js";
import { type Time, TimeSchema } from "../proto/gen/vttime_pb.js";
import type { ExecResult, SidecarRow, TabletAddress } from "../tablets/access.js";
import type { SimClock } from "./clock.js";
import { executeAsDba } from "./dba.js";
import { type EngineHost, type PickedSource, SimEngine } from "./engine.js";
import type { SimMysql } from "./mysql.js";
import type { Random } from "./random.js";
import { atLeast, type VitessVersion } from "./stream-row.js";
import { type SimTopology, sameAlias } from "./topology.js";

/** What a process needs of the cluster around it. */
export interface TabletWorld {
  readonly clock: SimClock;
  readonly topology: SimTopology;
  readonly random: Random;
  readonly copyRowsPerSecond: number;
  /** The process that a Tablet record leads to. */
  tabletAt(record: Tablet): SimTablet | null;
  /** Starts an ended process again, as a supervisor does. */
  restart(tablet: SimTablet): void;
}

export interface TabletIdentityOptions {
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

/** Publishing retries of the shard record, `--shard_sync_retry_delay`. */
const SHARD_SYNC_MS = 30_000;
const SHUTDOWN_MS = 2_000;
const SUPERVISOR_MS = 5_000;
const SERVING_TYPES = [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY];

/** One vttablet process with its MySQL (`topology-and-wire.md` 9). What it knows of the topology is what it read last. */
export class SimTablet implements EngineHost {
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
  readonly engine: SimEngine;
  running = false;
  /** Something starts it again when it ends. */
  supervised = false;
  type: TabletType;
  term: Time | null = null;
  startedAt: Time | null = null;
  /** A SrvKeyspace control forbids its type to serve, as far as it knows. */
  disabled = false;
  deniedTables: readonly string[] = [];
  commandLine: readonly string[];
  #cancelSync: () => void = () => {};

  constructor(
    identity: TabletIdentityOptions,
    private readonly world: TabletWorld,
  ) {
    this.alias = identity.alias;
    this.keyspace = identity.keyspace;
    this.shard = identity.shard;
    this.version = identity.version;
    this.host = identity.host;
    this.grpcPort = identity.grpcPort;
    this.vtPort = identity.vtPort;
    this.initType = identity.initType;
    this.mysql = identity.mysql;
    this.dbName = identity.dbName;
    this.type = identity.initType;
    this.engine = new SimEngine(this);
    this.commandLine = commandLine(this, world.topology);
  }

  get name(): string {
    return formatAlias(this.alias);
  }

  get address(): TabletAddress {
    return {
      host: this.host,
      grpcPort: this.grpcPort,
      httpPort: this.vtPort,
      mysqlHost: this.mysql.host,
      mysqlPort: this.mysql.port,
    };
  }

  get keyRange(): KeyRange {
    return keyRangeOfShard(this.shard) ?? { start: "", end: "" };
  }

  get serving(): boolean {
    return this.running && this.mysql.running && !this.disabled && SERVING_TYPES.includes(this.type);
  }

  get copyRowsPerSecond(): number {
    return this.world.copyRowsPerSecond;
  }

  nowSeconds(): number {
    return Math.floor(this.world.clock.now() / 1000);
  }

  /** The process runs as `type`; what of its start touches the topology is `native/start-tablet.ts`. */
  begin(type: TabletType, term: Time | null): void {
    this.running = true;
    this.disabled = false;
    this.startedAt = this.#now();
    this.#turnInto(type, term);
  }

  /** Continues a process of a recorded state. */
  resume(type: TabletType, term: Time | null, startedAt: Time | null): void {
    this.running = true;
    this.startedAt = startedAt;
    this.#turnInto(type, term);
  }

  changeType(type: TabletType, term: Time | null = null): void {
    this.#turnInto(type, term);
    this.publish();
  }

  /** Its record as it would write it. */
  record(): Tablet {
    const range = keyRangeRecord(this.shard);
    return create(TabletSchema, {
      alias: this.alias,
      hostname: this.host,
      portMap: { grpc: this.grpcPort, vt: this.vtPort },
      keyspace: this.keyspace,
      shard: this.shard,
      ...(range === null ? {} : { keyRange: range }),
      type: this.type,
      mysqlHostname: this.mysql.host,
      mysqlPort: this.mysql.port,
      ...(this.term === null ? {} : { primaryTermStartTime: this.term }),
      defaultConnCollation: 255,
      ...(this.startedAt !== null && atLeast(this.version, 20) ? { tabletStartTime: this.startedAt } : {}),
    });
  }

  /** `publishStateLocked`: a missing record ends the process, a record taken over by another one is left alone. */
  publish(): void {
    const at = this.world.topology.tablet(this.alias);
    const before = at.get();
    if (before === null) this.#shutDownLater();
    else if (before.hostname === this.host && before.portMap.vt === this.vtPort) at.put(this.record());
  }

  /** TabletManager.RefreshState. */
  refreshState(): Outcome<null> {
    const shard = this.world.topology.shard(this.keyspace, this.shard).get();
    if (shard === null)
      return failed(`node doesn't exist: ${this.world.topology.shard(this.keyspace, this.shard).key}`);
    const srvKeyspace = this.world.topology.srvKeyspace(this.alias.cell, this.keyspace).get();
    if (srvKeyspace === null)
      return failed(
        `node doesn't exist: ${this.world.topology.srvKeyspace(this.alias.cell, this.keyspace).key}`,
      );
    // A closed pool of prepared transactions never empties (verified.md 3.3).
    if (this.type === TabletType.PRIMARY && this.disabled && this.#isDisabledIn())
      return failed("Prepared transactions have not been resolved yet");
    this.disabled = this.#isDisabledIn();
    this.deniedTables = shard.tabletControls
      .filter(({ tabletType }) => tabletType === this.type)
      .flatMap(({ deniedTables }) => deniedTables);
    return answered(null);
  }

  executeAsDba(statement: string): Outcome<ExecResult> {
    return executeAsDba(this, statement);
  }

  /** Of the first wanted type that has one when `in_order:`, else any of the wanted types (`discovery/tablet_picker.go`). */
  pickSource(source: StreamSource, row: SidecarRow, prefer = ""): PickedSource | null {
    if (source.externalCluster !== "" || source.externalMysql !== "") return null;
    const { topology, random } = this.world;
    const serving = topology.replicas(source.keyspace, source.shard).flatMap((alias) => {
      const record = topology.tablet(alias).get();
      const tablet = record === null ? null : this.world.tabletAt(record);
      return tablet?.serving === true ? [tablet] : [];
    });
    const wanted = row.tablet_types ?? "";
    const groups = wantedTypes(wanted).map((type) => serving.filter((tablet) => tablet.type === type));
    const candidates = wanted.startsWith("in_order:")
      ? (groups.find((group) => group.length > 0) ?? [])
      : groups.flat();
    const picked =
      candidates.find(({ name }) => name === prefer) ??
      candidates[random.below(Math.max(1, candidates.length))];
    if (picked === undefined) return null;
    return {
      alias: picked.alias,
      mysql: picked.mysql,
      alive: () => picked.running && picked.mysql.running,
    };
  }

  /** SIGTERM: blanks its record, if it still owns it, and ends (`topology-and-wire.md` 9.5). */
  stop(): void {
    const at = this.world.topology.tablet(this.alias);
    const before = at.get();
    if (before?.hostname === this.host && before.portMap.vt === this.vtPort) {
      const { tabletStartTime: _, ...rest } = this.record();
      const shutDown = atLeast(this.version, 20) ? { tabletShutdownTime: this.#now() } : {};
      at.put(create(TabletSchema, { ...rest, hostname: "", mysqlHostname: "", portMap: {}, ...shutDown }));
    }
    this.kill();
  }

  /** SIGKILL: the topology does not notice. */
  kill(): void {
    this.running = false;
    this.#cancelSync();
    this.engine.close();
  }

  /** One round of the shard sync loop of a PRIMARY (`topology-and-wire.md` 9.3). */
  syncShard(): void {
    const at = this.world.topology.shard(this.keyspace, this.shard);
    const shard = at.get();
    if (shard === null) {
      // The record that disabled it is gone: it serves again (verified.md 4).
      this.disabled = this.#isDisabledIn();
      return;
    }
    if (sameAlias(shard.primaryAlias, this.alias) && sameTime(shard.primaryTermStartTime, this.term)) return;
    if (shard.primaryAlias === undefined || after(this.term, shard.primaryTermStartTime)) {
      const term = this.term === null ? {} : { primaryTermStartTime: this.term };
      at.put({ ...shard, primaryAlias: this.record().alias, ...term } as typeof shard);
    } else if (after(shard.primaryTermStartTime, this.term)) this.#endPrimaryTerm(shard.primaryAlias);
  }

  #endPrimaryTerm(primary: Alias): void {
    const record = this.world.topology.tablet(primary).get();
    const source = record === null ? null : this.world.tabletAt(record);
    if (source !== null) this.mysql.replicateFrom(source.mysql);
    this.changeType(TabletType.REPLICA);
  }

  #turnInto(type: TabletType, term: Time | null): void {
    this.type = type;
    this.term = type === TabletType.PRIMARY ? (term ?? this.#now()) : null;
    if (type === TabletType.PRIMARY) this.engine.open();
    else this.engine.close();
    this.#cancelSync();
    if (type === TabletType.PRIMARY) this.#syncLater();
  }

  #syncLater(): void {
    const { clock } = this.world;
    this.#cancelSync = clock.at(clock.now() + SHARD_SYNC_MS, () => {
      this.syncShard();
      if (this.type === TabletType.PRIMARY) this.#syncLater();
    });
  }

  #shutDownLater(): void {
    const { clock } = this.world;
    clock.at(clock.now() + SHUTDOWN_MS, () => {
      if (!this.running) return;
      this.stop();
      if (this.supervised) clock.at(clock.now() + SUPERVISOR_MS, () => this.world.restart(this));
    });
  }

  #isDisabledIn(): boolean {
    const record = this.world.topology.srvKeyspace(this.alias.cell, this.keyspace).get();
    return (record?.partitions ?? [])
      .filter(({ servedType }) => servedType === this.type)
      .flatMap(({ shardTabletControls }) => shardTabletControls)
      .some(({ name, queryServiceDisabled }) => name === this.shard && queryServiceDisabled);
  }

  #now(): Time {
    return timeOf(this.world.clock.now());
  }
}

export const timeOf = (ms: number): Time =>
  create(TimeSchema, { seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * 1_000_000 });

/** Null for a shard without a key range (`0`). */
export const keyRangeRecord = (shard: string): KeyRangeRecord | null => {
  if (!shard.includes("-")) return null;
  const range = keyRangeOfShard(shard);
  if (range === null) return null;
  return create(KeyRangeSchema, {
    start: Buffer.from(range.start, "hex"),
    end: Buffer.from(range.end, "hex"),
  });
};

const failed = (message: string): Outcome<never> => unanswered("failed", message);

const nanos = (time: Time | null | undefined): bigint =>
  time === null || time === undefined ? 0n : time.seconds * 1_000_000_000n + BigInt(time.nanoseconds);

const after = (a: Time | null | undefined, b: Time | null | undefined): boolean => nanos(a) > nanos(b);

const sameTime = (a: Time | null | undefined, b: Time | null | undefined): boolean => nanos(a) === nanos(b);

/** `in_order:replica,primary`; empty is vttablet's default. */
const wantedTypes = (text: string): readonly TabletType[] =>
  (text === "" ? "replica,primary" : text)
    .replace(/^in_order:/, "")
    .split(",")
    .map((name) => SERVING_TYPES.find((type) => TabletType[type] === name.trim().toUpperCase()))
    .filter((type) => type !== undefined);

const commandLine = (tablet: SimTablet, topology: SimTopology): readonly string[] => {
  const dashed = atLeast(tablet.version, 23);
  const flag = (name: string): string => `--${dashed ? name : name.replaceAll("-", "_")}`;
  return [
    "vttablet",
    flag("topo-implementation"),
    "etcd2",
    flag("topo-global-server-address"),
    topology.global.etcd.server,
    flag("topo-global-root"),
    topology.global.root,
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
