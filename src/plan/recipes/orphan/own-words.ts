import type { Snapshot } from "../../../snapshot/snapshot.js";

/** What a process's own command line says of its address; undefined where it does not (`/debug/vars` cmdline). */
export interface OwnWords {
  readonly hostname: string | undefined;
  readonly grpcPort: number | undefined;
  readonly httpPort: number | undefined;
  readonly mysqlHost: string | undefined;
  readonly mysqlPort: number | undefined;
}

export const ownWords = (snapshot: Snapshot, address: string): OwnWords => {
  const json = snapshot.all<{ json: string | null }>(
    "SELECT command_line_json AS json FROM live_tablet WHERE address = ?",
    address,
  )[0]?.json;
  const flags = flagsOf(parseWords(json ?? "[]"));
  const port = (name: string): number | undefined => {
    const value = Number(flags.get(name));
    return Number.isInteger(value) && value > 0 ? value : undefined;
  };
  return {
    hostname: flags.get("tablet-hostname"),
    grpcPort: port("grpc-port"),
    httpPort: port("port"),
    mysqlHost: flags.get("db-host"),
    mysqlPort: port("db-port"),
  };
};

const parseWords = (json: string): readonly string[] => {
  const words: unknown = JSON.parse(json);
  return Array.isArray(words) ? words.filter((word): word is string => typeof word === "string") : [];
};

/** `--a=b`, `--a b`, `-a b`, with dashes or v19's underscores. */
const flagsOf = (words: readonly string[]): ReadonlyMap<string, string> => {
  const flags = new Map<string, string>();
  for (const [at, word] of words.entries()) {
    const [, name, value] = /^--?([a-z0-9_-]+)(?:=(.*))?$/is.exec(word) ?? [];
    if (name === undefined) continue;
    const next = words[at + 1];
    const given = value ?? (next?.startsWith("-") ? undefined : next);
    if (given !== undefined && given !== "") flags.set(name.replaceAll("_", "-"), given);
  }
  return flags;
};
