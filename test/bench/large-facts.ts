import { formatAlias } from "../../src/cluster/alias.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { shardKey } from "../../src/topology/paths.js";
import { aLiveTablet, aProbe, aStream, aTopoKey, aTopology, aWitness, ETCD } from "../snapshot/make-facts.js";
import { recordsOf } from "./records.js";
import {
  type BenchTablet,
  CELLS,
  cellRoot,
  keyspacesOf,
  ROOT,
  type Shape,
  shardsOf,
  TERM_START,
  tabletsOf,
} from "./shape.js";

const STREAMS = [1, 2];

/** What a scan sees of so many tablets with two streams each: a healthy cluster. */
export function largeFacts(tablets: number): Facts {
  const shape: Shape = { tablets, grpcPort: 16000, httpPort: 15000 };
  const all = [...tabletsOf(shape)];
  const sources = sourcesOf(shape);
  return {
    ...emptyFacts(),
    ...aTopology(),
    topo_root: [
      { name: "global", server: ETCD, root: "/vitess/global" },
      ...CELLS.map((cell) => ({ name: cell, server: ETCD, root: cellRoot(cell) })),
    ],
    topo_key: [...recordsOf(shape, ETCD)].map(({ key, value }) => aTopoKey(key, value)),
    witness: all.map((tablet) =>
      aWitness({ address: addressOf(tablet), detail: aliasOf(tablet), alias: aliasOf(tablet) }),
    ),
    probe: all.flatMap((tablet) =>
      ["health", "vars", "status", "streams"].map((channel) => aProbe(addressOf(tablet), channel)),
    ),
    live_tablet: all.map((tablet) =>
      aLiveTablet({
        address: addressOf(tablet),
        alias: aliasOf(tablet),
        keyspace: tablet.keyspace,
        shard: tablet.shard,
        type: tablet.primary ? "PRIMARY" : "REPLICA",
        term_start: tablet.primary ? TERM_START : 0,
        server_uuid: `uuid-${tablet.index}`,
        command_line_json: JSON.stringify(["vttablet", "--tablet-path", aliasOf(tablet), "--port", "15000"]),
      }),
    ),
    vreplication: all.flatMap((tablet) =>
      STREAMS.map((id) =>
        aStream({
          address: addressOf(tablet),
          id,
          workflow: `w${id}`,
          workflow_type: 0,
          db_name: `vt_${tablet.keyspace}`,
          source: `${sources(tablet)} filter:{rules:{match:"t${id}" filter:"select * from t${id}"}}`,
        }),
      ),
    ),
    engine_stream: all
      .filter(({ primary }) => primary)
      .flatMap((tablet) =>
        STREAMS.map((id) => ({
          address: addressOf(tablet),
          id,
          workflow: `w${id}`,
          state: "Running",
          source: "",
          source_tablet: "",
          last_message: "",
          heartbeat: 0,
          rowless_ms: null,
        })),
      ),
  };
}

const addressOf = ({ at }: BenchTablet): string => `${at.host}:${at.grpcPort}`;

/** The same after somebody deleted the records of one shard of ten, with its tablets': all their processes run on. */
export function sickFacts(tablets: number): Facts {
  const facts = largeFacts(tablets);
  const shards = facts.topo_key.filter(({ key }) => key.endsWith("/Shard")).map(({ key }) => key);
  const deleted = new Set(shards.filter((_, index) => index % 10 === 0));
  const lost = new Set(
    facts.live_tablet
      .filter(({ keyspace, shard }) => deleted.has(shardKey(ROOT, keyspace ?? "", shard ?? "")))
      .map(({ alias }) => alias),
  );
  const gone = (key: string): boolean =>
    deleted.has(key) || lost.has(/\/tablets\/(.+)\/Tablet$/.exec(key)?.[1] ?? "");
  return { ...facts, topo_key: facts.topo_key.filter(({ key }) => !gone(key)) };
}

const aliasOf = ({ cell, uid }: BenchTablet): string => formatAlias({ cell, uid });

/** Every keyspace reads from the next one, the last from the first. */
function sourcesOf(shape: Shape): (tablet: BenchTablet) => string {
  const keyspaces = keyspacesOf(shape);
  const shards = keyspaces.map((_, index) => shardsOf(shape, index));
  const at = new Map(keyspaces.map((keyspace, index) => [keyspace, (index + 1) % keyspaces.length]));
  return ({ keyspace, index }) => {
    const from = at.get(keyspace) ?? 0;
    const those = shards[from] ?? [];
    return `keyspace:"${keyspaces[from]}" shard:"${those[Math.floor(index / 3) % those.length]}"`;
  };
}
