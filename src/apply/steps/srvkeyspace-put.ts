import type { SrvKeyspaceWrite } from "../../plan/steps/records.js";
import { SrvKeyspaceSchema } from "../../proto/gen/topodata_pb.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import { differsFrom, nameOf } from "../identity.js";
import { imageOfKey } from "../record-edit.js";
import { sameRecord } from "../same-record.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { absent, unchanged, writeFenced } from "../topo-write.js";
import {
  type Check,
  done,
  doneAlready,
  type Effect,
  READY,
  type Refused,
  refused,
  silent,
} from "../verdict.js";

/**
 * Puts one cell's SrvKeyspace by compare-and-set, where Vitess's own rebuild writes blindly and from nothing
 * (topotools/rebuild_keyspace.go; docs/vitess.md#srvkeyspace). Tablets heed it at their next RefreshState (docs/vitess.md#refresh-state),
 * vtgates at once.
 */
const put = {
  image: imageOfKey,

  async check(step: SrvKeyspaceWrite, site: Site): Promise<Check> {
    const now = await judge(step, site);
    return now.kind === "ready" ? ((await nobodyServes(step, site)) ?? READY) : now;
  },

  async run(step: SrvKeyspaceWrite, site: Site): Promise<Effect> {
    const now = await judge(step, site);
    if (now.kind === "done-already") return done(now.said);
    if (now.kind !== "ready") return now;
    const failed = await writeFenced(site, {
      server: step.server,
      compares: [now.revision === 0 ? absent(step.key) : unchanged(step.key, now.revision)],
      operations: [{ kind: "put", key: step.key, value: Buffer.from(step.value, "base64") }],
      movedWords: movedWords(step),
    });
    return failed ?? done(doneWords(step));
  },

  verify: judge,
};

export const srvkeyspaceRebuild: StepRunner<"srvkeyspace.rebuild"> = put;
export const srvkeyspaceUpdate: StepRunner<"srvkeyspace.update"> = put;

const doneWords = (step: SrvKeyspaceWrite): string =>
  `cell ${step.cell} routes queries of ${step.keyspace} as planned`;

const movedWords = (step: SrvKeyspaceWrite): string =>
  `${step.key} was changed since the plan was made; plan anew`;

type Judged = Exclude<Check, { kind: "ready" }> | { readonly kind: "ready"; readonly revision: number };

async function judge(step: SrvKeyspaceWrite, site: Site): Promise<Judged> {
  const got = await site.world.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const entry = got.value.entry;
  if (entry !== null && isSame(entry.value, Buffer.from(step.value, "base64")))
    return doneAlready(doneWords(step));
  const revision = entry?.modRevision ?? 0;
  const asPlanned =
    step.modRevision === null
      ? entry !== null && isSame(entry.value, Buffer.from(step.before, "base64"))
      : revision === step.modRevision;
  return asPlanned ? { kind: "ready", revision } : refused(movedWords(step));
}

/** How often and how far apart tablets are asked that were just told to serve. */
const ASKED = 5;
const ASKED_EVERY_MS = 1000;

async function nobodyServes({ serving = [] }: SrvKeyspaceWrite, site: Site): Promise<Refused | null> {
  for (const group of serving) {
    let silence = await noneServes(group, site);
    for (let asked = 1; asked < ASKED && silence !== null; asked++) {
      await site.world.clock.sleep(ASKED_EVERY_MS, site.signal);
      silence = await noneServes(group, site);
    }
    if (silence !== null) return silence;
  }
  return null;
}

type Group = NonNullable<SrvKeyspaceWrite["serving"]>[number];

async function noneServes({ what, tablets }: Group, site: Site): Promise<Refused | null> {
  const answers = await Promise.all(
    tablets.map(async (tablet) => {
      const differs = await differsFrom(tablet, site.world.reader);
      if (differs !== null) return differs.reason;
      const reply = await site.world.reader.identity(tablet.address);
      if (reply.kind === "unanswered") return silent(nameOf(tablet), reply).reason;
      return reply.value.serving ? null : `${nameOf(tablet)} does not serve`;
    }),
  );
  return answers.includes(null)
    ? null
    : refused(`no ${what} serves, and queries would go there: ${answers.join("; ")}`);
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => {
  const [left, right] = [decodeSrvKeyspace(one), decodeSrvKeyspace(other)];
  return (
    left.kind === "answered" &&
    right.kind === "answered" &&
    sameRecord(SrvKeyspaceSchema, left.value, right.value)
  );
};
