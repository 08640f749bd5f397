import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One folder of `fixtures/recordings`, as it was written; integers that a double can not hold are text. */
export interface RecordedFiles {
  readonly topology: {
    readonly revision: number;
    readonly kvs: readonly RecordedEntry[];
  };
  /** Every etcd event since the cluster's start, where that was recorded. */
  readonly history: readonly RecordedEvent[] | null;
  readonly tablets: readonly RecordedTablet[];
}

interface RecordedEntry {
  readonly key: string;
  readonly value_base64: string;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly lease: number | string;
}

interface RecordedEvent {
  readonly revision: number;
  readonly type: "put" | "delete";
  readonly key: string;
  readonly value_base64: string;
  readonly lease: number | string;
}

type Row = Readonly<Record<string, unknown>>;

export interface RecordedTablet {
  readonly uid: number;
  readonly mysqld_running: boolean;
  readonly vttablet_running: boolean;
  /** Absent where the vttablet did not run, as is `full_status`. */
  readonly debug_vars?: Row;
  readonly full_status?: { readonly status: Row & { readonly replicationStatus?: Row | null } };
  readonly mysql: {
    readonly gtid_executed: string;
    readonly read_only: string;
    readonly super_read_only: string;
    readonly replica_status: Readonly<Record<string, string>>;
  };
  readonly _vt: {
    readonly vreplication: readonly Row[];
    /** Not in every recording. */
    readonly vreplication_log?: readonly Row[];
    readonly copy_state: readonly Row[];
    readonly post_copy_action: readonly Row[];
    readonly resharding_journal: readonly Row[];
    readonly vdiff: readonly Row[];
  };
  readonly databases: Readonly<
    Record<string, Readonly<Record<string, { readonly create: string; readonly rows: number }>>>
  >;
}

/** Reads a folder; throws where one of its files is missing or is no JSON. */
export const readRecording = (folder: string): RecordedFiles => {
  const names = readdirSync(folder);
  return {
    topology: read(join(folder, "topology.json")),
    history: names.includes("history.json") ? read(join(folder, "history.json")) : null,
    tablets: readdirSync(join(folder, "tablets"))
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => read(join(folder, "tablets", name))),
  };
};

const read = <T>(path: string): T => JSON.parse(exact(readFileSync(path, "utf8"))) as T;

/** int64s as text: `JSON.parse` would round them. */
const exact = (json: string): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
