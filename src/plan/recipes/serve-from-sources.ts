import { servingPremises, shardNames, shardPremises, shardRecords } from "../facts/topology.js";
import { unmovedWrites, unservedReads, unsoundReads, workflowInTheWay } from "../guards/moved-traffic.js";
import { repair } from "../repair.js";
import { deleteJournals, journalsOfDeadSwitches } from "../serving/journal-rows.js";
import { isOfWrites, type Misrouted, misrouted, movesOf, toldOf } from "../serving/misrouted.js";
import { allowStep, routeStep } from "../serving/moves.js";
import { untoldNotes } from "../serving/refresh.js";

/**
 * What a cancel of Vitess 22 to 24 leaves behind a switch (docs/vitess.md#cancel-after-a-read-switch, docs/vitess.md#interrupted-switch):
 * reads that go to emptied targets, or a source that may not serve. Traffic goes back to the shards that writes never left, in the order of
 * Vitess's switchShardReads: queries are allowed there, the tablets are told, and only where some serve the routes change. One stage a
 * keyspace, as reads and writes may be broken at once; of reads that nobody could serve only the writes are repaired.
 */
export const serveFromSources = repair<Misrouted>({
  name: "serve-from-sources",
  runs: "traffic",
  by: (_, { object }) => object.keyspace ?? "",
  of: misrouted,
  unless: [workflowInTheWay, unmovedWrites, unsoundReads],
  plan: (snapshot, broken, findings) => {
    const { keyspace, stopped } = broken;
    const unread = unservedReads(snapshot, broken);
    const served: Misrouted = unread.length === 0 ? broken : { ...broken, reads: "right" };
    const moves = movesOf(served);
    const home = shardRecords(snapshot, keyspace).filter(({ serving }) => serving === 1);
    const journals = stopped.flatMap((shard) => journalsOfDeadSwitches(snapshot, keyspace, shard));
    const unnamed = journals.length > 0 ? [] : stopped.map((shard) => ({ keyspace, shard }));
    const left = unread.length === 0 ? [] : findings.filter((finding) => !isOfWrites(finding));
    return {
      title: `Serve ${keyspace} from the shards that its writes never left`,
      locks: [{ kind: "keyspace", keyspace }],
      steps: [
        ...moves.flatMap(allowStep),
        ...home.flatMap((shard) => toldOf(snapshot, served, shard)),
        ...moves.flatMap((move) => routeStep(snapshot, move)),
        ...deleteJournals(snapshot, journals),
      ],
      restsOn: [...servingPremises(snapshot, keyspace), ...shardPremises(snapshot, keyspace)],
      notes: [
        ...home.flatMap((shard) => untoldNotes(snapshot, shard)),
        ...(unnamed.length === 0
          ? []
          : [`no journal that names ${shardNames(unnamed)} was seen: nothing is deleted`]),
      ],
      partly: {
        repairs: findings.filter((finding) => !left.includes(finding)).map(({ id }) => id),
        blocked: left.flatMap(({ object, id }) => unread.map((one) => ({ object, finding: id, ...one }))),
      },
    };
  },
});
