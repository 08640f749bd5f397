import { isSameRecord, mergeChange } from "../../plan/records/change.js";
import { lifts } from "../../plan/records/shard.js";
import type { StepOf } from "../../plan/steps/index.js";
import { TabletType } from "../../proto/gen/topodata_pb.js";
import { decodeShard } from "../../topology/records.js";
import type { Entry } from "../../topology/store.js";
import { done, type Effect, type Known, known, type Refused, refused, silent } from "../check.js";
import { absent, imageOfKey, unchanged, writeFenced } from "../records/topo-keys.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { differsFrom, nameOf } from "../tablet/identity.js";

type Write = StepOf<"record.write">;

/**
 * Puts or deletes the bytes that the plan carries, by compare-and-set on the record that they were made from. Where others wrote since and
 * the change is in the record all the same, it was made before.
 */
export const recordWrite = stepRunner<"record.write", Entry | null>({
  image: async (step, context) => {
    const image = await imageOfKey(step, context);
    return image.kind === "known" ? known({ ...image.value, becomes: step.after }) : image;
  },

  look,
  ended: (step, entry) => (isMade(step, entry) ? doneWords(step) : null),
  guards: {
    unchanged: movedOn,
    notFrozen: frozen,
    serving: (step, _entry, context) => nobodyServes(step, context),
  },

  async run(step, context): Promise<Effect> {
    const seen = await look(step, context);
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

async function look(step: Write, { ports }: RunContext): Promise<Known<Entry | null>> {
  const got = await ports.store(step.server).get(step.key);
  return got.kind === "unanswered" ? silent(step.server, got) : known(got.value.entry);
}

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
