import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";
import { FINISH_SWITCH, KEEP_MATERIALIZED, SWITCH_BACK_WRITES } from "./switch-words.js";
import { shardsSwitched } from "./switched-shards.js";
import { tablesSwitched } from "./switched-tables.js";

/** Facts that say traffic is, or is about to be, on the targets (docs/decisions.md#d16, docs/vitess.md#cancel-guards). */
export const switched = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly Refusal[] => [
  ...journal(snapshot, subject),
  ...frozen(subject),
  ...reverseRunning(subject),
  ...(subject.kind === "Reshard" ? shardsSwitched(snapshot, subject) : []),
  ...(subject.kind === "MoveTables" ? tablesSwitched(snapshot, subject) : []),
  ...(subject.kind === "Materialize" && !options.keep
    ? tablesSwitched(snapshot, subject).map(({ fact }) => ({ fact, instead: KEEP_MATERIALIZED }))
    : []),
];

const journal = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const { keyspace, workflow } = subject;
  const [derived] = snapshot.rows("workflow", { keyspace, workflow });
  if (derived === undefined || derived.journal_found === 0) return [];
  const holders = snapshot.all<{ alias: string }>(
    `SELECT coalesce(l.alias, j.address) AS alias FROM resharding_journal j LEFT JOIN live_tablet l USING (address)
     WHERE j.id = ? ORDER BY coalesce(l.type, '') <> 'PRIMARY', j.address LIMIT 1`,
    derived.migration_id,
  );
  return [
    {
      fact: `its switch of writes has begun: \`_vt.resharding_journal\` of ${holders[0]?.alias ?? "a source"} has its journal ${derived.migration_id}`,
      instead: FINISH_SWITCH,
    },
  ];
};

/** After the switch of writes. */
const frozen = (subject: CancelSubject): readonly Refusal[] =>
  subject.groups
    .flatMap((group) => group.streams.map((stream) => ({ group, stream })))
    .filter(({ stream }) => stream.frozen === 1)
    .map(({ group, stream }) => ({
      fact: `stream ${stream.id} on ${group.process.alias} is FROZEN: its writes were switched`,
      instead: SWITCH_BACK_WRITES,
    }));

/** A reverse stream that runs feeds the old side; one that an earlier ReverseTraffic froze does not forbid (scene S4). */
export const reverseRunning = (subject: CancelSubject): readonly Refusal[] =>
  subject.reverse
    .filter((group) => group.streams.some((stream) => !["Stopped", "Error"].includes(stream.state)))
    .map((group) => ({
      fact: `${group.workflow} runs on ${group.process.alias}: its writes were switched`,
      instead: SWITCH_BACK_WRITES,
    }));
