import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { Blocked } from "../../plan.js";
import { shardName } from "../../view/shards.js";
import { removedBefore } from "./accounting.js";
import { reachable } from "./inspect.js";
import type { Judged } from "./judge.js";
import { historyReaches } from "./reach.js";

/** What was asked for and is not done for the shard. */
export const blockedOf = ({ target, consent, obstacles }: Judged): readonly Blocked[] => {
  const at = {
    object: { keyspace: target.keyspace, shard: target.shard },
    finding: target.finding,
  };
  if (consent.kind === "ask") return [{ ...at, ...consent.obstacle }];
  if (consent.kind === "retire")
    return [
      {
        ...at,
        reason: `vtdoctor stops and deletes the streams of ${shardName(target)}, but does not end its processes`,
        instead: "stop its vttablets under their supervisor, then their MySQL servers",
      },
    ];
  return obstacles.map((obstacle) => ({
    ...at,
    reason: `${shardName(target)} is not restored: ${obstacle.reason}`,
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
