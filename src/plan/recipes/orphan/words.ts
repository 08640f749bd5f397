import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { Blocked } from "../../plan.js";
import { shardName } from "../../view/shards.js";
import { removedBefore } from "./accounting.js";
import { stayingNotes } from "./cancelled.js";
import { reachable } from "./inspect.js";
import type { Judged } from "./judge.js";
import { historyReaches } from "./reach.js";
import { retireNotes } from "./retire.js";

/** What was asked for and is not done for the shard. */
export const blockedOf = ({ target, consent, obstacles }: Judged): readonly Blocked[] => {
  const at = {
    object: { keyspace: target.keyspace, shard: target.shard },
    finding: target.finding,
  };
  if (consent.kind === "ask") return [{ ...at, ...consent.obstacle }];
  return obstacles.map((obstacle) => ({
    ...at,
    reason: `${shardName(target)} is not ${consent.kind === "retire" ? "retired" : "restored"}: ${obstacle.reason}`,
    instead: obstacle.instead,
  }));
};

/** What an operator should know besides. */
export const notesOf = (snapshot: Snapshot, { orphan, consent }: Judged): readonly string[] => [
  ...orphan.groups
    .filter((group) => !reachable(group))
    .map(
      (group) =>
        `${group.process.alias} is ${group.process.type}, so the streams of ${group.workflow} in its MySQL can not be stopped through it`,
    ),
  ...(consent.kind === "retire" ? retireNotes(snapshot, orphan) : []),
  ...(consent.kind === "restore" ? stayingNotes(snapshot, orphan) : []),
  ...removedBefore(orphan).map(
    (alias) =>
      `${alias} had left ${shardName(orphan)} before its records were dropped; if it still runs, it is on its own`,
  ),
  ...(consent.kind === "restore" && !historyReaches(snapshot, orphan)
    ? [
        `history no longer lists the tablets of ${shardName(orphan)}: one that does not run now can not be known, and would bring its stream back`,
      ]
    : []),
];
