import type { SrvKeyspaceWrite } from "../../plan/steps/records.js";
import { SrvKeyspaceSchema } from "../../proto/gen/topodata_pb.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import type { Entry } from "../../topology/store.js";
import { imageOfKey } from "../record-edit.js";
import type { RunContext } from "../run-context.js";
import { sameRecord } from "../same-record.js";
import { stepRunner } from "../step-runner.js";
import { differsFrom, nameOf } from "../tablet/identity.js";
import { absent, unchanged, writeFenced } from "../topo-write.js";
import { done, type Effect, type Known, known, type Refused, refused, silent } from "../verdict.js";

/**
 * Puts one cell's SrvKeyspace by compare-and-set, where Vitess's own rebuild writes blindly and from nothing
 * (topotools/rebuild_keyspace.go; docs/vitess.md#srvkeyspace). Tablets heed it at their next RefreshState (docs/vitess.md#refresh-state),
 * vtgates at once.
 */
const put = {
  image: imageOfKey,
  look,
  ended: (step: SrvKeyspaceWrite, entry: Entry | null): string | null =>
    entry !== null && isSame(entry.value, step.value) ? doneWords(step) : null,
  guards: {
    unchanged: movedOn,
    serving: (step: SrvKeyspaceWrite, _entry: Entry | null, context: RunContext) =>
      nobodyServes(step, context),
  },

  async run(step: SrvKeyspaceWrite, context: RunContext): Promise<Effect> {
    const seen = await look(step, context);
    if (seen.kind !== "known") return seen;
    const entry = seen.value;
    if (entry !== null && isSame(entry.value, step.value)) return done(doneWords(step));
    const stop = movedOn(step, entry);
    if (stop !== null) return stop;
    const failed = await writeFenced(context, {
      server: step.server,
      compares: [entry === null ? absent(step.key) : unchanged(step.key, entry.modRevision)],
      operations: [{ kind: "put", key: step.key, value: Buffer.from(step.value, "base64") }],
      movedWords: movedWords(step),
    });
    return failed ?? done(doneWords(step));
  },
};

export const srvkeyspaceRebuild = stepRunner<"srvkeyspace.rebuild", Entry | null>(put);
export const srvkeyspaceUpdate = stepRunner<"srvkeyspace.update", Entry | null>(put);

const doneWords = (step: SrvKeyspaceWrite): string =>
  `cell ${step.cell} routes queries of ${step.keyspace} as planned`;

const movedWords = (step: SrvKeyspaceWrite): string =>
  `${step.key} was changed since the plan was made; plan anew`;

async function look(step: SrvKeyspaceWrite, { ports }: RunContext): Promise<Known<Entry | null>> {
  const got = await ports.store(step.server).get(step.key);
  return got.kind === "unanswered" ? silent(step.server, got) : known(got.value.entry);
}

function movedOn(step: SrvKeyspaceWrite, entry: Entry | null): Refused | null {
  const asPlanned =
    step.modRevision === null
      ? entry !== null && isSame(entry.value, step.before)
      : (entry?.modRevision ?? 0) === step.modRevision;
  return asPlanned ? null : refused(movedWords(step));
}

/** How often and how far apart tablets are asked that were just told to serve. */
const ASKED = 5;
const ASKED_EVERY_MS = 1000;

async function nobodyServes(
  { serving = [] }: SrvKeyspaceWrite,
  context: RunContext,
): Promise<Refused | null> {
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

type Group = NonNullable<SrvKeyspaceWrite["serving"]>[number];

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

/** `planned`: base64. */
const isSame = (there: Uint8Array, planned: string): boolean => {
  const [left, right] = [decodeSrvKeyspace(there), decodeSrvKeyspace(Buffer.from(planned, "base64"))];
  return (
    left.kind === "answered" &&
    right.kind === "answered" &&
    sameRecord(SrvKeyspaceSchema, left.value, right.value)
  );
};
