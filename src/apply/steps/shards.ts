import { formatAlias, parseAlias } from "../../cluster/alias.js";
import { keyRangeOfBytes, overlaps } from "../../cluster/key-range.js";
import { answered, type Outcome } from "../../cluster/outcome.js";
import { sameRecord } from "../../plan/records/record-type.js";
import type { StepOf } from "../../plan/steps/index.js";
import { type Shard, ShardSchema, TabletType } from "../../proto/gen/topodata_pb.js";
import { tabletKey } from "../../topology/paths.js";
import { decodeShard, decodeTablet } from "../../topology/records.js";
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
import { absent, imageOfKey, writeFenced } from "../records/topo-keys.js";
import { rootOfCell } from "../records/topo-roots.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";

type ShardRestore = StepOf<"shard.restore">;

/**
 * Puts a Shard record back, never serving, after its tablets' records (docs/decisions.md#d17). Create-only, with the Keyspace record and
 * the stage's locks as conditions of the same transaction. A shard that appeared since the plan and covers the same ids refuses.
 */
const shardRestore = stepRunner<"shard.restore", ToRestore>({
  image: imageOfKey,
  look: lookToRestore,
  ended: (step, { there, wanted }) => (there !== null && isOurs(there, wanted) ? doneWords(step) : null),
  guards: {
    notServing: (step, { wanted }) =>
      wanted.isPrimaryServing
        ? refused(`the plan's record for ${step.key} would serve at once; plan anew`)
        : null,
    absent: (step, { there }) =>
      there === null
        ? null
        : refused(`${step.key} exists already and differs from the record that the plan would put back`),
    keyspaceThere: (step, { keyspace }) => (keyspace === null ? refused(keyspaceGone(step)) : null),
    tabletsThere: (step, _seen, context) => tabletMissing(step, context),
    noOverlap: (step, { wanted }, context) => overlapped(step, wanted, context),
    samePrimary: (_step, { wanted }, context) => primaryUnproven(wanted, context),
  },

  async run(step, context): Promise<Effect> {
    const seen = await lookToRestore(step, context);
    if (seen.kind !== "known") return seen;
    const { keyspace } = seen.value;
    if (keyspace === null) return refused(keyspaceGone(step));
    const failed = await writeFenced(context, {
      server: step.server,
      compares: [
        absent(step.key),
        { key: step.keyspaceKey, target: "create", equals: keyspace.createRevision },
      ],
      operations: [{ kind: "put", key: step.key, value: Buffer.from(step.value, "base64") }],
      movedWords: `${step.key} was created, or ${step.keyspaceKey} replaced, by somebody else meanwhile`,
    });
    return failed ?? done(doneWords(step));
  },
});

const doneWords = (step: ShardRestore): string =>
  `${step.keyspace}/${step.shard} has its Shard record and does not serve (${step.origin})`;
const keyspaceGone = (step: ShardRestore): string => `keyspace ${step.keyspace} does not exist any more`;

interface ToRestore {
  readonly wanted: Shard;
  readonly there: Shard | null;
  readonly keyspace: Entry | null;
}

async function lookToRestore(step: ShardRestore, context: RunContext): Promise<Known<ToRestore>> {
  const wanted = decodeShard(Buffer.from(step.value, "base64"));
  if (wanted.kind === "unanswered") return refused(`the plan's record for ${step.key} can not be decoded`);
  const store = context.ports.store(step.server);
  const [existing, keyspace] = await Promise.all([store.get(step.key), store.get(step.keyspaceKey)]);
  if (existing.kind === "unanswered") return silent(step.server, existing);
  if (keyspace.kind === "unanswered") return silent(step.server, keyspace);
  const there = existing.value.entry === null ? null : decodeShard(existing.value.entry.value);
  if (there?.kind === "unanswered")
    return refused(`${step.key} exists and can not be decoded: ${there.message}`);
  return known({ wanted: wanted.value, there: there?.value ?? null, keyspace: keyspace.value.entry });
}

/** The running primary may have named itself since, which is what it was restored for. */
function isOurs(there: Shard, wanted: Shard): boolean {
  const { primaryAlias, primaryTermStartTime } = there;
  const expected: Shard = { ...wanted };
  if (primaryAlias !== undefined) expected.primaryAlias = primaryAlias;
  if (primaryTermStartTime !== undefined) expected.primaryTermStartTime = primaryTermStartTime;
  return sameRecord(ShardSchema, there, expected);
}

/** Null: every tablet of the shard has its record, so that none of them is lost to Vitess once the shard is back. */
async function tabletMissing(step: ShardRestore, { ports }: RunContext): Promise<Refused | Silent | null> {
  for (const { server, key } of step.tabletKeys) {
    const got = await ports.store(server).get(key);
    if (got.kind === "unanswered") return silent(server, got);
    if (got.value.entry === null)
      return refused(`${key} does not exist, and the shard comes after its tablets`);
  }
  return null;
}

/** Shards that the plan read are those it was decided with; any other with the same ids is younger. */
async function overlapped(
  step: ShardRestore,
  wanted: Shard,
  context: RunContext,
): Promise<Refused | Silent | null> {
  const shards = step.key.slice(0, step.key.lastIndexOf(`${step.shard}/Shard`));
  const listed = await context.ports.store(step.server).range({ prefix: shards });
  if (listed.kind === "unanswered") return silent(step.server, listed);
  const known = new Set(
    context.plan.premises.flatMap((premise) =>
      premise.kind === "topo-key" && premise.modRevision > 0 ? [premise.key] : [],
    ),
  );
  const restored = new Set(
    context.plan.stages
      .flatMap((stage) => stage.steps)
      .flatMap((one) => (one.kind === "shard.restore" ? [one.key] : [])),
  );
  for (const entry of listed.value.entries) {
    if (!entry.key.endsWith("/Shard") || known.has(entry.key) || restored.has(entry.key)) continue;
    const other = decodeShard(entry.value);
    if (other.kind === "unanswered") return refused(`${entry.key} can not be decoded: ${other.message}`);
    if (overlaps(keyRangeOfBytes(wanted.keyRange), keyRangeOfBytes(other.value.keyRange))) {
      return refused(
        `${entry.key} covers ids of ${step.keyspace}/${step.shard} and is not in the plan; plan anew`,
      );
    }
  }
  return null;
}

/** A primary that the record names must be the recorded one, with the same term: a newer term would demote it. */
async function primaryUnproven(wanted: Shard, context: RunContext): Promise<Refused | Silent | null> {
  const alias = wanted.primaryAlias;
  if (alias === undefined || alias.cell === "") return null;
  const root = rootOfCell(context.plan.cluster, alias.cell);
  if (root === null) return refused(`the plan does not say where the topology of cell ${alias.cell} is`);
  const key = tabletKey(root.root, alias);
  const got = await context.ports.store(root.server).get(key);
  if (got.kind === "unanswered") return silent(root.server, got);
  const tablet = got.value.entry === null ? null : decodeTablet(got.value.entry.value);
  const name = formatAlias(alias);
  if (tablet === null) return refused(`the record would name ${name} as primary, which has no Tablet record`);
  if (tablet.kind === "unanswered") return refused(`${key} can not be decoded: ${tablet.message}`);
  const sameTerm =
    tablet.value.primaryTermStartTime?.seconds === wanted.primaryTermStartTime?.seconds &&
    tablet.value.primaryTermStartTime?.nanoseconds === wanted.primaryTermStartTime?.nanoseconds;
  return tablet.value.type === TabletType.PRIMARY && sameTerm
    ? null
    : refused(
        `the record would name ${name} as primary, whose own record says ${TabletType[tablet.value.type]} of another term`,
      );
}

type Await = StepOf<"shard.await-primary">;

const POLL_MS = 1000;

/** Waits for the running primary's shard sync to name itself in the Shard record (docs/vitess.md#shard-sync: within 30 s). Only reads. */
const shardAwaitPrimary = stepRunner<"shard.await-primary", Uint8Array | null>({
  image: null,
  look: shardBytes,
  ended: namesIt,
  guards: { noOther: another },

  async run(step, context): Promise<Effect> {
    const until = context.ports.clock.now() + step.timeoutMs;
    while (true) {
      const seen = await shardBytes(step, context);
      const now = seen.kind === "known" ? namesIt(step, seen.value) : null;
      if (now !== null) return done(now);
      const stop = seen.kind === "known" ? another(step, seen.value) : seen;
      if (stop?.kind === "refused") return stop;
      if (context.ports.clock.now() >= until) return stop ?? tooLate(step);
      if (!(await context.ports.clock.sleep(POLL_MS, context.signal))) {
        return { kind: "unanswered", reason: `interrupted while waiting for ${step.alias}` };
      }
    }
  },
});

async function shardBytes(step: Await, { ports }: RunContext): Promise<Known<Uint8Array | null>> {
  const got = await ports.store(step.server).get(step.key);
  return got.kind === "unanswered" ? silent(step.server, got) : known(got.value.entry?.value ?? null);
}

/** The alias of the primary that the record names; empty: none yet. */
const named = (bytes: Uint8Array | null): Outcome<string> | null => {
  const shard = bytes === null ? null : decodeShard(bytes);
  if (shard?.kind !== "answered") return shard;
  const { primaryAlias } = shard.value;
  return answered(primaryAlias === undefined || primaryAlias.cell === "" ? "" : formatAlias(primaryAlias));
};

function namesIt(step: Await, bytes: Uint8Array | null): string | null {
  const primary = named(bytes);
  return primary?.kind === "answered" && primary.value === step.alias
    ? `${step.keyspace}/${step.shard} names ${step.alias} as its primary`
    : null;
}

function another(step: Await, bytes: Uint8Array | null): Broken {
  const primary = named(bytes);
  if (primary === null) return refused(`${step.key} does not exist any more`);
  if (primary.kind === "unanswered") return refused(`${step.key} can not be decoded: ${primary.message}`);
  return primary.value === "" || primary.value === step.alias
    ? null
    : refused(
        `${step.keyspace}/${step.shard} names ${primary.value} as its primary, not ${step.alias}; scan again`,
      );
}

const tooLate = (step: Await): Effect =>
  refused(
    `${step.alias} did not name itself as primary of ${step.keyspace}/${step.shard} within ${step.timeoutMs / 1000} s; see whether it runs and is PRIMARY, then resume`,
  );

type Elect = StepOf<"shard.elect">;

/** vtctld's own PlannedReparentShard (docs/decisions.md#d21). An election that VTOrc won meanwhile is as good. */
const shardElect = stepRunner<"shard.elect", Shard | null>({
  image: null,
  look: shardNow,
  ended: (step, shard) => {
    const primary = primaryOf(shard);
    return primary === null ? null : `${step.keyspace}/${step.shard} has ${primary} as its primary`;
  },
  guards: {
    readable: (step, shard) =>
      shard === null ? refused(`${step.key} is gone or can not be read; scan again`) : null,
  },

  async run(step, context): Promise<Effect> {
    const { vtctld } = context.ports;
    const alias = parseAlias(step.alias);
    if (vtctld === null || alias === null)
      return refused(`no vtctld is named to elect ${step.alias}: give --server, then resume`);
    const reply = await vtctld.plannedReparent(step.keyspace, step.shard, alias);
    if (reply.kind === "answered") return done(`${vtctld.address} elected ${step.alias}`);
    return reply.reason === "failed"
      ? refused(`${vtctld.address} did not elect ${step.alias}: ${reply.message}`)
      : silent(vtctld.address, reply);
  },
});

async function shardNow(step: Elect, { ports }: RunContext): Promise<Known<Shard | null>> {
  const got = await ports.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const shard = got.value.entry === null ? null : decodeShard(got.value.entry.value);
  return known(shard?.kind === "answered" ? shard.value : null);
}

const primaryOf = (shard: Shard | null): string | null => {
  const alias = shard?.primaryAlias;
  return alias === undefined || alias.cell === "" ? null : formatAlias(alias);
};

export const shardRunners = {
  "shard.restore": shardRestore,
  "shard.await-primary": shardAwaitPrimary,
  "shard.elect": shardElect,
};
