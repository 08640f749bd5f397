import { formatAlias } from "../cluster/alias.js";
import type { EngineStream } from "./access.js";

/** Name to value of one published map of `/debug/vars`. */
export type VarsMap = Readonly<Record<string, unknown>>;

export interface EngineVars {
  readonly streamState: VarsMap;
  readonly config: VarsMap;
  readonly source: VarsMap;
  readonly sourceTablet: VarsMap;
  readonly messages: VarsMap;
  readonly heartbeat: VarsMap;
}

/**
 * The engine's streams out of the `VReplication*` maps (Vitess vreplication/stats.go). Their keys join labels with dots and escape
 * nothing, so they are read from the right: the id is last and unique in an engine.
 */
export function engineStreams(vars: EngineVars): readonly EngineStream[] {
  const heartbeats = byStreamId(vars.heartbeat);
  const names = new Map(Object.keys(vars.config).map((key) => [streamIdOf(key), labelsBeforeId(key)]));
  return Object.entries(vars.streamState)
    .map(([key, state]) => {
      const id = streamIdOf(key);
      return {
        id,
        workflow: names.get(id) ?? withoutType(labelsBeforeId(key)),
        state: String(state),
        source: String(vars.source[id] ?? ""),
        sourceTablet: aliasOfPrototext(String(vars.sourceTablet[id] ?? "")),
        lastMessage: newestMessage(String(vars.messages[id] ?? "")),
        heartbeat: Number(heartbeats.get(id) ?? 0),
      };
    })
    .sort((a, b) => a.id - b.id);
}

const streamIdOf = (key: string): number => Number(key.slice(key.lastIndexOf(".") + 1));

const labelsBeforeId = (key: string): string => key.slice(0, Math.max(key.lastIndexOf("."), 0));

const byStreamId = (map: VarsMap): ReadonlyMap<number, unknown> =>
  new Map(Object.entries(map).map(([key, value]) => [streamIdOf(key), value]));

/**
 * v24 says `workflow.Reshard.1`, v19 `workflow.1` (docs/vitess.md#debug-vars); only a name of binlogdata.VReplicationWorkflowType is a
 * type.
 */
function withoutType(labels: string): string {
  const dot = labels.lastIndexOf(".");
  return dot > 0 && WORKFLOW_TYPES.has(labels.slice(dot + 1)) ? labels.slice(0, dot) : labels;
}

const WORKFLOW_TYPES = new Set([
  "Materialize",
  "MoveTables",
  "CreateLookupIndex",
  "Migrate",
  "Reshard",
  "OnlineDDL",
]);

/** `cell:"zone1" uid:100` to `zone1-0000000100`; protobuf-go varies the space between fields. */
function aliasOfPrototext(text: string): string {
  const cell = /\bcell:\s*"([^"]*)"/.exec(text)?.[1];
  const uid = /\buid:\s*(\d+)/.exec(text)?.[1];
  return cell === undefined ? text : formatAlias({ cell, uid: Number(uid ?? 0) });
}

/** `<RFC 3339 time>:<text>; <time>:<text>; ...`, newest first (go/history). */
function newestMessage(history: string): string {
  const [newest = ""] = history.split(/; (?=\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d):)/);
  return newest.replace(/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d):/, "");
}
