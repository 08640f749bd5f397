import { execFile, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { LONG } from "./long.js";

const run = promisify(execFile);
const HOME = process.env.VTDOCTOR_LAB_HOME ?? "/opt/vitess-lab";

/** `23-24`: in the middle of an upgrade, with vtctld and the tablets below 200 at 24 and the others at 23. */
export type Version = "24" | "23-24" | "23" | "22" | "21" | "19";

const folderOf = (version: Version): string => (version === "24" ? "vitess" : `vitess${version}`);

/** Why the lab can not run here, or null. `.ci/run` turns a reason into a failure. */
export function labMissing(): string | null {
  const parts = ["vitess/bin/vttablet", "vitess19/built-2", "mysql/base/mysql"];
  if (LONG) parts.push(...["21", "22", "23"].map((version) => `vitess${version}/built-1`));
  const missing = parts.filter((part) => !existsSync(join(HOME, part)));
  return missing.length === 0
    ? null
    : `the real-cluster lab is not installed (${missing.join(", ")} missing in ${HOME}): npm run lab:install${LONG ? " -- all" : ""}`;
}

export interface Cell {
  readonly name: string;
  /** A server of its own, or the global one's. */
  readonly etcdPort: number;
  readonly root: string;
}

export interface LabOptions {
  readonly version: Version;
  /** The first is where vtctld runs. */
  readonly cells?: readonly Cell[];
}

export const GLOBAL_ETCD = 22379;
const ONE_CELL: readonly Cell[] = [{ name: "zone1", etcdPort: GLOBAL_ETCD, root: "/vitess/zone1" }];
/** The second cell has its own etcd server and its own root. */
export const TWO_CELLS: readonly Cell[] = [
  ...ONE_CELL,
  { name: "zone2", etcdPort: 22479, root: "/cells/two" },
];

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Tablet {
  readonly uid: number;
  readonly cell: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly type: string;
}

/**
 * A real Vitess cluster on this machine: etcd, vtctld, vttablets with a mysqld each. Ports: tablet UID: HTTP 15000+UID, gRPC 16000+UID,
 * MySQL 27000+UID. Only one lab runs at a time (files of this project run in series).
 */
export class Lab {
  private readonly pids = new Map<string, number>();
  private readonly tablets = new Map<number, Tablet>();
  /** An override lets a second lab run beside it in a network namespace of its own. */
  readonly dir = process.env.VTDOCTOR_LAB_DIR ?? "/tmp/vtdoctor-lab";
  readonly server = `127.0.0.1:${GLOBAL_ETCD}`;
  readonly root = "/vitess/global";

  private constructor(
    readonly version: Version,
    readonly cells: readonly Cell[],
  ) {}

  static async up(options: LabOptions): Promise<Lab> {
    const lab = new Lab(options.version, options.cells ?? ONE_CELL);
    await lab.sweep();
    rmSync(lab.dir, { recursive: true, force: true });
    mkdirSync(lab.dir, { recursive: true });
    lab.give(lab.dir);
    for (const port of new Set([GLOBAL_ETCD, ...lab.cells.map((cell) => cell.etcdPort)]))
      await lab.startEtcd(port);
    await lab.startVtctld();
    for (const cell of lab.cells) {
      await lab.ctl(
        "AddCellInfo",
        "--root",
        cell.root,
        "--server-address",
        `127.0.0.1:${cell.etcdPort}`,
        cell.name,
      );
    }
    return lab;
  }

  /** `bin` of the chosen version, for a tablet its own; servers that others lack in the lab (vtgate, vtorc) are v24's. */
  private bin(name: string, uid = 0): string {
    const version = this.version === "23-24" ? (uid < 200 ? "24" : "23") : this.version;
    const own = join(HOME, folderOf(version), "bin", name);
    return existsSync(own) ? own : join(HOME, "vitess/bin", name);
  }

  private get mysqlBin(): string {
    return join(HOME, "mysql/bin");
  }

  private get topology(): string[] {
    return [
      "--topo-implementation",
      "etcd2",
      "--topo-global-server-address",
      this.server,
      "--topo-global-root",
      this.root,
    ];
  }

  async startEtcd(port: number): Promise<void> {
    const url = `http://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${port + 1}`;
    this.spawn(`etcd-${port}`, "etcd", [
      ...[
        "--data-dir",
        join(this.dir, `etcd-${port}`),
        "--listen-client-urls",
        url,
        "--advertise-client-urls",
        url,
      ],
      ...[
        "--listen-peer-urls",
        peer,
        "--initial-advertise-peer-urls",
        peer,
        "--initial-cluster",
        `default=${peer}`,
      ],
    ]);
    await opened(port);
  }

  async startVtctld(): Promise<void> {
    this.spawn("vtctld", this.bin("vtctld"), [
      ...this.topology,
      ...["--port", "25000", "--grpc-port", "25999", "--service-map", "grpc-vtctl,grpc-vtctld"],
      ...["--backup-storage-implementation", "file", "--file-backup-storage-root", join(this.dir, "backups")],
    ]);
    await opened(25999);
  }

  /**
   * One for each cell that is asked for: a vtgate reads from replicas of its own cell only. It waits for primaries: a shard without a replica
   * would keep it from listening for 30 s.
   */
  async startVtgate(cell = "zone1"): Promise<void> {
    const base = this.gatePort(cell);
    const names = this.cells.map((cell) => cell.name).join(",");
    this.spawn(`vtgate-${cell}`, this.bin("vtgate"), [
      ...this.topology,
      ...[
        "--cell",
        cell,
        "--cells-to-watch",
        names,
        "--tablet-types-to-wait",
        "PRIMARY",
        "--port",
        String(base + 1),
      ],
      ...["--grpc-port", String(base + 991), "--mysql-server-port", String(base + 306)],
      ...["--mysql-auth-server-impl", "none"],
    ]);
    await opened(base + 306);
  }

  private gatePort(cell: string): number {
    return 25000 + 1000 * this.cells.findIndex(({ name }) => name === cell);
  }

  /** A mysqld and a vttablet; called again for the same UID it restarts the vttablet. */
  async tablet(
    uid: number,
    keyspace: string,
    shard: string,
    type = "replica",
    cell = "zone1",
    flags: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    this.tablets.set(uid, { uid, cell, keyspace, shard, type });
    if (!this.alive(`mysqld-${uid}`)) await this.startMysqld(uid);
    await this.startVttablet(uid, flags);
  }

  private vttabletArguments(uid: number): readonly string[] {
    const tablet = this.tablets.get(uid);
    if (tablet === undefined) throw new Error(`no tablet ${uid} in this lab`);
    return [
      ...this.topology,
      ...[
        "--tablet-path",
        `${tablet.cell}-${uid}`,
        "--init-keyspace",
        tablet.keyspace,
        "--init-shard",
        tablet.shard,
      ],
      ...[
        "--init-tablet-type",
        tablet.type,
        "--port",
        String(15000 + uid),
        "--grpc-port",
        String(16000 + uid),
      ],
      ...[
        "--service-map",
        "grpc-queryservice,grpc-tabletmanager,grpc-updatestream",
        "--mycnf-file",
        join(this.folder(uid), "my.cnf"),
      ],
      ...["--tablet-hostname", "127.0.0.1", "--health-check-interval", "5s", "--restore-from-backup=false"],
    ];
  }

  /** `flags`: values that differ from those of the lab's tablets, by name without dashes; `name=value` with an empty one where Vitess wants it so. */
  async startVttablet(uid: number, flags: Readonly<Record<string, string>> = {}): Promise<void> {
    const given = [...this.vttabletArguments(uid)];
    for (const [name, value] of Object.entries(flags)) {
      const at = given.indexOf(`--${name}`);
      if (at < 0) given.push(`--${name}`, ...(value === "" ? [] : [value]));
      else given[at + 1] = value;
    }
    this.spawn(`vttablet-${uid}`, this.bin("vttablet", uid), given);
    await opened(Number(flags["grpc-port"] ?? 16000 + uid));
  }

  /** Runs its vttablet under a loop that starts it again 10 s after each end, as a supervisor does, until the loop itself gets SIGTERM. */
  async supervise(uid: number): Promise<void> {
    await this.stop(`vttablet-${uid}`);
    const command = [this.bin("vttablet", uid), ...this.vttabletArguments(uid)].join(" ");
    const loop = `trap 'kill $p; wait $p; exit' TERM; while :; do ${command} & p=$!; wait $p; sleep 10; done`;
    this.spawn(`vttablet-${uid}`, "bash", ["-c", loop]);
    await opened(16000 + uid);
  }

  /** A program that ends the vttablet of the alias that it is given, supervised or not: what an operator names as `hooks.stopTablet`. */
  stopProgram(): string {
    const path = join(this.dir, "stop-vttablet");
    const cases = [...this.tablets.values()].map(
      ({ uid, cell }) =>
        `${cell}-${String(uid).padStart(10, "0")}) exec kill -TERM ${this.pids.get(`vttablet-${uid}`)};;`,
    );
    writeFileSync(path, ["#!/bin/bash", 'case "$1" in', ...cases, "esac", "exit 1", ""].join("\n"));
    chmodSync(path, 0o755);
    return path;
  }

  async startVtorc(): Promise<void> {
    this.spawn("vtorc", this.bin("vtorc"), [
      ...this.topology,
      ...[
        "--cell",
        "zone1",
        "--port",
        "25100",
        "--instance-poll-time",
        "1s",
        "--topo-information-refresh-duration",
        "2s",
      ],
    ]);
    await opened(25100);
  }

  async startMysqld(uid: number): Promise<void> {
    const dir = this.folder(uid);
    if (!existsSync(join(dir, "data"))) this.mysqlFolder(uid, dir);
    this.spawn(`mysqld-${uid}`, join(this.mysqlBin, "mysqld"), [`--defaults-file=${join(dir, "my.cnf")}`]);
    await opened(27000 + uid);
  }

  private mysqlFolder(uid: number, dir: string): void {
    mkdirSync(dir, { recursive: true });
    cpSync(join(HOME, "mysql/base"), join(dir, "data"), { recursive: true });
    const at = (name: string) => join(dir, name);
    writeFileSync(
      at("my.cnf"),
      [
        ...[
          "[mysqld]",
          `server-id=${uid}`,
          `port=${27000 + uid}`,
          `datadir=${at("data")}`,
          `socket=${at("mysql.sock")}`,
        ],
        ...[`pid-file=${at("mysql.pid")}`, `log-error=${at("error.log")}`, `log-bin=${at("data/bin")}`],
        ...[
          `relay-log=${at("data/relay")}`,
          `relay-log-index=${at("relay.index")}`,
          `innodb-data-home-dir=${at("data")}`,
        ],
        ...[
          `innodb-log-group-home-dir=${at("data")}`,
          `general-log-file=${at("general.log")}`,
          `slow-query-log-file=${at("slow.log")}`,
        ],
        ...["tmpdir=/tmp", readFileSync(join(HOME, "mysql/base.cnf"), "utf8")],
        // As everywhere by default: it tells who uses which table. Only the installation does without.
        "performance-schema=ON",
      ].join("\n"),
    );
    this.give(dir, true);
  }

  /** A file in the lab's folder; its path. */
  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    return path;
  }

  folder(uid: number): string {
    return join(this.dir, `vt_${String(uid).padStart(10, "0")}`);
  }

  /** vtctldclient; throws with its words when it fails. */
  async ctl(...args: string[]): Promise<string> {
    const said = await this.tryCtl(...args);
    if (said.code !== 0) throw new Error(`vtctldclient ${args.join(" ")}: ${said.stderr}${said.stdout}`);
    return said.stdout;
  }

  async tryCtl(...args: string[]): Promise<Ran> {
    const [program, ...server] = this.vtctldclient;
    return ran(program, [...server, ...args], 120_000);
  }

  /** The program of this version, and where its vtctld is. */
  get vtctldclient(): readonly [string, ...string[]] {
    return [this.bin("vtctldclient"), "--server", "127.0.0.1:25999"];
  }

  /** One statement as MySQL's root on a tablet's mysqld; rows without header, columns by tab. */
  async sql(uid: number, statement: string, database = "", timeout = 60_000): Promise<string> {
    const args = ["-uroot", "-S", join(this.folder(uid), "mysql.sock"), "-N", "-B", "--raw"];
    const said = await ran(
      join(this.mysqlBin, "mysql"),
      [...args, ...(database ? [database] : []), "-e", statement],
      timeout,
    );
    if (said.code !== 0) throw new Error(`mysql on ${uid}: ${said.stderr}`);
    return said.stdout.trim();
  }

  /** A query through the vtgate of a cell, columns by tab; `target` as `customer@replica`. The client of MySQL 9 can not log in to a vtgate. */
  async gate(target: string, statement: string, cell = "zone1", timeout = 20_000): Promise<string> {
    const port = this.gatePort(cell) + 306;
    const connection = await createConnection({
      host: "127.0.0.1",
      port,
      user: "nobody",
      database: target,
      rowsAsArray: true,
    });
    try {
      const [rows] = await connection.query({ sql: statement, timeout });
      return Array.isArray(rows)
        ? rows.map((row) => (Array.isArray(row) ? row.join("\t") : "")).join("\n")
        : "";
    } finally {
      connection.destroy();
    }
  }

  async etcdctl(port: number, ...args: string[]): Promise<string> {
    const said = await ran("etcdctl", ["--endpoints", `127.0.0.1:${port}`, ...args], 30_000, {
      ETCDCTL_API: "3",
    });
    if (said.code !== 0) throw new Error(`etcdctl ${args.join(" ")}: ${said.stderr}`);
    return said.stdout;
  }

  async revision(port = GLOBAL_ETCD): Promise<number> {
    const status = JSON.parse(await this.etcdctl(port, "endpoint", "status", "-w", "json"));
    return Number(status[0].Status.header.revision);
  }

  /** Every key below the roots with its value, for "the records equal those before". */
  async topologyKeys(port = GLOBAL_ETCD): Promise<ReadonlyMap<string, string>> {
    const read = JSON.parse(await this.etcdctl(port, "get", "", "--prefix", "-w", "json"));
    const kvs: { key: string; value?: string }[] = read.kvs ?? [];
    return new Map(kvs.map((kv) => [Buffer.from(kv.key, "base64").toString(), kv.value ?? ""]));
  }

  /** Ends an etcd and starts it again with what a snapshot held. */
  async putBack(port: number, snapshot: string): Promise<void> {
    await this.stop(`etcd-${port}`, "SIGKILL");
    const data = join(this.dir, `etcd-${port}`);
    rmSync(data, { recursive: true });
    const peer = `http://127.0.0.1:${port + 1}`;
    await this.etcdctl(
      port,
      "snapshot",
      "restore",
      snapshot,
      "--data-dir",
      data,
      "--initial-cluster",
      `default=${peer}`,
      "--initial-advertise-peer-urls",
      peer,
    );
    this.give(data, true);
    await this.startEtcd(port);
  }

  signal(name: string, signal: NodeJS.Signals): void {
    const pid = this.pids.get(name);
    if (pid === undefined) throw new Error(`${name} was never started`);
    process.kill(-pid, signal);
  }

  /** SIGTERM (or another) and wait for the end. */
  async stop(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.signal(name, signal);
    await until(`${name} to end`, 40_000, async () => !this.alive(name));
  }

  alive(name: string): boolean {
    const pid = this.pids.get(name);
    if (pid === undefined) return false;
    try {
      process.kill(pid, 0);
      return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z");
    } catch {
      return false;
    }
  }

  async down(): Promise<void> {
    for (const name of this.pids.keys()) if (name.startsWith("vt")) this.killQuietly(name, "SIGKILL");
    for (const name of this.pids.keys()) this.killQuietly(name, "SIGKILL");
    await until("the lab to end", 20_000, async () =>
      [...this.pids.keys()].every((name) => !this.alive(name)),
    );
    rmSync(this.dir, { recursive: true, force: true });
  }

  private killQuietly(name: string, signal: NodeJS.Signals): void {
    if (!this.alive(name)) return;
    this.signal(name, "SIGCONT");
    this.signal(name, signal);
  }

  /** Ends what an earlier lab that was killed left behind: its processes hold our ports. */
  private async sweep(): Promise<void> {
    for (const pid of this.leftBehind()) process.kill(-pid, "SIGKILL");
    await until(
      "the ports to be free",
      20_000,
      async () => !(await isOpen(GLOBAL_ETCD)) && !(await isOpen(25999)),
    );
  }

  /** A process id may have been given to somebody else since: the environment tells ours. */
  private leftBehind(): readonly number[] {
    if (!existsSync(this.pidFile)) return [];
    return readFileSync(this.pidFile, "utf8")
      .split("\n")
      .map(Number)
      .filter((pid) => pid > 1 && existsSync(`/proc/${pid}/environ`))
      .filter((pid) =>
        readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`VTDATAROOT=${this.dir}`),
      );
  }

  private get pidFile(): string {
    return join(this.dir, "pids");
  }

  private spawn(name: string, command: string, args: readonly string[]): void {
    const log = openSync(join(this.dir, `${name}.log`), "a");
    const asUser = process.getuid?.() === 0;
    const [program, all] = asUser
      ? ["setpriv", ["--reuid", "vitess", "--regid", "vitess", "--init-groups", command, ...args]]
      : [command, [...args]];
    const env = {
      ...process.env,
      VTDATAROOT: this.dir,
      VT_MYSQL_ROOT: join(HOME, "mysqlroot"),
      VTDOCTOR_LAB_CELL: this.cells[0]?.name ?? "",
    };
    const child = spawn(program, all, { detached: true, stdio: ["ignore", log, log], env });
    child.unref();
    if (child.pid === undefined) throw new Error(`${program} did not start`);
    this.pids.set(name, child.pid);
    appendFileSync(this.pidFile, `${child.pid}\n`);
  }

  /** The servers run as the user vitess where we are root. */
  private give(path: string, recursive = false): void {
    if (process.getuid?.() !== 0) return;
    chmodSync(path, 0o755);
    const [uid, gid] =
      readFileSync("/etc/passwd", "utf8")
        .match(/^vitess:[^:]*:(\d+):(\d+)/m)
        ?.slice(1)
        .map(Number) ?? [];
    if (uid === undefined || gid === undefined) throw new Error("no user vitess: run npm run lab:install");
    if (recursive) spawnSyncChown(path);
    else chownSync(path, uid, gid);
  }
}

function spawnSyncChown(path: string): void {
  const said = spawnSync("chown", ["-R", "vitess:vitess", path]);
  if (said.status !== 0) throw new Error(`chown ${path}: ${said.stderr}`);
}

export async function ran(
  command: string,
  args: readonly string[],
  timeout: number,
  env: Record<string, string> = {},
  cwd?: string,
): Promise<Ran> {
  try {
    const said = await run(command, args, {
      timeout,
      maxBuffer: 64 << 20,
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    return { code: 0, stdout: said.stdout, stderr: said.stderr };
  } catch (error) {
    const failed = error as { code?: number | string; stdout?: string; stderr?: string; message: string };
    const code = typeof failed.code === "number" ? failed.code : -1;
    return { code, stdout: failed.stdout ?? "", stderr: failed.stderr || failed.message };
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `done`, or throws with what was waited for. */
export async function until(what: string, timeoutMs: number, done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(200);
  }
}

const opened = (port: number): Promise<void> => until(`port ${port}`, 60_000, () => isOpen(port));

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(socket.destroy() && true));
    socket.once("error", () => resolve(false));
  });
}
