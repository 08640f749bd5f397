import { sameSrvVSchema, srvVSchemaFor, type VSchemaSources } from "../../plan/serving/srv-vschema.js";
import type { StepOf } from "../../plan/steps/index.js";
import { srvVSchemaKey } from "../../topology/paths.js";
import { decodeSrvVSchema, encodeSrvVSchema } from "../../topology/records.js";
import type { Compare, Entry, TxnOp } from "../../topology/store.js";
import { done, type Effect, type Known, known, refused, silent } from "../check.js";
import { readVSchemaSources } from "../records/srv-vschema.js";
import { absent, imageOfKey, type KeyRef, unchanged, writeFenced } from "../records/topo-keys.js";
import { globalRoot, rootOfCell, sameServer } from "../records/topo-roots.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";

type Rebuild = StepOf<"srvvschema.rebuild">;

/**
 * Writes SrvVSchema of each cell from the global VSchemas and routing rules, as Vitess's RebuildSrvVSchema does, but by compare-and-set;
 * where the cell lives in the global etcd, the rules and VSchemas that it was built from must be unchanged in the same transaction. A cell's
 * record is read before what it is built from: one that somebody rebuilt in between is never overwritten by an older one. Then it is built
 * once more.
 */
const srvvschemaRebuild = stepRunner<"srvvschema.rebuild", readonly Change[]>({
  image: async (step, context) => {
    const images: unknown[] = [];
    for (const at of keysOf(step, context)) {
      const image = await imageOfKey(at, context);
      if (image.kind !== "known") return image;
      images.push(image.value);
    }
    return known(images);
  },
  look: driftOf,
  ended: (step, drift, context) =>
    drift.length === 0 && unknownCell(step, drift, context) === null ? doneWords(step) : null,
  guards: { rootKnown: unknownCell },

  async run(step, context): Promise<Effect> {
    const first = await write(step, context);
    const failed =
      first?.kind === "refused" && context.fence.lostLock() === null ? await write(step, context) : first;
    if (failed !== null) return failed;
    return done(doneWords(step));
  },
});

/** Null: every cell has what it should have. */
async function write(step: Rebuild, context: RunContext): Promise<Exclude<Broken, null> | null> {
  const drift = await driftOf(step, context);
  if (drift.kind !== "known") return drift;
  for (const change of drift.value) {
    const failed = await writeFenced(context, {
      ...change,
      movedWords: `${change.key}, a VSchema or a routing rule changed while it was rebuilt`,
    });
    if (failed !== null) return failed;
  }
  return null;
}

const doneWords = (step: Rebuild): string =>
  `SrvVSchema of ${step.cells.join(", ")} equals the global VSchemas and routing rules`;

function keysOf(step: Rebuild, context: RunContext): readonly KeyRef[] {
  return step.cells.flatMap((cell) => {
    const root = rootOfCell(context.plan.cluster, cell);
    return root === null ? [] : [{ server: root.server, key: srvVSchemaKey(root.root) }];
  });
}

interface Change extends KeyRef {
  readonly compares: readonly Compare[];
  readonly operations: readonly TxnOp[];
}

function unknownCell(step: Rebuild, _drift: readonly Change[], context: RunContext): Broken {
  const cell = step.cells.find((each) => rootOfCell(context.plan.cluster, each) === null);
  return cell === undefined ? null : refused(`the plan does not say where the topology of cell ${cell} is`);
}

/** The writes that are missing. */
async function driftOf(step: Rebuild, context: RunContext): Promise<Known<readonly Change[]>> {
  const cluster = context.plan.cluster;
  if (unknownCell(step, [], context) !== null) return known([]);
  const found: Found[] = [];
  for (const at of keysOf(step, context)) {
    const got = await context.ports.store(at.server).get(at.key);
    if (got.kind === "unanswered") return silent(at.server, got);
    found.push({ ...at, entry: got.value.entry });
  }
  const { server, root } = globalRoot(cluster);
  const sources = await readVSchemaSources(context.ports.store(server), root);
  if (sources.kind === "unanswered") return silent(server, sources);
  const changes: Change[] = [];
  for (const each of found) {
    const change = changeOf(each, sources.value, context);
    if (change.kind !== "known") return change;
    if (change.value !== null) changes.push(change.value);
  }
  return known(changes);
}

/** Of 128 in a transaction (etcd `--max-txn-ops`), fences left out. The rules come first; of more VSchemas some are not compared. */
const MOST_COMPARES = 100;

interface Found extends KeyRef {
  readonly entry: Entry | null;
}

function changeOf(
  { entry, ...at }: Found,
  sources: VSchemaSources,
  context: RunContext,
): Known<Change | null> {
  const current = entry === null ? null : decodeSrvVSchema(entry.value);
  if (current?.kind === "unanswered") return refused(`${at.key} can not be decoded: ${current.message}`);
  const wanted = srvVSchemaFor(current?.value ?? null, sources);
  if (current !== null && sameSrvVSchema(current.value, wanted)) return known(null);
  const sourcesToo = sameServer(at.server, context.plan.cluster.globalServer);
  return known({
    ...at,
    compares: [
      entry === null ? absent(at.key) : unchanged(at.key, entry.modRevision),
      ...(sourcesToo
        ? sources.read
            .slice(0, MOST_COMPARES)
            .map(({ key, modRevision }) => (modRevision === 0 ? absent(key) : unchanged(key, modRevision)))
        : []),
    ],
    operations: [{ kind: "put", key: at.key, value: encodeSrvVSchema(wanted) }],
  });
}

export const servingVSchemaRunners = {
  "srvvschema.rebuild": srvvschemaRebuild,
};
