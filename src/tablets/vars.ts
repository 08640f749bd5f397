import { formatAlias } from "../cluster/alias.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { EngineStream, TabletVars } from "./access.js";
import { flagValue, withoutSecrets } from "./command-line.js";

/** The body of `/debug/vars`, reduced (docs/vitess.md#debug-vars). `failed` where it is not a vttablet's. */
export function parseVars(body: string): Outcome<TabletVars> {
  let vars: unknown;
  try {
    vars = parseWanted(body) ?? parseGoJson(body);
  } catch (error) {
    return unanswered("failed", `/debug/vars is no JSON: ${String(error)}`);
  }
  if (!isMap(vars) || typeof vars.TabletAlias !== "string") {
    return unanswered("failed", "/debug/vars has no TabletAlias: this is not a vttablet");
  }
  return answered(reduce(vars));
}

/**
 * expvar writes one variable a line (Go expvar.go, Handler), and most of a body are others than those that `reduce` reads. Null where
 * the body is not written like that, or what was picked is no JSON: then all of it is parsed.
 */
function parseWanted(body: string): VarsMap | null {
  if (!body.startsWith("{\n")) return null;
  const picked = WANTED.map((name) => lineOf(body, name)).filter((line) => line !== "");
  try {
    const vars = parseGoJson(`{${picked.join(",")}}`);
    return isMap(vars) && typeof vars.TabletAlias === "string" ? vars : null;
  } catch {
    return null;
  }
}

/** Without the comma that ends it; empty where there is none. */
function lineOf(body: string, name: string): string {
  const start = body.indexOf(`\n"${name}": `) + 1;
  if (start === 0) return "";
  const end = body.indexOf("\n", start);
  return body.slice(start, body[end - 1] === "," ? end - 1 : end);
}

const WANTED = [
  "BuildVersion",
  "TabletAlias",
  "TabletKeyRangeEnd",
  "TabletKeyRangeStart",
  "TabletKeyspace",
  "TabletShard",
  "TabletStateName",
  "TabletType",
  "VReplicationConfig",
  "VReplicationHeartbeat",
  "VReplicationMessages",
  "VReplicationSource",
  "VReplicationSourceTablet",
  "VReplicationStreamState",
  "VStreamerCount",
  "cmdline",
] as const;

function reduce(vars: VarsMap): TabletVars {
  const commandLine = Array.isArray(vars.cmdline) ? vars.cmdline.map(String) : [];
  return {
    alias: text(vars.TabletAlias),
    keyspace: text(vars.TabletKeyspace),
    shard: text(vars.TabletShard),
    type: text(vars.TabletType).toUpperCase(),
    stateName: text(vars.TabletStateName),
    buildVersion: text(vars.BuildVersion),
    keyRangeStart: text(vars.TabletKeyRangeStart).toLowerCase(),
    keyRangeEnd: text(vars.TabletKeyRangeEnd).toLowerCase(),
    commandLineJson: JSON.stringify(withoutSecrets(commandLine)),
    topoServer: flagValue(commandLine, "topo-global-server-address"),
    topoRoot: flagValue(commandLine, "topo-global-root"),
    streams: engineStreams({
      streamState: map(vars.VReplicationStreamState),
      config: map(vars.VReplicationConfig),
      source: map(vars.VReplicationSource),
      sourceTablet: map(vars.VReplicationSourceTablet),
      messages: map(vars.VReplicationMessages),
      heartbeat: map(vars.VReplicationHeartbeat),
    }),
    vstreamers: typeof vars.VStreamerCount === "number" ? vars.VStreamerCount : 0,
  };
}

const isMap = (value: unknown): value is VarsMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const map = (value: unknown): VarsMap => (isMap(value) ? value : {});

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Name to value of one published map of `/debug/vars`. */
type VarsMap = Readonly<Record<string, unknown>>;

interface EngineVars {
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
function engineStreams(vars: EngineVars): readonly EngineStream[] {
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

/**
 * JSON as Go's expvar writes it: strings and keys by `strconv.Quote`, whose `\xNN`, `\a`, `\v` and `\UNNNNNNNN` are no JSON, and
 * floats that may be NaN or infinite (docs/vitess.md#debug-vars). Throws SyntaxError where it is not that either.
 */
function parseGoJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(
      text.replace(STRING_OR_FLOAT, (token) => (token.startsWith('"') ? plainString(token) : "null")),
    );
  }
}

const STRING_OR_FLOAT = /"(?:[^"\\]|\\.)*"|[+-]?\bInf\b|\bNaN\b/gs;

const plainString = (quoted: string): string =>
  quoted.replace(GO_ESCAPE, (whole, hex: string | undefined, long: string | undefined) => {
    if (hex !== undefined) return escaped(characterOfByte(Number.parseInt(hex, 16)));
    if (long !== undefined) return escaped(String.fromCodePoint(Number.parseInt(long, 16)));
    if (whole === "\\a") return escaped("\u0007");
    if (whole === "\\v") return escaped("\u000b");
    return whole;
  });

const GO_ESCAPE = /\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|.)/gs;

/** strconv.Quote writes `\xNN` for control characters and for single bytes that are no UTF-8. */
const characterOfByte = (byte: number): string => (byte < 0x80 ? String.fromCharCode(byte) : "\ufffd");

const escaped = (character: string): string => JSON.stringify(character).slice(1, -1);
