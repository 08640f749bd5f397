import type { StepOf } from "../../plan/steps/index.js";
import type { Entry } from "../../topology/store.js";
import { imageOfKey } from "../record-edit.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { absent, unchanged, writeFenced } from "../topo-write.js";
import { done, type Effect, type Known, known, refused, silent } from "../verdict.js";

type PutBack = StepOf<"record.put-back">;

/** Writes the bytes that the plan carries, by compare-and-set on the revision that the plan was made at. */
export const recordPutBack = stepRunner<"record.put-back", Entry | null>({
  image: imageOfKey,
  look,
  ended: (step, entry) => (textOf(entry) === step.value ? doneWords(step) : null),
  guards: { unchanged: movedOn },

  async run(step, context): Promise<Effect> {
    const seen = await look(step, context);
    if (seen.kind !== "known") return seen;
    if (textOf(seen.value) === step.value) return done(doneWords(step));
    const stop = movedOn(step, seen.value);
    if (stop !== null) return stop;
    const failed = await writeFenced(context, {
      server: step.server,
      compares: [step.modRevision === 0 ? absent(step.key) : unchanged(step.key, step.modRevision)],
      operations: [{ kind: "put", key: step.key, value: Buffer.from(step.value, "base64") }],
      movedWords: movedWords(step),
    });
    return failed ?? done(doneWords(step));
  },
});

const doneWords = (step: PutBack): string => `${step.key} has ${step.what} as before`;

const movedWords = (step: PutBack): string => `${step.key} was changed since the plan was made; plan anew`;

async function look(step: PutBack, { ports }: RunContext): Promise<Known<Entry | null>> {
  const got = await ports.store(step.server).get(step.key);
  return got.kind === "unanswered" ? silent(step.server, got) : known(got.value.entry);
}

const textOf = (entry: Entry | null): string | null =>
  entry === null ? null : Buffer.from(entry.value).toString("base64");

function movedOn(step: PutBack, entry: Entry | null): Broken {
  return (entry?.modRevision ?? 0) === step.modRevision ? null : refused(movedWords(step));
}
