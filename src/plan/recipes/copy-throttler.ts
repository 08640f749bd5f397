import type { ThrottlerConfig } from "../../proto/gen/topodata_pb.js";
import { decodeKeyspace } from "../../topology/records.js";
import { gone } from "../draft.js";
import { type CellGraph, cellGraphs, keyFact, keyPremise, keyspaceRecord } from "../facts/topology.js";
import type { Premise } from "../fields.js";
import { editRecord } from "../records/record-type.js";
import { srvKeyspace } from "../records/srv-keyspace.js";
import { repair } from "../repair.js";

interface Drifted {
  readonly keyspace: string;
  readonly graph: CellGraph;
  readonly throttlerConfig: ThrottlerConfig;
  readonly restsOn: readonly Premise[];
}

/**
 * The throttler's settings of a cell as its Keyspace record has them: UpdateThrottlerConfig writes both (topo/srv_keyspace.go
 * UpdateSrvKeyspaceThrottlerConfig; docs/vitess.md#srvkeyspace). Tablets watch the record.
 */
export const copyThrottler = repair<Drifted>({
  name: "copy-throttler",
  runs: "serving graph",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", cell } = object;
    const at = keyspaceRecord(snapshot, keyspace);
    const fact = at === null ? null : keyFact(snapshot, at.server, at.key);
    const record = fact === null ? null : decodeKeyspace(fact.value);
    const graph = cellGraphs(snapshot, keyspace).find((one) => one.cell === cell);
    if (fact === null || record?.kind !== "answered" || typeof graph?.record !== "object")
      return gone(`cell ${cell} does not route ${keyspace} any more`);
    const { throttlerConfig } = record.value;
    if (throttlerConfig === undefined)
      return {
        reason: `the Keyspace record of ${keyspace} has no throttler settings, so which of both is meant is not known`,
        instead: `give the settings again by UpdateThrottlerConfig, or take them away by RebuildKeyspaceGraph of ${keyspace}`,
      };
    return { keyspace, graph, throttlerConfig, restsOn: [keyPremise(snapshot, fact.server, fact.key)] };
  },
  plan: (snapshot, { keyspace, graph, throttlerConfig, restsOn }) => ({
    title: `Give cell ${graph.cell} the throttler settings of ${keyspace}`,
    locks: [{ kind: "keyspace", keyspace }],
    steps: editRecord(snapshot, srvKeyspace, { cell: graph.cell, keyspace }, graph, (record) => ({
      ...record,
      throttlerConfig,
    })),
    restsOn,
  }),
});
