import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native, refuse } from "../../../src/sim/native/operation.js";
import {
  dropReverseStreams,
  dropTargetShards,
  writesSwitched,
} from "../../../src/sim/native/reshard-cancel.js";
import { rebuildSrvVSchema } from "../../../src/sim/native/serving-graph.js";
import { deleteStreams, loadWorkflow } from "../../../src/sim/native/workflow.js";

/** `LegacyVtctlCommand Reshard Cancel`, v19 to v24: drops the shards too, but knows the addresses of the tablets from before. */
export function* legacyCancel(cluster: SimCluster, keyspace: string, name: string): Native {
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const workflow = loaded.value;
  if (writesSwitched(cluster, workflow))
    return refuse(
      "cannot cancel workflow because you have already switched some or all read and write traffic",
    );
  const { version } = cluster;
  return yield* underLock(
    cluster,
    { target: { kind: "keyspace", keyspace }, action: "DropTargets", version },
    function* (): Native {
      const dropped = yield* dropTargetShards(cluster, workflow);
      if (dropped.kind === "unanswered") return dropped;
      yield* dropReverseStreams(workflow);
      for (const { tablet, shard } of workflow.targets) {
        deleteStreams(tablet, name);
        yield `delete streams of ${name} on ${keyspace}/${shard}`;
      }
      yield* rebuildSrvVSchema(cluster, version);
      return done;
    },
  );
}
