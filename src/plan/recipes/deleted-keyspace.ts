import { isObstacle, type Obstacle } from "../draft.js";
import { deletedBy } from "../dropped/decision.js";
import { type LostKeyspace, lostKeyspace } from "../dropped/lost-keyspace.js";
import { keyspaceNotes, keyspacePremises, keyspaceStages } from "../dropped/restore-keyspace.js";
import { unlessKeyspaceRestored } from "../guards/keyspace-restore.js";
import { type Recipe, repair } from "../repair.js";
import { orphanShard } from "./orphan-shard.js";

const restored = repair<LostKeyspace>({
  name: "deleted-keyspace",
  runs: "shards",
  of: (snapshot, [{ object }], { orphans }): LostKeyspace | Obstacle | null => {
    if (orphans === "leave") return null;
    const { keyspace = "" } = object;
    const lost = lostKeyspace(snapshot, keyspace);
    if (orphans === "restore" || isObstacle(lost)) return lost;
    return {
      reason: `the Keyspace record of ${keyspace} was deleted ${deletedBy(lost.record)}, so it may have been meant`,
      instead:
        "say --orphans restore to put the keyspace back whole, from etcd's history, --orphans retire to stop and delete its streams and end its vttablets, or --orphans leave",
    };
  },
  unless: unlessKeyspaceRestored,
  plan: (snapshot, lost, [{ id }]) => ({
    stages: keyspaceStages(snapshot, lost),
    restsOn: keyspacePremises(snapshot, lost),
    notes: keyspaceNotes(snapshot, lost),
    partly: { repairs: [id], blocked: lost.left },
  }),
});

/**
 * A keyspace whose records are gone while its tablets run, put back as etcd's history shows it (docs/decisions.md#d17): nothing is written
 * over what exists by now. Its tablets are retired as those of any shard.
 */
export const deletedKeyspace: Recipe = {
  ...restored,
  drafts: (snapshot, findings, request) =>
    (request.orphans === "retire" ? orphanShard : restored).drafts(snapshot, findings, request),
};
