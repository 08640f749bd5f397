import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { TabletVars } from "./access.js";
import { flagValue, withoutSecrets } from "./command-line.js";
import { engineStreams, type VarsMap } from "./engine-streams.js";
import { parseGoJson } from "./go-json.js";

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
