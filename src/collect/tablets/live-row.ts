import type { EngineStreamRow, LiveTabletRow } from "../../snapshot/gen/tables.js";
import { mysqlName } from "../../witnesses/witness.js";
import type { TabletAnswers } from "./answers.js";

/** The process in its own words; null where nothing answered there. `mysqlPort`: null where it was not asked. */
export function liveRow(tablet: TabletAnswers, mysqlPort: number | null): LiveTabletRow | null {
  const { who, identity, vars } = tablet;
  const server = tablet.status ?? tablet.mysql;
  if (who === null && server === null) return null;
  return {
    address: liveAddress(tablet),
    alias: who?.alias ?? null,
    keyspace: who?.keyspace ?? null,
    shard: who?.shard ?? null,
    type: who?.type ?? null,
    serving: identity === null ? null : flag(identity.serving),
    term_start: identity?.termStart ?? null,
    health_error: identity?.healthError ?? null,
    state_name: vars?.stateName ?? null,
    build_version: vars?.buildVersion ?? null,
    key_range_start: vars?.keyRangeStart ?? null,
    key_range_end: vars?.keyRangeEnd ?? null,
    topo_server: vars?.topoServer ?? null,
    topo_root: vars?.topoRoot ?? null,
    command_line_json: vars?.commandLineJson ?? null,
    vstreamers: vars?.vstreamers ?? null,
    server_uuid: server?.serverUuid ?? null,
    server_version: server?.serverVersion ?? null,
    read_only: server === null ? null : flag(server.readOnly),
    super_read_only: server === null ? null : flag(server.superReadOnly),
    position: server?.position ?? null,
    mysql_port: mysqlPort,
    source_host: server?.sourceHost ?? null,
    source_port: server?.sourcePort ?? null,
    io_state: server?.ioState ?? null,
    sql_state: server?.sqlState ?? null,
    replication_error: server?.lastError ?? null,
    observed_at_ms: tablet.observedAtMs,
  };
}

/** Where only MySQL answered, nothing says which vttablet it belongs to. */
export const liveAddress = ({ who, target }: Pick<TabletAnswers, "who" | "target">): string =>
  who === null && target.at.mysqlPort > 0 ? mysqlName(target.at) : target.address;

export const engineStreamRows = ({ target, vars, ghosts }: TabletAnswers): readonly EngineStreamRow[] =>
  (vars?.streams ?? []).map((stream) => ({
    address: target.address,
    id: stream.id,
    workflow: stream.workflow,
    state: stream.state,
    source: stream.source,
    source_tablet: stream.sourceTablet,
    last_message: stream.lastMessage,
    heartbeat: stream.heartbeat,
    rowless_ms: ghosts.get(stream.id) ?? null,
  }));

const flag = (value: boolean): number => (value ? 1 : 0);
