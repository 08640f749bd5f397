/** Ways out of a switch, for refusals. */
export const SWITCH_BACK_READS =
  "route the reads back first (vtctldclient Reshard or MoveTables reversetraffic --tablet-types replica,rdonly), then cancel";
export const SWITCH_BACK_WRITES =
  "a workflow whose writes are switched is ended with complete, or taken back with reversetraffic; cancelling it would leave no side that takes writes";
export const KEEP_MATERIALIZED = "cancel with --keep-data, or take those rules away first";
/**
 * A journal of the same id can also be an old one: the id hashes names that come again (docs/vitess.md#interrupted-switch,
 * docs/vitess.md#journal-ids).
 */
export const FINISH_SWITCH =
  "end the switch that was begun with switchtraffic --tablet-types primary --max-replication-lag-allowed 24h (where the source is disabled in SrvKeyspace, lift that right before); if none was begun, the journal is an old one of the same id: delete its row first, or the next switch loses data";
