import { decodeKeyspace } from "../../topology/records.js";
import { gone } from "../draft.js";
import {
  type CellGraph,
  cellGraphs,
  keyFact,
  keyPremise,
  keyspaceLocks,
  keyspaceRecord,
  servingPremises,
} from "../facts/topology.js";
import { keyspace as keyspaceType } from "../records/keyspace.js";
import { editRecord } from "../records/record-type.js";
import { srvKeyspace } from "../records/srv-keyspace.js";
import { repair } from "../repair.js";
import { expired, ruleOf } from "../throttled-app.js";

interface Throttled {
  readonly keyspace: string;
  readonly app: string;
  readonly at: { readonly server: string; readonly key: string };
  readonly graphs: readonly CellGraph[];
}

/** Both records that UpdateThrottlerConfig writes, the keyspace's and then each cell's, which its tablets watch (docs/vitess.md#srvkeyspace). */
export const unthrottleApp = repair<Throttled>({
  name: "unthrottle-app",
  runs: "serving graph",
  asks: true,
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", app = "" } = object;
    const at = keyspaceRecord(snapshot, keyspace);
    const fact = at === null ? null : keyFact(snapshot, at.server, at.key);
    const record = fact === null ? null : decodeKeyspace(fact.value);
    if (fact === null || record?.kind !== "answered" || ruleOf(record.value, app) === undefined)
      return gone(`the throttler of ${keyspace} has no rule for ${app} any more`);
    const graphs = cellGraphs(snapshot, keyspace);
    const unread = graphs.find((graph) => graph.answered === 0 || graph.record === "unreadable");
    if (unread !== undefined)
      return {
        reason: `SrvKeyspace of ${keyspace} in cell ${unread.cell} could not be read, and its tablets would go on throttling ${app}`,
        instead: "let the etcd of that cell answer, and scan again",
      };
    return { keyspace, app, at: fact, graphs };
  },
  plan: (snapshot, { keyspace, app, at, graphs }) => ({
    title: `Let the throttler of ${keyspace} refuse nothing of ${app} any more by its rule`,
    locks: keyspaceLocks(snapshot, [keyspace]),
    steps: [
      ...editRecord(snapshot, keyspaceType, { keyspace }, at, expired(app)),
      ...graphs.flatMap((graph) =>
        editRecord(snapshot, srvKeyspace, { cell: graph.cell, keyspace }, graph, expired(app)),
      ),
    ],
    restsOn: [keyPremise(snapshot, at.server, at.key), ...servingPremises(snapshot, keyspace)],
  }),
});
