import type { ProbeRow } from "../snapshot/gen/tables.js";
import { aliasOf } from "../witnesses/topology-witnesses.js";
import { answerOf, Interview } from "./interview.js";
import { inParallel } from "./pool.js";
import type { Recorded } from "./recorded.js";
import type { CollectSettings, CollectSources } from "./settings.js";
import type { Sighting } from "./sighting.js";

interface MysqlPorts {
  /** By the address of the process; without those that did not say. */
  readonly at: ReadonlyMap<string, number>;
  readonly probes: readonly ProbeRow[];
}

/**
 * Where the MySQL of each process listens that has no Tablet record: once history is compacted nothing else tells it, and a record that
 * is put back needs it (vttablet itself takes it from `@@port`, docs/vitess.md#tablet-start).
 */
export async function portsOfUnrecorded(
  processes: readonly Sighting[],
  recorded: Recorded,
  sources: CollectSources,
  settings: Pick<CollectSettings, "concurrency">,
): Promise<MysqlPorts> {
  const known = new Set(recorded.tablets.map(aliasOf));
  const unrecorded = processes.filter(
    ({ standing, byGrpc, who }) => standing === "ours" && byGrpc && who !== null && !known.has(who.alias),
  );
  const asked = await inParallel(unrecorded, settings.concurrency, async ({ target }) => {
    const interview = new Interview(target.address, target.required, sources.clock);
    const rows = answerOf(await interview.ask("mysqlPort", sources.tablets.rows(target.at, "mysqlPort")));
    return { address: target.address, port: Number(rows?.[0]?.port ?? 0), probes: interview.probes };
  });
  return {
    at: new Map(asked.filter(({ port }) => port > 0).map(({ address, port }) => [address, port])),
    probes: asked.flatMap(({ probes }) => probes),
  };
}
