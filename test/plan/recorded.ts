import { readdirSync, readFileSync } from "node:fs";
import type { Facts } from "../../src/snapshot/facts.js";
import type { PostCopyActionRow } from "../../src/snapshot/gen/tables.js";
import { decodeTablet } from "../../src/topology/records.js";
import { factsOfRecording } from "../snapshot/facts-of-recording.js";

interface RecordedTablet {
  readonly debug_vars: { readonly TabletAlias: string; readonly cmdline: readonly string[] };
  readonly vttablet_running: boolean;
  readonly _vt: Readonly<Record<string, readonly Readonly<Record<string, string | number | null>>[]>>;
}

/** A recorded state with what a plan needs besides: tables, put-off keys, ports, and the term that the primaries would say. */
export const recorded = (name: string): Facts => {
  const facts = factsOfRecording(name);
  const folder = new URL(`../../fixtures/recordings/${name}/tablets/`, import.meta.url);
  const tablets = readdirSync(folder)
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as RecordedTablet)
    .filter((tablet) => tablet.vttablet_running);
  const at = new Map(facts.live_tablet.map((row) => [row.alias, row.address]));
  const place = (tablet: RecordedTablet): string => at.get(tablet.debug_vars.TabletAlias) ?? "";
  return {
    ...facts,
    live_tablet: facts.live_tablet.map((row) => ({
      ...row,
      term_start: row.type === "PRIMARY" ? termOf(facts, row.alias ?? "") : 0,
    })),
    post_copy_action: tablets.flatMap((tablet) => keysOf(tablet, place(tablet))),
    witness: tablets.map((tablet) => witnessOf(tablet, place(tablet))),
    probe: facts.probe.concat(
      facts.live_tablet.flatMap(({ address, observed_at_ms }) =>
        ["triggers"].map((channel) => ({
          address,
          channel,
          answered: 1,
          reason: null,
          message: null,
          required: 1,
          observed_at_ms,
        })),
      ),
    ),
  };
};

/** The last term that its own record had: what the process would say. */
const termOf = (facts: Facts, alias: string): number => {
  const values = [...facts.topo_history, ...facts.topo_key]
    .filter(({ key }) => key.endsWith(`/tablets/${alias}/Tablet`))
    .map(({ value }) => decodeTablet(value));
  const record = values.at(-1);
  return record?.kind === "answered" ? Number(record.value.primaryTermStartTime?.seconds ?? 0) : 0;
};

const keysOf = (tablet: RecordedTablet, address: string): readonly PostCopyActionRow[] =>
  (tablet._vt.post_copy_action ?? []).map((row) => ({
    address,
    id: Number(row.id),
    vrepl_id: Number(row.vrepl_id),
    table_name: String(row.table_name),
    action_json: typeof row.action === "string" ? row.action : JSON.stringify(row.action),
    copying: Number(
      (tablet._vt.copy_state ?? []).some(
        ({ vrepl_id, table_name }) => vrepl_id === row.vrepl_id && table_name === row.table_name,
      ),
    ),
  }));

const witnessOf = (tablet: RecordedTablet, address: string): Facts["witness"][number] => {
  const { cmdline } = tablet.debug_vars;
  const flag = (name: string): number => {
    const at = cmdline.findIndex((word) => word.replaceAll("_", "-") === `--${name}`);
    return at === -1 ? 0 : Number(cmdline[at + 1]);
  };
  return {
    source: "topology",
    detail: tablet.debug_vars.TabletAlias,
    address,
    alias: tablet.debug_vars.TabletAlias,
    host: "127.0.0.1",
    grpc_port: flag("grpc-port"),
    http_port: flag("port"),
    mysql_host: "127.0.0.1",
    mysql_port: flag("db-port"),
    required: 1,
  };
};
