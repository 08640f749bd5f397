import { formatAlias } from "../../cluster/alias.js";
import type { StepOf } from "../../plan/steps/index.js";
import type { TabletAlias } from "../../proto/gen/topodata_pb.js";
import { decodeShard, decodeShardReplication, decodeTablet } from "../../topology/records.js";
import type { Entry } from "../../topology/store.js";
import {
  done,
  type Effect,
  type Known,
  known,
  type Refused,
  refused,
  type Silent,
  silent,
} from "../check.js";
import { imageOfKey, unchanged, writeFenced } from "../records/topo-keys.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";
import { isClosed } from "../tablet/tablet-address.js";

type Remove = StepOf<"record.remove">;

/**
 * Deletes one key by compare-and-set on the bytes that were judged, never while a process of the shard may run (docs/decisions.md#d19,
 * docs/decisions.md#d20).
 */
export const recordRemove = stepRunner<"record.remove", Entry | null>({
  image: async (step, context) => {
    const image = await imageOfKey(step, context);
    return image.kind === "known" ? known({ ...image.value, becomes: null }) : image;
  },

  look,
  ended: (step, entry) => (entry === null ? goneWords(step) : null),
  guards: { ours: foreign, ended: (step, _entry, context) => stillRuns(step, context) },

  async run(step, context): Promise<Effect> {
    const seen = await look(step, context);
    if (seen.kind !== "known") return seen;
    const entry = seen.value;
    if (entry === null) return done(goneWords(step));
    const stop = foreign(step, entry) ?? (await stillRuns(step, context));
    if (stop !== null) return stop;
    const failed = await writeFenced(context, {
      server: step.server,
      compares: [unchanged(step.key, entry.modRevision)],
      operations: [{ kind: "delete", key: step.key }],
      movedWords: `${step.key} was written by somebody else meanwhile`,
    });
    return failed ?? done(goneWords(step));
  },
});

const goneWords = (step: Remove): string =>
  `the ${step.of} record of ${step.keyspace}/${step.shard} is gone (${step.key})`;

async function look(step: Remove, { ports }: RunContext): Promise<Known<Entry | null>> {
  const got = await ports.store(step.server).get(step.key);
  return got.kind === "unanswered" ? silent(step.server, got) : known(got.value.entry);
}

function foreign(step: Remove, entry: Entry | null): Broken {
  const because = entry === null ? null : forbids(step, entry.value);
  return because === null ? null : refused(`${step.key} ${because}; scan again`);
}

/** Null: the record is the retired shard's, and nobody else's. */
function forbids(step: Remove, bytes: Uint8Array): string | null {
  switch (step.of) {
    case "Tablet":
      return forbidsTablet(step, bytes);
    case "ShardReplication":
      return forbidsListing(step, bytes);
    case "Shard":
      return forbidsShard(step, bytes);
  }
}

/** A process that ended on SIGTERM has blanked its address (docs/vitess.md#shutdown); one that was killed has not. */
function forbidsTablet(step: Remove, bytes: Uint8Array): string | null {
  const tablet = decodeTablet(bytes);
  if (tablet.kind === "unanswered") return `can not be decoded: ${tablet.message}`;
  const { alias, keyspace, shard, hostname, portMap } = tablet.value;
  if (alias === undefined || isStranger(step, alias) || keyspace !== step.keyspace || shard !== step.shard)
    return `is the record of ${alias === undefined ? "a tablet without alias" : formatAlias(alias)} of ${keyspace}/${shard}`;
  const address = `${hostname}:${portMap.grpc ?? 0}`;
  return hostname === "" || address === step.recordedAt
    ? null
    : `names ${address}, where that tablet was not when the plan was made`;
}

function forbidsListing(step: Remove, bytes: Uint8Array): string | null {
  const record = decodeShardReplication(bytes);
  if (record.kind === "unanswered") return `can not be decoded: ${record.message}`;
  const strangers = record.value.nodes
    .flatMap(({ tabletAlias }) => tabletAlias ?? [])
    .filter((alias) => isStranger(step, alias));
  return strangers.length === 0
    ? null
    : `lists ${strangers.map(formatAlias).join(", ")}, which joined the shard since the plan was made`;
}

function forbidsShard(step: Remove, bytes: Uint8Array): string | null {
  const shard = decodeShard(bytes);
  if (shard.kind === "unanswered") return `can not be decoded: ${shard.message}`;
  const { isPrimaryServing, primaryAlias } = shard.value;
  if (isPrimaryServing) return "says that the shard serves writes";
  return primaryAlias !== undefined && primaryAlias.cell !== "" && isStranger(step, primaryAlias)
    ? `names ${formatAlias(primaryAlias)} as primary, which joined the shard since the plan was made`
    : null;
}

const isStranger = (step: Remove, alias: TabletAlias): boolean => !step.members.includes(formatAlias(alias));

/** Null: nothing listens where any of them ran. */
async function stillRuns(step: Remove, { ports }: RunContext): Promise<Refused | Silent | null> {
  for (const tablet of step.ended) {
    if (await isClosed(tablet, ports.reader)) continue;
    const identity = await ports.reader.identity(tablet.address);
    return identity.kind === "unanswered"
      ? silent(nameOf(tablet), identity)
      : refused(`${nameOf(tablet)} has not ended, or runs again: its record stays`);
  }
  return null;
}
