import type { Snapshot } from "../../snapshot/snapshot.js";
import { flagValue } from "../../tablets/command-line.js";

/** What a process itself says of its addresses, by its command line (`/debug/vars`) and its MySQL; undefined where it does not. */
export interface ProcessFlags {
  readonly hostname: string | undefined;
  readonly grpcPort: number | undefined;
  readonly httpPort: number | undefined;
  readonly mysqlHost: string | undefined;
  readonly mysqlPort: number | undefined;
}

export const processFlags = (snapshot: Snapshot, address: string): ProcessFlags => {
  const [live] = snapshot.rows("live_tablet", { address });
  const line = JSON.parse(live?.command_line_json ?? "[]") as readonly string[];
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
    mysqlPort: port("db-port") ?? live?.mysql_port ?? undefined,
  };
};
