import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { OrphanChoice, Stopping } from "../../context.js";
import { type Obstacle, type ShardRef, shardName, shardRecords } from "../../view/shards.js";
import { type Consent, consentFor } from "./consent.js";
import { inspect, type OrphanShard } from "./inspect.js";
import { obstacles, routesTo } from "./preconditions.js";
import { forgotten, historyReaches } from "./reach.js";
import { onlyCopy, retireObstacles } from "./retire.js";

export interface OrphanTarget extends ShardRef {
  readonly finding: string | null;
}

/** A shard with what may be done about it, and what forbids it. */
export interface Judged {
  readonly target: OrphanTarget;
  readonly orphan: OrphanShard;
  readonly consent: Consent;
  /** Reasons not to restore or not to retire it: where there is one, nothing of the shard is touched. */
  readonly obstacles: readonly Obstacle[];
}

export const judge = (
  snapshot: Snapshot,
  target: OrphanTarget,
  choice: OrphanChoice | null,
  stopping: Stopping | null,
): Judged => {
  const orphan = inspect(snapshot, target);
  const known = notOrphaned(snapshot, orphan) ?? outage(snapshot, orphan);
  const consent: Consent =
    known !== null && choice !== "leave"
      ? { kind: "ask", obstacle: known }
      : consentFor(target, orphan.deletion, choice);
  if (consent.kind === "retire")
    return { target, orphan, consent, obstacles: retireObstacles(snapshot, orphan, stopping) };
  if (consent.kind !== "restore") return { target, orphan, consent, obstacles: [] };
  const history = choice === "restore" || historyReaches(snapshot, orphan) ? [] : [forgotten(orphan)];
  return { target, orphan, consent, obstacles: [...history, ...obstacles(snapshot, orphan)] };
};

/** The streams of a shard that the topology has are not orphans, even if a tablet's own record is missing. */
const notOrphaned = (snapshot: Snapshot, orphan: OrphanShard): Obstacle | null => {
  const name = shardName(orphan);
  if (shardRecords(snapshot, orphan.keyspace).some((record) => record.shard === orphan.shard)) {
    const unlisted = orphan.processes
      .filter((process) => process.record !== "present")
      .map((process) => process.alias);
    return {
      reason: `the topology has ${name}; only the Tablet records of ${unlisted.join(", ") || "its tablets"} are missing, and its streams may be wanted`,
      instead:
        "restart those vttablets, which write their own records then; a workflow that is not wanted is ended with vtdoctor cancel",
    };
  }
  return orphan.processes.some((process) => process.shardRecord !== "absent")
    ? {
        reason: `it is not known whether the topology has ${name}`,
        instead: "make the global topology answer and its records readable, then plan again",
      }
    : null;
};

/** A shard that queries go to, or that alone has a key range, is missed by its users: its tablets and their streams are what is left of it. */
const outage = (snapshot: Snapshot, orphan: OrphanShard): Obstacle | null => {
  const [fact] = [...routesTo(snapshot, orphan), ...onlyCopy(snapshot, orphan)];
  const name = shardName(orphan);
  return fact === undefined
    ? null
    : {
        reason: `${name} is no orphan but an outage: ${fact.reason}`,
        instead: `stop and delete nothing of it; where it is to serve, write its Shard record again (vtctldclient CreateShard ${name}), restart its vttablets, which write their own records, then vtctldclient PlannedReparentShard ${name}; where it is not, route its queries elsewhere first`,
      };
};
