import type { StepOf } from "../../plan/steps/index.js";
import { imageOfKey } from "../record-edit.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { absent, unchanged, writeFenced } from "../topo-write.js";
import { type Check, done, doneAlready, type Effect, READY, refused, silent } from "../verdict.js";

type PutBack = StepOf<"record.put-back">;

/** Writes the bytes that the plan carries, by compare-and-set on the revision that the plan was made at. */
export const recordPutBack: StepRunner<"record.put-back"> = {
  image: imageOfKey,
  check: judge,

  async run(step, site): Promise<Effect> {
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

const doneWords = (step: PutBack): string => `${step.key} has ${step.what} as before`;

const movedWords = (step: PutBack): string => `${step.key} was changed since the plan was made; plan anew`;

async function judge(step: PutBack, site: Site): Promise<Check> {
  const got = await site.world.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const entry = got.value.entry;
  const value = entry === null ? null : Buffer.from(entry.value).toString("base64");
  if (value === step.value) return doneAlready(doneWords(step));
  return (entry?.modRevision ?? 0) === step.modRevision ? READY : refused(movedWords(step));
}
