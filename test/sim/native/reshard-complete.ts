import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native, refuse } from "../../../src/sim/native/operation.js";
import {
  deleteShard,
  dropReverseStreams,
  inParallel,
  writesSwitched,
} from "../../../src/sim/native/reshard-cancel.js";
import { rebuildSrvVSchema } from "../../../src/sim/native/serving-graph.js";
import { deleteStreams, loadWorkflow, type Workflow } from "../../../src/sim/native/workflow.js";
import { atLeast } from "../../../src/sim/stream-row.js";

/** `Reshard complete` (docs/vitess.md#complete): the records of the source shards go, their processes run on. */
export function* reshardComplete(cluster: SimCluster, keyspace: string, name: string): Native {
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const workflow = loaded.value;
  if (!writesSwitched(cluster, workflow))
    return refuse(
      `cannot complete workflow ${keyspace}.${name} because you have not yet switched all read and write traffic`,
    );
  const { version } = cluster;
  if (!atLeast(version, 22)) return yield* dropSources(cluster, workflow);
  const target = { kind: "workflow", keyspace, workflow: name } as const;
  return yield* underLock(cluster, { target, action: "MoveTablesComplete", version }, () =>
    dropSources(cluster, workflow),
  );
}

function* dropSources(cluster: SimCluster, workflow: Workflow): Native {
  const { keyspace, name, sources, targets } = workflow;
  const lock = {
    target: { kind: "keyspace", keyspace },
    action: "DropSources",
    version: cluster.version,
  } as const;
  return yield* underLock(cluster, lock, function* (): Native {
    const dropped = yield* inParallel(
      cluster,
      sources.map(({ shard }) => deleteShard(cluster, keyspace, shard)),
    );
    if (dropped.kind === "unanswered") return dropped;
    yield* dropReverseStreams(workflow);
    for (const { tablet, shard } of targets) {
      deleteStreams(tablet, name);
      yield `delete streams of ${name} on ${keyspace}/${shard}`;
    }
    yield* rebuildSrvVSchema(cluster, cluster.version);
    return done;
  });
}
