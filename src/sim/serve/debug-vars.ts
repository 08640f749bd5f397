import { parseAlias } from "../../cluster/alias.js";
import { VReplicationWorkflowType } from "../../proto/gen/binlogdata_pb.js";
import type { EngineStream, SidecarRow, TabletVars } from "../../tablets/access.js";

/**
 * The body of `/debug/vars`, as far as vtdoctor reads it, in the shape of the tablet's own version: v24 names the type of a workflow in
 * the labels and publishes `VReplicationConfig`, v19 does neither (docs/vitess.md#debug-vars). `rows`: of `_vt.vreplication`, for the
 * types.
 */
export function debugVars(vars: TabletVars, rows: readonly SidecarRow[]): string {
  const modern = Number.parseInt(vars.buildVersion, 10) >= 20;
  const types = new Map(rows.map((row) => [Number(row.id), Number(row.workflow_type)]));
  const labels = ({ id, workflow }: EngineStream): string =>
    modern ? `${workflow}.${VReplicationWorkflowType[types.get(id) ?? 0]}.${id}` : `${workflow}.${id}`;
  const published = (entry: (stream: EngineStream) => readonly [string | number, unknown]) =>
    Object.fromEntries(vars.streams.map(entry));
  return JSON.stringify({
    BuildVersion: vars.buildVersion,
    TabletAlias: vars.alias,
    TabletKeyRangeEnd: vars.keyRangeEnd,
    TabletKeyRangeStart: vars.keyRangeStart,
    TabletKeyspace: vars.keyspace,
    TabletShard: vars.shard,
    TabletStateName: vars.stateName,
    TabletType: vars.type.toLowerCase(),
    ...(modern ? { VReplicationConfig: published(({ id, workflow }) => [`${workflow}.${id}`, "{}"]) } : {}),
    VReplicationHeartbeat: published((stream) => [
      `${stream.source.replace("/", ".")}.${labels(stream)}`,
      stream.heartbeat,
    ]),
    VReplicationMessages: published(({ id, lastMessage, heartbeat }) => [
      id,
      lastMessage === "" ? "" : `${new Date(heartbeat * 1000).toISOString()}:${lastMessage}`,
    ]),
    VReplicationSource: published(({ id, source }) => [id, source]),
    VReplicationSourceTablet: published(({ id, sourceTablet }) => [id, prototextOf(sourceTablet)]),
    VReplicationStreamCount: vars.streams.length,
    VReplicationStreamState: published((stream) => [labels(stream), stream.state]),
    VStreamerCount: vars.vstreamers,
    cmdline: JSON.parse(vars.commandLineJson),
  });
}

const prototextOf = (name: string): string => {
  const alias = parseAlias(name);
  return alias === null ? name : `cell:"${alias.cell}" uid:${alias.uid}`;
};
