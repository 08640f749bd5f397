import { formatAlias } from "../../cluster/alias.js";
import { isSameRecord, mergeChange } from "../../plan/records/change.js";
import { lifts } from "../../plan/records/shard.js";
import type { StepOf } from "../../plan/steps/index.js";
import { type TabletAlias, TabletType } from "../../proto/gen/topodata_pb.js";
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
import { absent, imageOfKey, type KeyRef, unchanged, writeFenced } from "../records/topo-keys.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { streamsThere } from "../streams/idle.js";
import { notEnded } from "../tablet/ended.js";
import { differsFrom, nameOf } from "../tablet/identity.js";

type Write = StepOf<"record.write">;

/**
 * Puts or deletes the bytes that the plan carries, by compare-and-set on the record that they were made from. Where others wrote since and
 * the change is in the record all the same, it was made before.
 */
const recordWrite = stepRunner<"record.write", Entry | null>({
  image: async (step, context) => {
    const image = await imageOfKey(step, context);
    return image.kind === "known" ? known({ ...image.value, becomes: step.after }) : image;
  },

  look: entryOf,
  ended: (step, entry) => (isMade(step, entry) ? doneWords(step) : null),
  guards: {
    unchanged: movedOn,
    notFrozen: frozen,
    serving: (step, _entry, context) => nobodyServes(step, context),
  },

  async run(step, context): Promise<Effect> {
    const seen = await entryOf(step, context);
    if (seen.kind !== "known") return seen;
    const entry = seen.value;
    if (isMade(step, entry)) return done(doneWords(step));
    const stop = movedOn(step, entry);
    if (stop !== null) return stop;
    const { server, key, after } = step;
    const failed = await writeFenced(context, {
      server,
      compares: [entry === null ? absent(key) : unchanged(key, entry.modRevision)],
      operations: [
        after === null ? { kind: "delete", key } : { kind: "put", key, value: Buffer.from(after, "base64") },
      ],
      movedWords: movedWords(step),
    });
    return failed ?? done(doneWords(step));
  },
});

const doneWords = ({ key, after }: Write): string =>
  after === null ? `${key} is gone` : `${key} is as planned`;

const movedWords = ({ key }: Write): string => `${key} was changed since the plan was made; plan anew`;

const bytesOf = (entry: Entry | null): string | null =>
  entry === null ? null : Buffer.from(entry.value).toString("base64");

const isMade = (step: Write, entry: Entry | null): boolean =>
  mergeChange(step, bytesOf(entry)).kind === "as-wanted";

/** The bytes are compared beside the revision: what the plan says of the change is told from them. */
function movedOn(step: Write, entry: Entry | null): Refused | null {
  const { modRevision, record, before } = step;
  const isThere = modRevision === null || (entry?.modRevision ?? 0) === modRevision;
  return isThere && isSameRecord(record, bytesOf(entry), before) ? null : refused(movedWords(step));
}

function frozen(step: Write, entry: Entry | null): Broken {
  const lifted = lifts(step);
  const shard = entry === null ? null : decodeShard(entry.value);
  if (step.record.kind !== "shard" || shard?.kind !== "answered") return null;
  const control = shard.value.tabletControls.find(
    (one) => one.frozen && one.deniedTables.some((table) => lifted.includes(table)),
  );
  return control === undefined
    ? null
    : refused(
        `${step.record.keyspace}/${step.record.shard} is frozen for ${TabletType[control.tabletType]}: a traffic switch is past its point of no return`,
      );
}

/** How often and how far apart tablets are asked that were just told to serve. */
const ASKED = 5;
const ASKED_EVERY_MS = 1000;

async function nobodyServes({ serving = [] }: Write, context: RunContext): Promise<Refused | null> {
  for (const group of serving) {
    let silence = await noneServes(group, context);
    for (let asked = 1; asked < ASKED && silence !== null; asked++) {
      await context.ports.clock.sleep(ASKED_EVERY_MS, context.signal);
      silence = await noneServes(group, context);
    }
    if (silence !== null) return silence;
  }
  return null;
}

type Group = NonNullable<Write["serving"]>[number];

async function noneServes({ what, tablets }: Group, context: RunContext): Promise<Refused | null> {
  const answers = await Promise.all(
    tablets.map(async (tablet) => {
      const differs = await differsFrom(tablet, context.ports.reader);
      if (differs !== null) return differs.reason;
      const reply = await context.ports.reader.identity(tablet.address);
      if (reply.kind === "unanswered") return silent(nameOf(tablet), reply).reason;
      return reply.value.serving ? null : `${nameOf(tablet)} does not serve`;
    }),
  );
  return answers.includes(null)
    ? null
    : refused(`no ${what} serves, and queries would go there: ${answers.join("; ")}`);
}

type Remove = StepOf<"record.remove">;

/**
 * Deletes one key by compare-and-set on the bytes that were judged, never while a process of the shard may run (docs/decisions.md#d19,
 * docs/decisions.md#d20), but for the record of one that is to end by that.
 */
const recordRemove = stepRunner<"record.remove", Entry | null>({
  image: async (step, context) => {
    const image = await imageOfKey(step, context);
    return image.kind === "known" ? known({ ...image.value, becomes: null }) : image;
  },

  look: entryOf,
  ended: (step, entry) => (entry === null ? goneWords(step) : null),
  guards: {
    ours: foreign,
    ended: (step, _entry, context) => notEnded(step.ended, context),
    process: (step, _entry, context) => anotherRuns(step, context),
    noStream: (step, _entry, context) => streamsThere(step, context),
  },

  async run(step, context): Promise<Effect> {
    const seen = await entryOf(step, context);
    if (seen.kind !== "known") return seen;
    const entry = seen.value;
    if (entry === null) return done(goneWords(step));
    const stop =
      foreign(step, entry) ??
      (await notEnded(step.ended, context)) ??
      (await anotherRuns(step, context)) ??
      (await streamsThere(step, context));
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

const anotherRuns = async ({ runs }: Remove, { ports }: RunContext): Promise<Refused | Silent | null> =>
  runs === undefined ? null : differsFrom(runs, ports.reader);

type LockClear = StepOf<"lock.clear">;

/** Ends an abandoned lock by revoking its lease, which removes the key in the same moment (docs/vitess.md#abandoned-locks). */
const lockClear = stepRunner<"lock.clear", Entry | null>({
  image: imageOfKey,
  look: entryOf,
  ended: (step, entry) => (entry === null ? `${step.key} is gone` : null),
  guards: { sameLock: anotherLock },

  async run(step, context): Promise<Effect> {
    const seen = await entryOf(step, context);
    if (seen.kind !== "known") return seen;
    const stop = anotherLock(step, seen.value);
    if (stop !== null) return stop;
    const revoked = await context.ports.store(step.server).revoke(step.lease);
    return revoked.kind === "unanswered"
      ? silent(step.server, revoked)
      : done(`revoked the lease of ${step.key}`);
  },
});

function anotherLock(step: LockClear, entry: Entry | null): Broken {
  return entry === null || (entry.modRevision === step.modRevision && entry.lease === step.lease)
    ? null
    : refused(`${step.key} is another lock than when the plan was made`);
}

async function entryOf({ server, key }: KeyRef, { ports }: RunContext): Promise<Known<Entry | null>> {
  const got = await ports.store(server).get(key);
  return got.kind === "unanswered" ? silent(server, got) : known(got.value.entry);
}

export const recordRunners = {
  "record.write": recordWrite,
  "record.remove": recordRemove,
  "lock.clear": lockClear,
};
