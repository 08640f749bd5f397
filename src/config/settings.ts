import { UsageError } from "../cluster/errors.js";
import { mysqlPasswordOf, type StaticAuth, staticAuthOf, type Tls, tlsOf } from "./secrets.js";

/** What the command line, the environment and the config file together said, checked. */
export class Given {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  /** The same as if these had not been given. */
  without(...names: readonly string[]): Given {
    return new Given(
      Object.fromEntries(Object.entries(this.values).filter(([name]) => !names.includes(name))),
    );
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value)) throw new UsageError(`--${name}: is given more than once; give it once.`);
    if (value === "") throw new UsageError(`--${name}: is empty; give a value or leave the flag out.`);
    return String(value);
  }

  texts(name: string): readonly string[] {
    const value = this.values[name];
    if (value === undefined || value === null) return [];
    return (Array.isArray(value) ? value : [value]).map(String);
  }

  /** `--cell zone1,zone2`, as Vitess's own flags take cells, or the flag repeated. */
  names(name: string): readonly string[] {
    const names = this.texts(name).flatMap((text) => text.split(",").map((each) => each.trim()));
    if (names.includes(""))
      throw new UsageError(`--${name}: has an empty name; give names, with commas between them.`);
    return names;
  }

  yes(name: string): boolean {
    return this.values[name] === true;
  }

  /** Undefined where it was not said either way. */
  choice(name: string): boolean | undefined {
    const value = this.values[name];
    return value === undefined ? undefined : value === true;
  }

  number(name: string): number {
    const value = Number(this.values[name]);
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`--${name}: must be a whole number of at least 1.`);
    return value;
  }

  duration(name: string): number | null {
    const text = this.text(name);
    return text === undefined ? null : parseDuration(name, text);
  }
}

export interface Connection {
  readonly globalServer: string;
  readonly globalRoot: string;
  readonly etcdTls: Tls | null;
  readonly tabletTls: (Tls & { readonly serverName?: string }) | null;
  readonly staticAuth: StaticAuth | null;
  readonly mysql: { readonly user: string; readonly password: string; readonly tls: Tls | null } | null;
  /** `--server` with its TLS. */
  readonly vtctld: { readonly address: string; readonly tls: Connection["tabletTls"] } | null;
  readonly inventory: string | null;
  readonly timeoutMs: number;
  /** Of a call that changes something at a tablet. */
  readonly writeTimeoutMs: number;
  readonly concurrency: number;
  readonly keyspaces: readonly string[];
  readonly cells: readonly string[];
}

/** Throws a UsageError where no topology is named. */
export function connectionOf(given: Given, env: NodeJS.ProcessEnv): Connection {
  const kind = given.text("topo-implementation");
  if (kind !== undefined && kind !== "etcd2")
    throw new UsageError(`--topo-implementation: vtdoctor reads etcd only (etcd2), not ${kind}.`);
  const globalServer = given.text("topo-global-server-address");
  if (globalServer === undefined) {
    throw new UsageError(
      "--topo-global-server-address: is missing; give the etcd of the global topology as host:port (or --snapshot FILE).",
    );
  }
  const read = (name: string) => given.text(name);
  const tabletTls = tlsOf("tablet-manager-grpc", read);
  const serverName = given.text("tablet-manager-grpc-server-name");
  const creds = given.text("grpc-auth-static-client-creds");
  const user = given.text("mysql-user");
  return {
    globalServer,
    globalRoot: rootOf(given.text("topo-global-root") ?? "/vitess/global"),
    etcdTls: tlsOf("topo-etcd-tls", read),
    tabletTls:
      tabletTls === null ? null : { ...tabletTls, ...(serverName === undefined ? {} : { serverName }) },
    staticAuth: creds === undefined ? null : staticAuthOf(creds),
    mysql:
      user === undefined
        ? null
        : {
            user,
            password: mysqlPasswordOf(given.text("mysql-password-file"), env),
            tls: tlsOf("mysql-ssl", read),
          },
    vtctld: vtctldOf(given),
    inventory: given.text("inventory") ?? null,
    timeoutMs: given.duration("timeout") ?? 5000,
    writeTimeoutMs: writeTimeoutOf(given),
    concurrency: given.number("concurrency"),
    keyspaces: given.names("keyspace"),
    cells: given.names("cell"),
  };
}

function writeTimeoutOf(given: Given): number {
  const ms = given.duration("write-timeout") ?? 300_000;
  if (ms < LEAST_WRITE_TIMEOUT_MS)
    throw new UsageError(
      "--write-timeout: a change that is given up too early may be made all the same; give 15s or more.",
    );
  return ms;
}

/** MySQL itself gives up waiting for a table after 10 s (`apply/ddl.ts`): its answer must come first. */
const LEAST_WRITE_TIMEOUT_MS = 15_000;

export function vtctldOf(given: Given): Connection["vtctld"] {
  const address = given.text("server");
  if (address === undefined) return null;
  if (!/^.+:[0-9]+$/.test(address))
    throw new UsageError(`--server: "${address}" must be vtctld's gRPC address as host:port.`);
  const tls = tlsOf("vtctld-grpc", (name) => given.text(name));
  const serverName = given.text("vtctld-grpc-server-name");
  return { address, tls: tls && { ...tls, ...(serverName === undefined ? {} : { serverName }) } };
}

/** As Vitess joins it: no slash at the end (docs/vitess.md#roots). */
const rootOf = (text: string): string => text.replace(/\/+$/, "");

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's notation as Vitess's flags take it (`500ms`, `45s`, `1m30s`), in milliseconds. */
function parseDuration(flag: string, text: string): number {
  if (text === "0") return 0;
  const whole = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text);
  if (!whole) throw new UsageError(`--${flag}: "${text}" is no duration; write it like 500ms, 30s or 1m30s.`);
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (UNITS[unit] ?? 0);
  return total;
}
