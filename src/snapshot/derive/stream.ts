import { parseStreamSource, type StreamSource } from "../../cluster/stream-source.js";
import type { Facts } from "../facts.js";
import type {
  ProcessRow,
  StreamRow,
  StreamRuleRow,
  UnparsableSourceRow,
  VreplicationRow,
} from "../gen/tables.js";
import { type OwnedRow, ownedRows } from "./stream-owner.js";
import { workflowKind } from "./workflow-kind.js";

export interface StreamRecords {
  readonly stream: readonly StreamRow[];
  readonly stream_rule: readonly StreamRuleRow[];
  readonly unparsable_source: readonly UnparsableSourceRow[];
}

/** Every stream once, with its source read and its state in both worlds: the row and the engine's memory. */
export const deriveStreams = (facts: Facts, processes: readonly ProcessRow[]): StreamRecords => {
  const engines = new Map(
    facts.engine_stream.map((row) => [`${row.address} ${row.id} ${row.workflow}`, row.state]),
  );
  const copying = new Set(facts.copy_state.map(({ address, vrepl_id }) => `${address} ${vrepl_id}`));
  const read = ownedRows(facts, processes).map((owned) => ({
    ...owned,
    parsed: parseStreamSource(owned.row.source),
  }));
  return {
    stream: read.map(({ parsed, ...owned }) => {
      const { address, id, workflow } = owned.row;
      return streamRow(owned, parsed.kind === "answered" ? parsed.value : NO_SOURCE, {
        engineState: engines.get(`${address} ${id} ${workflow}`) ?? null,
        hasCopyState: copying.has(`${address} ${id}`),
      });
    }),
    stream_rule: read.flatMap(({ row, parsed }) =>
      parsed.kind === "answered" ? ruleRows(row, parsed.value) : [],
    ),
    unparsable_source: read.flatMap(({ row, parsed }) =>
      parsed.kind === "answered"
        ? []
        : [{ address: row.address, id: row.id, workflow: row.workflow, message: parsed.message }],
    ),
  };
};

const NO_SOURCE: StreamSource = {
  keyspace: "",
  shard: "",
  externalMysql: "",
  externalCluster: "",
  onDdl: "IGNORE",
  stopAfterCopy: false,
  rules: [],
};

const ruleRows = (row: VreplicationRow, source: StreamSource): readonly StreamRuleRow[] =>
  source.rules.map(({ match, filter }, ordinal) => ({
    address: row.address,
    id: row.id,
    ordinal,
    match,
    filter,
  }));

interface Engine {
  readonly engineState: string | null;
  readonly hasCopyState: boolean;
}

const streamRow = ({ row, process, copies }: OwnedRow, source: StreamSource, engine: Engine): StreamRow => {
  const active = row.state !== "Stopped" && row.state !== "Error";
  const message = row.message ?? "";
  const pos = row.pos ?? "";
  return {
    address: row.address,
    alias: process.alias,
    keyspace: process.keyspace,
    shard: process.shard,
    id: row.id,
    workflow: row.workflow,
    kind: workflowKind(row.workflow, row.workflow_type, source),
    db_name: row.db_name,
    source_keyspace: source.keyspace,
    source_shard: source.shard,
    source_external: source.externalCluster || source.externalMysql,
    source: row.source,
    state: row.state,
    active: Number(active),
    frozen: Number(row.state === "Stopped" && message === "FROZEN"),
    message,
    pos,
    time_updated: row.time_updated,
    age_s: row.time_updated === null ? null : Math.max(0, row.observed_at - row.time_updated),
    copying: Number(engine.hasCopyState || (active && pos === "")),
    engine_state: engine.engineState,
    copies,
    observed_at: row.observed_at,
  };
};
