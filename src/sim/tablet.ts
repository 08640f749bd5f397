import { create } from "@bufbuild/protobuf";
import { type Alias, formatAlias } from "../cluster/alias.js";
import { EVERYTHING, type KeyRange, keyRangeOfShard } from "../cluster/key-range.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { StreamSource } from "../cluster/stream-source.js";
import { type Shard, type Tablet, TabletAliasSchema, TabletType } from "../proto/gen/topodata_pb.js";
import type { Time } from "../proto/gen/vttime_pb.js";
import type { ExecResult, SidecarRow, TabletAddress } from "../tablets/access.js";
import type { SimClock } from "./clock.js";
import type { EngineHost, PickedSource } from "./controller.js";
import { executeAsDba } from "./dba.js";
import { SimEngine } from "./engine.js";
import type { SimMysql } from "./mysql.js";
import type { Random } from "./random.js";
import type { VitessVersion } from "./stream-row.js";
import { pickSource, SERVING_TYPES } from "./tablet-picker.js";
import { commandLineOf, type TabletIdentity } from "./tablet-process.js";
import { blankedRecord, isAfter, isSameTime, recordOf, timeOf } from "./tablet-record.js";
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

/** `--shard_sync_retry_delay`. */
const SHARD_SYNC_MS = 30_000;
const SHUTDOWN_MS = 2_000;
const SUPERVISOR_MS = 5_000;

/** One vttablet process with its MySQL (docs/vitess.md#the-tablet-process). What it knows of the topology is what it read last. */
export class SimTablet implements EngineHost {
  readonly engine: SimEngine;
  running = false;
  #sidecarName = "_vt";
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
    private readonly identity: TabletIdentity,
    private readonly world: TabletWorld,
  ) {
    this.type = identity.initType;
    this.engine = new SimEngine(this);
    this.commandLine = commandLineOf(this, world.topology.global);
  }

  get alias(): Alias {
    return this.identity.alias;
  }
  get name(): string {
    return formatAlias(this.alias);
  }
  get keyspace(): string {
    return this.identity.keyspace;
  }
  get shard(): string {
    return this.identity.shard;
  }
  get version(): VitessVersion {
    return this.identity.version;
  }
  get host(): string {
    return this.identity.host;
  }
  get grpcPort(): number {
    return this.identity.grpcPort;
  }
  get vtPort(): number {
    return this.identity.vtPort;
  }
  get initType(): TabletType {
    return this.identity.initType;
  }
  get mysql(): SimMysql {
    return this.identity.mysql;
  }
  get dbName(): string {
    return this.identity.dbName;
  }
  get copyRowsPerSecond(): number {
    return this.world.copyRowsPerSecond;
  }
  /** As its keyspace's record names it, which the tablet goes by also once that is gone. */
  get sidecarName(): string {
    const record = this.world.topology.keyspace(this.keyspace).get();
    if (record !== null) this.#sidecarName = record.sidecarDbName || "_vt";
    return this.#sidecarName;
  }
  get keyRange(): KeyRange {
    return keyRangeOfShard(this.shard) ?? EVERYTHING;
  }

  get address(): TabletAddress {
    const { host, grpcPort, vtPort, mysql } = this;
    return { host, grpcPort, httpPort: vtPort, mysqlHost: mysql.host, mysqlPort: mysql.port };
  }

  get serving(): boolean {
    return this.running && this.mysql.running && !this.disabled && SERVING_TYPES.includes(this.type);
  }

  nowSeconds(): number {
    return Math.floor(this.world.clock.now() / 1000);
  }

  /** The process begins; what of its start touches the topology is `native/start-tablet.ts`. `startedAt`: of a recorded one. */
  begin(type: TabletType, term: Time | null, startedAt: Time | null = this.#now()): void {
    this.running = true;
    this.disabled = false;
    this.startedAt = startedAt;
    this.#turnInto(type, term);
  }

  changeType(type: TabletType, term: Time | null = null): void {
    this.#turnInto(type, term);
    this.publish();
  }

  record(): Tablet {
    return recordOf(this);
  }

  /** `publishStateLocked`: a missing record ends the process, a record taken over by another one is left alone. */
  publish(): void {
    if (this.world.topology.tablet(this.alias).get() === null) this.#shutDownLater();
    else if (this.#ownsRecord()) this.world.topology.tablet(this.alias).put(recordOf(this));
  }

  /** TabletManager.RefreshState. */
  refreshState(): Outcome<null> {
    const { topology } = this.world;
    const shard = topology.shard(this.keyspace, this.shard);
    const record = shard.get();
    if (record === null) return failed(`node doesn't exist: ${shard.key}`);
    const srvKeyspace = topology.srvKeyspace(this.alias.cell, this.keyspace);
    if (srvKeyspace.get() === null) return failed(`node doesn't exist: ${srvKeyspace.key}`);
    const disabled = this.isDisabledByControl(this.type);
    // A closed pool of prepared transactions never empties (docs/vitess.md#refresh-state).
    if (this.type === TabletType.PRIMARY && this.disabled && disabled)
      return failed("Prepared transactions have not been resolved yet");
    this.disabled = disabled;
    this.#applyDenials(record);
    return answered(null);
  }

  /** `applyDenyList`: of the tables that the record denies, those that are there. */
  #applyDenials(record: Shard): void {
    const tables = this.mysql.data.databases.get(this.dbName);
    this.deniedTables = record.tabletControls
      .filter(({ tabletType }) => tabletType === this.type)
      .flatMap(({ deniedTables }) => deniedTables)
      .filter((table) => tables?.has(table));
  }

  /** Whether the SrvKeyspace of its cell says now that its shard must not serve that type. */
  isDisabledByControl(type: TabletType): boolean {
    const record = this.world.topology.srvKeyspace(this.alias.cell, this.keyspace).get();
    return (record?.partitions ?? [])
      .filter(({ servedType }) => servedType === type)
      .flatMap(({ shardTabletControls }) => shardTabletControls)
      .some(({ name, queryServiceDisabled }) => name === this.shard && queryServiceDisabled);
  }

  executeAsDba(statement: string): Outcome<ExecResult> {
    return executeAsDba(this, statement);
  }

  pickSource(source: StreamSource, row: SidecarRow, prefer = ""): PickedSource | null {
    return pickSource(this.world, source, row, prefer);
  }

  /** SIGTERM: blanks its record, if it still owns it, and ends (docs/vitess.md#shutdown). */
  stop(): void {
    if (this.#ownsRecord()) this.world.topology.tablet(this.alias).put(blankedRecord(this, this.#now()));
    this.kill();
  }

  /** SIGKILL: the topology does not notice. */
  kill(): void {
    this.running = false;
    this.#cancelSync();
    this.engine.close();
  }

  /** One round of the shard sync loop of a PRIMARY (docs/vitess.md#shard-sync). */
  syncShard(): void {
    const at = this.world.topology.shard(this.keyspace, this.shard);
    const shard = at.get();
    if (shard === null) {
      // The record that disabled it is gone: it serves again (docs/vitess.md#complete).
      this.disabled = this.isDisabledByControl(this.type);
      return;
    }
    const { primaryAlias, primaryTermStartTime: term } = shard;
    if (sameAlias(primaryAlias, this.alias) && isSameTime(term, this.term)) return;
    if (primaryAlias === undefined || isAfter(this.term, term))
      at.put({
        ...shard,
        primaryAlias: create(TabletAliasSchema, this.alias),
        ...(this.term === null ? {} : { primaryTermStartTime: this.term }),
      });
    else if (isAfter(term, this.term)) this.#endPrimaryTerm(primaryAlias);
  }

  /** Somebody else is primary since later: it becomes his replica. */
  #endPrimaryTerm(primary: Alias): void {
    const record = this.world.topology.tablet(primary).get();
    const source = record === null ? null : this.world.tabletAt(record);
    if (source !== null && source !== this) this.mysql.replicateFrom(source.mysql);
    this.changeType(TabletType.REPLICA);
  }

  #turnInto(type: TabletType, term: Time | null): void {
    this.type = type;
    this.term = type === TabletType.PRIMARY ? (term ?? this.#now()) : null;
    this.#cancelSync();
    const record = this.world.topology.shard(this.keyspace, this.shard).get();
    if (record !== null) this.#applyDenials(record);
    if (type !== TabletType.PRIMARY) {
      this.engine.close();
      return;
    }
    this.engine.open();
    this.#syncLater();
  }

  #syncLater(): void {
    const { clock } = this.world;
    this.#cancelSync = clock.at(clock.now() + SHARD_SYNC_MS, () => {
      this.#syncLater();
      this.syncShard();
    });
  }

  #shutDownLater(): void {
    const { clock } = this.world;
    const process = this.startedAt;
    clock.at(clock.now() + SHUTDOWN_MS, () => {
      if (!this.running || this.startedAt !== process) return;
      this.stop();
      if (this.supervised) clock.at(clock.now() + SUPERVISOR_MS, () => this.world.restart(this));
    });
  }

  /** `CheckOwnership`. */
  #ownsRecord(): boolean {
    const record = this.world.topology.tablet(this.alias).get();
    return record?.hostname === this.host && record.portMap.vt === this.vtPort;
  }

  #now(): Time {
    return timeOf(this.world.clock.now());
  }
}

const failed = (message: string): Outcome<never> => unanswered("failed", message);
