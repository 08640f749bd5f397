import { formatAlias } from "../../cluster/alias.js";
import { TabletType } from "../../proto/gen/topodata_pb.js";
import type { SimTablet } from "../tablet.js";
import { underLock } from "./lock.js";
import { done, type Native, type Vitess } from "./operation.js";

/** `PlannedReparentShard --new-primary`: the record of the old one, twice that of the new one, the Shard by the new one's shard sync. */
export function* plannedReparent(cluster: Vitess, next: SimTablet): Native {
  const { keyspace, shard } = next;
  const action = `PlannedReparentShard(${next.name}, AvoidPrimary = <nil>)`;
  return yield* underLock(
    cluster,
    { target: { kind: "shard", keyspace, shard }, action, version: cluster.version },
    function* (): Native {
      const members = cluster.tablets.filter(
        (tablet) => tablet.running && tablet.keyspace === keyspace && tablet.shard === shard,
      );
      for (const old of members.filter((tablet) => tablet !== next && tablet.type === TabletType.PRIMARY)) {
        old.changeType(TabletType.REPLICA);
        yield `demote ${formatAlias(old.alias)}`;
      }
      next.mysql.stopReplication();
      next.mysql.readOnly = false;
      next.mysql.superReadOnly = false;
      next.changeType(TabletType.PRIMARY);
      yield `promote ${next.name}`;
      next.publish();
      yield `publish Tablet ${next.name}`;
      next.syncShard();
      yield `put Shard ${keyspace}/${shard}`;
      for (const member of members) if (member !== next) member.mysql.replicateFrom(next.mysql);
      return done;
    },
  );
}
