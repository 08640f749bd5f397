import type { SrvKeyspaceWrite } from "../../plan/steps/records.js";
import { SrvKeyspaceSchema } from "../../proto/gen/topodata_pb.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import { imageOfKey } from "../record-edit.js";
import { sameRecord } from "../same-record.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { absent, unchanged, writeFenced } from "../topo-write.js";
import { type Check, done, doneAlready, type Effect, READY, refused, silent } from "../verdict.js";

/**
 * Puts one cell's SrvKeyspace by compare-and-set, where Vitess's own rebuild writes blindly and from nothing
 * (topotools/rebuild_keyspace.go; docs/vitess.md#srvkeyspace). Tablets heed it at their next RefreshState (docs/vitess.md#refresh-state),
 * vtgates at once.
 */
const put = {
  image: imageOfKey,
  check: judge,

  async run(step: SrvKeyspaceWrite, site: Site): Promise<Effect> {
    const now = await judge(step, site);
    if (now.kind === "done-already") return done(now.said);
    if (now.kind !== "ready") return now;
    const failed = await writeFenced(site, {
      server: step.server,
      compares: [step.modRevision === 0 ? absent(step.key) : unchanged(step.key, step.modRevision)],
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

async function judge(step: SrvKeyspaceWrite, site: Site): Promise<Check> {
  const got = await site.world.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const entry = got.value.entry;
  if (entry !== null && isSame(entry.value, Buffer.from(step.value, "base64")))
    return doneAlready(doneWords(step));
  return (entry?.modRevision ?? 0) === step.modRevision ? READY : refused(movedWords(step));
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => {
  const [left, right] = [decodeSrvKeyspace(one), decodeSrvKeyspace(other)];
  return (
    left.kind === "answered" &&
    right.kind === "answered" &&
    sameRecord(SrvKeyspaceSchema, left.value, right.value)
  );
};
