import { answered, type Outcome } from "../cluster/outcome.js";
import type { LiveTableRow } from "../snapshot/gen/tables.js";
import type { SidecarRow, TableDefinition } from "../tablets/access.js";
import type { RarelyFilled } from "../tablets/queries.js";
import type { FactsPart } from "./facts-part.js";
import { Interview } from "./interview.js";
import type { CollectSources } from "./settings.js";
import {
  copyStateRow,
  heldTableRow,
  journalRow,
  postCopyActionRow,
  triggerRow,
  vdiffRow,
} from "./sidecar-facts.js";
import type { Sighting } from "./sighting.js";

/** What only one process of a shard is asked: the rest of the sidecar, what was moved aside, and its tables where they matter. */
export async function examine(
  { target, empty }: Sighting,
  sources: CollectSources,
  withTables: boolean,
): Promise<FactsPart> {
  const { address, at, required } = target;
  const interview = new Interview(address, required, sources.clock);
  const rows = async <T>(
    read: RarelyFilled | "triggers",
    row: (address: string, row: SidecarRow) => T,
  ): Promise<readonly T[]> => {
    const known = read !== "triggers" && empty.has(read);
    const answer = known ? Promise.resolve(answered([])) : sources.tablets.rows(at, read);
    return listOf(await interview.ask(read, answer)).map((fields) => row(address, fields));
  };
  const [copyState, postCopyActions, journals, vdiffs, holds, tables, triggers] = await Promise.all([
    rows("copyState", copyStateRow),
    rows("postCopyActions", postCopyActionRow),
    rows("journals", journalRow),
    rows("vdiffs", vdiffRow),
    rows("holds", heldTableRow),
    withTables ? interview.ask("schema", sources.tablets.schema(at)).then(listOf) : [],
    withTables ? rows("triggers", triggerRow) : [],
  ]);
  return {
    probe: interview.probes,
    copy_state: copyState,
    post_copy_action: postCopyActions,
    resharding_journal: journals,
    vdiff: vdiffs,
    // A hold schema without a table holds nothing.
    held_table: holds.filter((held) => held.table_name !== ""),
    live_table: tables.map((table) => tableRow(address, table)),
    live_trigger: triggers,
  };
}

const listOf = <T>(outcome: Outcome<readonly T[]>): readonly T[] =>
  outcome.kind === "answered" ? outcome.value : [];

const tableRow = (address: string, table: TableDefinition): LiveTableRow => ({
  address,
  db_name: table.database,
  table_name: table.name,
  table_type: table.type,
  definition: table.definition,
  data_length: table.dataLength,
  row_count: table.rowCount,
});
