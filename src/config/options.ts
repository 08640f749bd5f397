import { FORMATS } from "../report/formats.js";

/** One option as the command line, the environment and the config file know it. Flags that exist in Vitess keep Vitess's name. */
export interface Option {
  readonly type: "string" | "number" | "boolean" | "strings" | "duration";
  readonly about: string;
  /** One letter, as other tools have it: `-n`. */
  readonly short?: string;
  /** What its value is, in help: `FILE`. */
  readonly value?: string;
  readonly group: "Connection" | "Selection" | "Output" | "Writing";
  readonly default?: string | number | boolean;
  readonly choices?: readonly string[];
}

const connection = <V extends string>(value: V, about: string) =>
  ({ type: "string", value, group: "Connection", about }) as const;

/** The three files of TLS, as Vitess names them. */
const tls = <P extends string>(prefix: P, servers: string, service: string) =>
  ({
    [`${prefix}-ca`]: connection("FILE", `CA of ${servers}`),
    [`${prefix}-cert`]: connection("FILE", `client certificate for ${service}`),
    [`${prefix}-key`]: connection("FILE", `client key for ${service}`),
  }) as Record<`${P}-${"ca" | "cert" | "key"}`, ReturnType<typeof connection>>;

/** Options of every command that looks at a cluster or at a snapshot. */
export const CONNECTION = {
  "topo-implementation": connection(
    "etcd2",
    "kind of the global topology server, as Vitess's flags say it; only etcd2",
  ),
  "topo-global-server-address": connection(
    "HOST:PORT",
    "etcd of the global topology, comma-separated host:port",
  ),
  "topo-global-root": {
    type: "string",
    value: "PATH",
    group: "Connection",
    about: "root of the global topology",
    default: "/vitess/global",
  },
  ...tls("topo-etcd-tls", "the etcd servers", "etcd"),
  ...tls("tablet-manager-grpc", "the tablets' gRPC", "the tablets' gRPC"),
  "tablet-manager-grpc-server-name": connection("NAME", "name that the tablets' certificate must have"),
  "grpc-auth-static-client-creds": connection(
    "FILE",
    "JSON file with Username and Password for the tablets' gRPC",
  ),
  "mysql-user": connection("USER", "also ask MySQL itself, as this user"),
  "mysql-password-file": connection("FILE", "its password (or VTDOCTOR_MYSQL_PASSWORD)"),
  ...tls("mysql-ssl", "the MySQL servers", "MySQL"),
  inventory: connection(
    "FILE",
    "YAML or JSON file with more addresses of tablets, and address overrides by alias",
  ),
  "earlier-snapshot": {
    type: "strings",
    value: "FILE",
    group: "Connection",
    about: "snapshot of an earlier scan: its tablets are looked for, its facts compared",
  },
  timeout: { type: "duration", group: "Connection", about: "for one question to one server", default: "5s" },
  concurrency: {
    type: "number",
    group: "Connection",
    about: "questions to tablets at the same time",
    default: 64,
  },
  keyspace: {
    type: "strings",
    value: "KEYSPACE",
    group: "Selection",
    about: "only these keyspaces (comma-separated or repeated)",
  },
  cell: {
    type: "strings",
    value: "CELL",
    group: "Selection",
    about: "only the tablets of these cells (comma-separated or repeated)",
  },
} as const satisfies Record<string, Option>;

export const COMMON = {
  format: {
    type: "string",
    value: "FORMAT",
    short: "f",
    group: "Output",
    about: "how the result is written",
    default: "human",
    choices: ["human", "json"],
  },
  output: {
    type: "string",
    value: "FILE",
    short: "o",
    group: "Output",
    about: "write the result to this file instead of stdout",
  },
  config: {
    type: "string",
    value: "FILE",
    group: "Output",
    about: "config file (default: vtdoctor.yaml here or above, then in the XDG config folder)",
  },
  quiet: { type: "boolean", short: "q", group: "Output", about: "no progress on stderr", default: false },
  verbose: { type: "boolean", short: "v", group: "Output", about: "evidence and every step", default: false },
  color: {
    type: "boolean",
    group: "Output",
    about:
      "colours, or none with --no-color (default: on a terminal that is not TERM=dumb; NO_COLOR and FORCE_COLOR are honoured)",
  },
} as const satisfies Record<string, Option>;

export const SCANNING = {
  format: { ...COMMON.format, choices: FORMATS.map(({ name }) => name) },
} as const satisfies Record<string, Option>;

export const JUDGING = {
  snapshot: {
    type: "string",
    value: "FILE",
    group: "Selection",
    about: "judge this saved snapshot instead of a cluster",
  },
  "save-snapshot": {
    type: "string",
    value: "FILE",
    group: "Output",
    about: "keep what was seen in this file (SQLite)",
  },
  settle: {
    type: "duration",
    group: "Selection",
    about:
      "look twice, this far apart, whatever is seen (30s or more proves that a finding is no passing moment); 0: once. Default: scan, explain and fix look again after 30s at what they suspect",
  },
  "all-tables": {
    type: "boolean",
    group: "Selection",
    about:
      "ask the primary of every shard for its tables, also where no stream, rule or record gives a reason to",
    default: false,
  },
  rule: { type: "strings", value: "RULE", group: "Selection", about: "only this rule (repeatable)" },
  rules: {
    type: "strings",
    value: "FOLDER",
    group: "Selection",
    about: "folder with rules of your own (repeatable)",
  },
  "fail-on": {
    type: "string",
    value: "SEVERITY",
    group: "Output",
    about: "least severity that makes the exit code 1",
    default: "warning",
    choices: ["critical", "warning", "info", "never"],
  },
} as const satisfies Record<string, Option>;

/** What an operator agrees to, each time anew: typed, never taken from a file or the environment. */
export const CONSENT = {
  "dry-run": {
    type: "boolean",
    short: "n",
    group: "Writing",
    about: "print the plan and change nothing",
    default: false,
  },
  out: {
    type: "string",
    value: "FILE",
    short: "o",
    group: "Writing",
    about: "with --dry-run: save the plan to this file",
  },
  yes: { type: "boolean", short: "y", group: "Writing", about: "do not ask", default: false },
  purge: {
    type: "boolean",
    group: "Writing",
    about: "drop tables at once instead of holding them (asks for the keyspace's name)",
    default: false,
  },
  confirm: {
    type: "string",
    value: "KEYSPACE",
    group: "Writing",
    about: "the keyspace's name, where it would be asked for",
  },
} as const satisfies Record<string, Option>;

export const LIMITS = {
  "max-tablets": {
    type: "number",
    group: "Writing",
    about: "refuse to run a plan that touches more tablets",
    default: 10,
  },
  "max-keys": {
    type: "number",
    group: "Writing",
    about: "refuse to run a plan that writes more topology keys",
    default: 50,
  },
  "lock-timeout": {
    type: "duration",
    group: "Writing",
    about: "wait this long for a Vitess lock",
    default: "45s",
  },
  "write-timeout": {
    type: "duration",
    group: "Writing",
    about: "for one change to one tablet; a DDL may have much to do (15s or more)",
    default: "5m",
  },
  "run-dir": {
    type: "string",
    value: "FOLDER",
    group: "Writing",
    about:
      "folder of the runs' journals (default: by cluster, in $XDG_STATE_HOME/vtdoctor, else ~/.local/state/vtdoctor, root's /var/lib/vtdoctor)",
  },
} as const satisfies Record<string, Option>;

/** vtctld, for what Vitess itself does best (elections). */
export const VTCTLD = {
  server: {
    type: "string",
    value: "HOST:PORT",
    group: "Writing",
    about: "vtctld's gRPC address, for elections that finish a repair",
  },
  ...tls("vtctld-grpc", "vtctld's gRPC", "vtctld"),
  "vtctld-grpc-server-name": connection("NAME", "name that vtctld's certificate must have"),
} as const satisfies Record<string, Option>;

/** What the operator lets vtdoctor run on this machine; most at home in the config file. */
export const HOOKS = {
  "hooks.stopTablet": {
    type: "string",
    value: "COMMAND",
    group: "Writing",
    about:
      "command that ends one vttablet for good, with {alias} {host} {port} {keyspace} {shard}; no shell runs it",
  },
} as const satisfies Record<string, Option>;

/** The default: a supervisor's back-off is rarely longer (systemd 100 ms to 5 s, Kubernetes up to 5 min, of which the first rounds are short). */
export const RETIRING = {
  "watch-return": {
    type: "duration",
    group: "Writing",
    about: "of a shard that is retired: watch this long that no ended vttablet comes back (10s or more)",
    default: "2m",
  },
} as const satisfies Record<string, Option>;

/** Options that the config file and the environment may give too. */
export const ALL_OPTIONS: Readonly<Record<string, Option>> = {
  ...CONNECTION,
  ...COMMON,
  ...JUDGING,
  ...LIMITS,
  ...HOOKS,
  ...RETIRING,
  ...VTCTLD,
  ...SCANNING,
};

/** Letter to option; where two have the same, the command's own wins: `-o` is `--out` of a plan, else `--output`. */
export const shortsOf = (options: Readonly<Record<string, Option>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(options).flatMap(([name, { short }]) => (short === undefined ? [] : [[short, name]])),
  );
