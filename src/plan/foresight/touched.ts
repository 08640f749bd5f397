import { keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import { classifyKey, type TopoKey } from "../../topology/paths.js";
import { NO_NAMES, type Plan } from "../plan.js";
import { writeSet } from "../write-set.js";

/** What of a cluster a plan touches, as far as queries go there. */
export class Touched {
  /** Keyspaces that it writes a record of, or a tablet. */
  readonly keyspaces: ReadonlySet<string>;
  /** `keyspace/shard` of its tablets and of the shards whose records it writes. */
  readonly shards: ReadonlySet<string>;
  /** It writes what decides of names in every keyspace: routing rules or a cell's SrvVSchema. */
  readonly routing: boolean;
  /** Names that it was foreseen to lead elsewhere or to take away on purpose. */
  readonly names: ReadonlySet<string>;

  /** `cell keyspace` of the serving graphs that an undo puts back as they were: its plan says that what they had broken comes back. */
  readonly restored: ReadonlySet<string>;
  readonly #gone: ReadonlySet<string>;

  constructor(plan: Pick<Plan, "stages" | "cluster" | "operation" | "foreseen">) {
    const { roots } = plan.cluster;
    const keys = writeSet(plan).flatMap((write) =>
      write.kind === "topo-key"
        ? roots
            .filter(({ server }) => server === write.server)
            .map(({ root }) => classifyKey(root, write.key))
        : [],
    );
    const steps = plan.stages.flatMap((stage) => stage.steps);
    const tablets = steps.flatMap((step) => ("tablet" in step ? [step.tablet] : []));
    this.keyspaces = new Set([
      ...tablets.map(({ keyspace }) => keyspace),
      ...keys.flatMap((key) => ("keyspace" in key ? [key.keyspace] : [])),
    ]);
    this.shards = new Set([
      ...tablets.map(({ keyspace, shard }) => `${keyspace}/${shard}`),
      ...keys.flatMap((key) =>
        key.kind === "shard" || key.kind === "shard-replication" ? [`${key.keyspace}/${key.shard}`] : [],
      ),
    ]);
    this.restored = new Set(
      steps.flatMap((step) =>
        plan.operation === "undo" && step.kind === "record.write" && step.record.kind === "srv-keyspace"
          ? [`${step.record.cell} ${step.record.keyspace}`]
          : [],
      ),
    );
    this.#gone = new Set(
      steps.flatMap((step) =>
        step.kind === "table.hold" || step.kind === "table.drop"
          ? step.tables.map((table) => `${step.tablet.keyspace}/${step.tablet.shard} ${table}`)
          : [],
      ),
    );
    const { elsewhere, taken } = plan.foreseen?.names ?? NO_NAMES;
    this.names = new Set([...elsewhere, ...taken]);
    this.routing = keys.some(({ kind }) => ROUTING.has(kind));
  }

  /** Whether it moves or drops the table on the shard. */
  takesTable(shard: string, table: string): boolean {
    return this.#gone.has(`${shard} ${table}`);
  }

  /** A shard of the same key range has the same rows: a Reshard copies them from one to the other. */
  hasShard(name: string): boolean {
    if (this.shards.has(name)) return true;
    const [keyspace = "", shard = ""] = name.split("/");
    const range = keyRangeOfShard(shard);
    if (range === null) return false;
    return [...this.shards].some((other) => {
      const [otherKeyspace = "", otherShard = ""] = other.split("/");
      const its = otherKeyspace === keyspace ? keyRangeOfShard(otherShard) : null;
      return its !== null && overlaps(its, range);
    });
  }
}

const ROUTING: ReadonlySet<TopoKey["kind"]> = new Set([
  "routing-rules",
  "shard-routing-rules",
  "keyspace-routing-rules",
  "srv-vschema",
]);
