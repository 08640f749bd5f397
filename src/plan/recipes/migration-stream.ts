import { type Guard, gone } from "../draft.js";
import { deleteSteps, goneSteps, keySteps, stopSteps } from "../end-streams.js";
import { claimedTwice, isPrimary, processesOfAlias } from "../facts/processes.js";
import { groupsOf, type StreamGroup, streamPremises, streamsOfWorkflow } from "../facts/stream-facts.js";
import { keyspaceLocks } from "../facts/topology.js";
import { repair } from "../repair.js";

interface Migration {
  readonly uuid: string;
  readonly keyspace: string;
  readonly alias: string;
  readonly groups: readonly StreamGroup[];
}

/** Who would stop it there may stop another's. */
const notThePrimary: Guard<Migration> = (snapshot, { uuid, alias, groups }) =>
  groups.every(({ process }) => isPrimary(process)) &&
  claimedTwice(processesOfAlias(snapshot, alias)).size === 0
    ? []
    : [
        {
          reason: `${alias}, which has the stream of ${uuid}, is not PRIMARY, or another process says that it is that tablet too`,
          instead: "stop a process that is a copy, if there is one, and scan again",
        },
      ];

/** A migration of which no row is left, or that was cleaned up, needs its stream neither to go on nor for a REVERT. */
export const migrationStream = repair<Migration>({
  name: "migration-stream",
  runs: "streams",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", alias = "", workflow: uuid = "" } = object;
    const streams = streamsOfWorkflow(snapshot, keyspace, uuid);
    const groups = groupsOf(snapshot, streams).filter(({ process }) => process.alias === alias);
    const needed = groups.some(({ process: { address } }) =>
      snapshot.rows("schema_migration", { address, uuid }).some(({ cleanup_at }) => cleanup_at === null),
    );
    if (groups.length === 0) return gone(`${alias} has no stream of the migration ${uuid} any more`);
    return needed
      ? {
          reason: `_vt.schema_migrations of ${alias} has the migration ${uuid}, which was not cleaned up, so its stream may be needed`,
          instead: "scan again: the finding says how to clean it up, if it is over",
        }
      : { uuid, keyspace, alias, groups };
  },
  unless: [notThePrimary],
  plan: (snapshot, { uuid, keyspace, alias, groups }) => ({
    title: `End the stream of the migration ${uuid} on ${alias}, which nobody needs any more`,
    locks: [{ kind: "workflow", keyspace, workflow: uuid }, ...keyspaceLocks(snapshot, [keyspace])],
    steps: [
      ...stopSteps(snapshot, groups, () => false),
      ...keySteps(snapshot, groups, { apply: false }),
      ...deleteSteps(snapshot, groups),
      ...goneSteps(snapshot, groups),
    ],
    restsOn: streamPremises(snapshot, groups),
    notes: ["the table that the stream wrote into stays"],
  }),
});
