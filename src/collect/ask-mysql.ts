import type { VreplicationRow } from "../snapshot/gen/tables.js";
import type { MysqlStatus } from "../tablets/access.js";
import type { Target } from "../witnesses/targets.js";
import { answerOf, type Interview } from "./interview.js";
import { liveAddress } from "./live-row.js";
import { DEFAULT_SIDECAR } from "./recorded.js";
import type { Round } from "./round.js";
import { vreplicationRow } from "./sidecar-facts.js";
import type { Who } from "./sighting.js";

export interface MysqlAnswers {
  readonly mysql: MysqlStatus | null;
  readonly rows: readonly VreplicationRow[];
}

/**
 * The MySQL behind an address, where credentials were given: it answers when vttablet hangs (docs/decisions.md#d9). `who` is null where
 * nobody said whose it is: then its rows belong to the MySQL alone.
 */
export async function askMysql(
  target: Target,
  who: Who | null,
  interview: Interview,
  round: Round,
): Promise<MysqlAnswers> {
  if (!round.mysql || target.at.mysqlPort === 0 || target.at.mysqlHost === "")
    return { mysql: null, rows: [] };
  const { tablets, clock } = round.sources;
  const mysql = answerOf(await interview.ask("mysqlStatus", tablets.mysqlStatus(target.at)));
  if (mysql === null) return { mysql, rows: [] };
  const keyspace = who?.keyspace ?? target.keyspaces[0] ?? "";
  const sidecar = round.sidecars.get(keyspace) ?? DEFAULT_SIDECAR;
  const streams = await interview.ask("mysql", tablets.mysqlRows(target.at, "streams", sidecar));
  const address = liveAddress({ who, target });
  const now = Math.trunc(clock.now() / 1000);
  return { mysql, rows: (answerOf(streams) ?? []).map((row) => vreplicationRow(address, "mysql", row, now)) };
}
