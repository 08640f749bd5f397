import { matchesTable } from "../../cluster/stream-source.js";
import type { StreamRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { isRead, tableRead } from "../cancel/table-sets.js";
import type { DraftStep } from "../draft.js";
import { type ChangedName, isOpen, namesOf, type PathChange, type Routed } from "./compare.js";

type Taking = Extract<DraftStep, { kind: "table.hold" | "table.drop" }>;

/** A stream that writes a table, and the table that it reads. */
interface Feed {
  readonly stream: StreamRow;
  readonly reads: string;
}

const REVERSE = "_reverse";

/** Which tables are copies of which, by the streams that were there before the plan. */
export class Copies {
  readonly #streams: readonly StreamRow[];

  constructor(
    readonly snapshot: Snapshot,
    /** Where queries lead before the plan. */
    readonly routed: Routed,
  ) {
    this.#streams = snapshot.rows("stream");
  }

  /** Why a table that a step moves or drops is not proven to be a copy; null: it is one, and its source holds it and serves it. */
  unproven({ tablet, dbName }: Taking, table: string): string | null {
    const place = `${tablet.keyspace}/${tablet.shard}`;
    const what = `${table} of ${place}`;
    const feeds = this.#feeds(place, table).filter(({ stream }) => stream.db_name === dbName);
    if (feeds.length === 0) return `no stream copies ${what} from anywhere`;
    for (const { stream } of feeds) {
      const name = `${stream.keyspace}.${stream.workflow}`;
      if (stream.source_external !== "") return `its source, ${stream.source_external}, can not be asked`;
      if (stream.frozen === 1)
        return `${name}, which copied it, was switched: what it wrote is in production`;
      if (stream.workflow.endsWith(REVERSE))
        return `${name} only feeds it back: it is where the table came from`;
    }
    const [moved] = feeds.filter(({ stream }) => stream.kind !== "Materialize");
    if (moved === undefined) return null;
    const serving = feeds.some(({ stream }) => this.#serves(stream.source_keyspace, stream.source_shard));
    if (!serving) {
      const { keyspace, workflow, source_keyspace, source_shard } = moved.stream;
      return `no query leads to ${source_keyspace}/${source_shard}, from which ${keyspace}.${workflow} copies ${moved.reads}`;
    }
    const led = this.#leading(tablet.keyspace, place, table).filter(
      (text) => text !== `${tablet.keyspace}.${table}`,
    );
    return led.length === 0 ? null : `queries of ${led[0]} lead to it`;
  }

  /** Names that only these steps' workflows made, in rules of their own or by a copy of their own; they go with them. */
  takenBy(steps: readonly DraftStep[]): ReadonlySet<string> {
    const ended = this.#streams.filter(
      (stream) =>
        stream.source_keyspace !== stream.keyspace &&
        !stream.workflow.endsWith(REVERSE) &&
        steps.some(
          (step) =>
            step.kind === "stream.delete" &&
            step.tablet.keyspace === stream.keyspace &&
            step.workflow === stream.workflow,
        ),
    );
    const rules = ended.flatMap((stream) => this.#rulesOf(stream).map(({ match }) => ({ stream, match })));
    const own = steps.filter(isTaking).flatMap((step) =>
      step.tables.flatMap((table) => {
        const { keyspace, shard } = step.tablet;
        const place = `${keyspace}/${shard}`;
        const isMaterialized = this.#feeds(place, table).some(({ stream }) => stream.kind === "Materialize");
        const isMoved = ended.some((stream) => stream.keyspace === keyspace);
        return [
          ...(isMaterialized ? this.#leading(keyspace, place, table) : []),
          ...(isMoved ? [`${keyspace}.${table}`] : []),
        ];
      }),
    );
    return new Set([...rules.map(({ stream, match }) => `${stream.keyspace}.${match}`), ...own]);
  }

  /** Why the place that queries of a name would be led to is not proven to have the table, complete and fed; null: it is. */
  unfit({ cell, tabletType, was, is }: PathChange, name: ChangedName, after: Routed): string | null {
    const { was: old, is: now } = name;
    const into = is.shards.flatMap((place) => this.#feeds(place, now));
    if (tabletType !== "PRIMARY") {
      if (writesGo(after, { cell, is }, name)) return null;
      const copying = into.find(({ stream }) => stream.copying === 1);
      if (copying !== undefined) return `stream ${nameOf(copying.stream)} has not ended its copy`;
      if (was.shards.length === 0) return null;
      const unfed = is.shards.find(
        (place) =>
          !this.#feeds(place, now).some(
            ({ stream, reads }) => stream.active === 1 && reads === old && isFrom(was.shards, stream),
          ),
      );
      return unfed === undefined
        ? null
        : `no running stream copies ${old} to ${unfed} from where it is served now`;
    }
    if (is.verdict !== "served") return `nobody has seen whether ${is.shards.join(", ")} has ${now}`;
    const forward = into.find(({ stream }) => stream.frozen === 0 && !stream.workflow.endsWith(REVERSE));
    if (forward !== undefined)
      return `it is a copy that stream ${nameOf(forward.stream)} makes and no switch has ended`;
    const fed = into.find(({ stream }) => stream.active === 1);
    if (fed !== undefined) return `stream ${nameOf(fed.stream)} still writes into it`;
    const left = this.#streams.find(
      (stream) => stream.frozen === 1 && isFrom(is.shards, stream) && isRead(this.#rulesOf(stream), now),
    );
    if (left !== undefined)
      return `stream ${nameOf(left)}, which copied from there, was switched: what is written since is in ${left.keyspace}/${left.shard}`;
    return isOpen(was) || was.verdict === "unknown"
      ? `${was.shards.join(", ")} takes its writes, and what is written there until then is not in it`
      : null;
  }

  #serves(keyspace: string, shard: string): boolean {
    return this.routed.srv_partition.some((row) => row.keyspace === keyspace && row.shard === shard);
  }

  /** Names whose queries lead to the table there. */
  #leading(keyspace: string, place: string, table: string): readonly string[] {
    const { query_path, srv_partition } = this.routed;
    const routes = query_path.filter(
      (row) =>
        row.keyspace === keyspace &&
        row.verdict === "served" &&
        srv_partition.some(
          (part) =>
            part.cell === row.cell &&
            part.keyspace === keyspace &&
            part.tablet_type === row.tablet_type &&
            `${keyspace}/${part.shard}` === place,
        ),
    );
    const names = routes.flatMap(({ names_json }) =>
      Object.entries(JSON.parse(names_json) as Readonly<Record<string, string>>)
        .filter(([, to]) => to === table)
        .map(([name]) => name),
    );
    return [...new Set(names)].sort();
  }

  #feeds(place: string, table: string): readonly Feed[] {
    return this.#streams
      .filter((stream) => `${stream.keyspace}/${stream.shard}` === place)
      .flatMap((stream) => {
        const rule = this.#rulesOf(stream).find((one) => matchesTable(one, table) === true);
        if (rule === undefined || rule.filter === "exclude") return [];
        return [{ stream, reads: tableRead(rule.filter) ?? table }];
      });
  }

  #rulesOf({ address, id }: StreamRow) {
    return this.snapshot.rows("stream_rule", { address, id });
  }
}

/** Whether writes of the name go there too: then whatever is there is what its clients have. */
const writesGo = (
  { query_path, srv_partition }: Routed,
  { cell, is }: Pick<PathChange, "cell" | "is">,
  { name, is: table }: ChangedName,
): boolean => {
  const writes = srv_partition.filter(
    (row) => row.cell === cell && row.keyspace === is.keyspace && row.tablet_type === "PRIMARY",
  );
  return (
    query_path.some(
      (row) =>
        row.cell === cell &&
        row.keyspace === is.keyspace &&
        row.tablet_type === "PRIMARY" &&
        row.verdict === "served" &&
        (table === "" || namesOf(row)[name] === table),
    ) && is.shards.every((place) => writes.some((row) => `${is.keyspace}/${row.shard}` === place))
  );
};

export const isTaking = (step: DraftStep): step is Taking =>
  step.kind === "table.hold" || step.kind === "table.drop";

const isFrom = (
  shards: readonly string[],
  { source_keyspace, source_shard, source_external }: StreamRow,
): boolean => source_external === "" && shards.includes(`${source_keyspace}/${source_shard}`);

const nameOf = (stream: StreamRow): string => `${stream.id} of ${stream.workflow} on ${stream.alias}`;
