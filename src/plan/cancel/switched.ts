import type { SignKind } from "../../snapshot/derive/switch-sign.js";
import type { SwitchSignRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import { toTables } from "./table-sets.js";
import type { Cancellable, CancelSubject } from "./types/cancel-type.js";

/**
 * Facts that say traffic is, or is about to be, on the targets (docs/decisions.md#d16, docs/vitess.md#cancel-guards). They are those that
 * make the workflow's phase; which of them forbid a cancel is the type's to say.
 */
export const switched = (snapshot: Snapshot, subject: Cancellable, keep: boolean): readonly Obstacle[] =>
  signsOf(snapshot, subject).flatMap((sign) => subject.type.forbidding(sign, keep) ?? []);

/** A reverse stream that runs feeds the old side; one that an earlier ReverseTraffic froze does not forbid (scene S4). */
export const reverseRunning = (snapshot: Snapshot, subject: CancelSubject): readonly Obstacle[] =>
  signsOf(snapshot, subject)
    .filter(({ kind }) => kind === "reverse-running")
    .map(refusalOf);

/** Without reverse streams that are not the subject's: the repair of its broken part deletes them. */
const signsOf = (
  snapshot: Snapshot,
  { keyspace, workflow, reverse }: CancelSubject,
): readonly SwitchSignRow[] =>
  snapshot
    .rows("switch_sign", { keyspace, workflow })
    .filter(
      ({ kind, alias }) =>
        kind !== "reverse-running" || reverse.some(({ process }) => process.alias === alias),
    );

/** What a sign says, and the way out. */
export const refusalOf = (sign: SwitchSignRow): Obstacle => {
  const { shard, alias, cell, name, detail, key, revision } = sign;
  const kind = sign.kind as SignKind;
  const at = `(${key}, revision ${revision})`;
  const copy = cell === "" ? "" : `in cell ${cell} `;
  switch (kind) {
    case "journal":
      return {
        reason: `its switch of writes has begun: \`_vt.resharding_journal\` of ${alias || "a source"} has its journal ${name}`,
        instead: FINISH_SWITCH,
      };
    case "frozen":
      return {
        reason: `stream ${name} on ${alias} is FROZEN: its writes were switched`,
        instead: SWITCH_BACK_WRITES,
      };
    case "reverse-running":
      return { reason: `${name} runs on ${alias}: its writes were switched`, instead: SWITCH_BACK_WRITES };
    case "target-serves":
      return { reason: `target ${shard} serves writes ${at}`, instead: SWITCH_BACK_WRITES };
    case "source-idle":
      return {
        reason: `source ${shard} does not serve writes${key === "" ? ": it has no record" : ` ${at}`}`,
        instead: SWITCH_BACK_WRITES,
      };
    case "to-target":
      return { reason: `${name} queries of cell ${cell} go to target ${shard} ${at}`, instead: backOf(sign) };
    case "off-source":
      return {
        reason: `${name} queries of cell ${cell} do not go to source ${shard} ${at}`,
        instead: backOf(sign),
      };
    // A cutover that died leaves the source disabled; after a cancel no workflow would be left to repair it by
    // (docs/vitess.md#interrupted-switch).
    case "source-disabled":
      return {
        reason: `${name} queries of source ${shard} are disabled in cell ${cell} ${at}`,
        instead: `vtctldclient SetShardTabletControl --disable-query-service=false ${shard} ${name.toLowerCase()} and RefreshStateByShard, then cancel`,
      };
    case "rule":
      return {
        reason: `the rule ${name} leads to ${toTables(detail).join(", ")} ${copy}${at}`,
        instead: backOf(sign),
      };
    case "shard-rule":
    case "keyspace-rule":
      return {
        reason: `the ${kind === "shard-rule" ? "shard" : "keyspace"} routing rule of ${name} leads to ${detail} ${copy}${at}`,
        instead: backOf(sign),
      };
    case "source-denies":
      return {
        reason: `source ${shard} denies the table ${name} ${at}`,
        instead: `end the switch that was begun with switchtraffic; or let the source serve again (vtctldclient SetShardTabletControl --remove --denied-tables=${name} ${shard} primary, then RefreshStateByShard ${shard}), then cancel`,
      };
    case "cutover-stop":
      return {
        reason: `stream ${name} on ${alias} was stopped for the cutover: a switch of its writes has begun`,
        instead:
          "see that the sources take writes, start its streams again (vtctldclient Workflow start), then cancel",
      };
  }
};

const backOf = ({ traffic }: SwitchSignRow): string =>
  traffic === "writes" ? SWITCH_BACK_WRITES : SWITCH_BACK_READS;

const SWITCH_BACK_READS =
  "route the reads back first (vtctldclient Reshard or MoveTables reversetraffic --tablet-types replica,rdonly), then cancel";
const SWITCH_BACK_WRITES =
  "a workflow whose writes are switched is ended with complete, or taken back with reversetraffic; cancelling it would leave no side that takes writes";
/**
 * A journal of the same id can also be an old one: the id hashes names that come again (docs/vitess.md#interrupted-switch,
 * docs/vitess.md#journal-ids).
 */
const FINISH_SWITCH =
  "end the switch that was begun with switchtraffic --tablet-types primary --max-replication-lag-allowed 24h (where the source is disabled in SrvKeyspace, lift that right before); if none was begun, the journal is an old one of the same id: delete its row first, or the next switch loses data";
