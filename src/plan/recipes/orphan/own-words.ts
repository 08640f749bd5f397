import type { Snapshot } from "../../../snapshot/snapshot.js";
import { flagValue } from "../../../tablets/command-line.js";

/** What a process itself says of its addresses, by its command line (`/debug/vars`) and its MySQL; undefined where it does not. */
export interface OwnWords {
  readonly hostname: string | undefined;
  readonly grpcPort: number | undefined;
  readonly httpPort: number | undefined;
  readonly mysqlHost: string | undefined;
  readonly mysqlPort: number | undefined;
}

export const ownWords = (snapshot: Snapshot, address: string): OwnWords => {
  const [live] = snapshot.all<{ json: string | null; mysqlPort: number | null }>(
    "SELECT command_line_json AS json, mysql_port AS mysqlPort FROM live_tablet WHERE address = ?",
    address,
  );
  const line = parseWords(live?.json ?? "[]");
  const text = (flag: string): string | undefined => flagValue(line, flag) || undefined;
  const port = (flag: string): number | undefined => {
    const value = Number(text(flag));
    return Number.isInteger(value) && value > 0 ? value : undefined;
  };
  return {
    hostname: text("tablet-hostname"),
    grpcPort: port("grpc-port"),
    httpPort: port("port"),
    mysqlHost: text("db-host"),
    mysqlPort: port("db-port") ?? live?.mysqlPort ?? undefined,
  };
};

const parseWords = (json: string): readonly string[] => {
  const words: unknown = JSON.parse(json);
  return Array.isArray(words) ? words.filter((word): word is string => typeof word === "string") : [];
};
