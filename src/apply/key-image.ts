import type { KeyImage } from "../plan/past-run.js";
import type { RunContext } from "./run-context.js";
import type { KeyRef } from "./topo-write.js";
import { type Known, known, silent } from "./verdict.js";

/** The image of a key for `before/`; bytes are base64. */
export async function imageOfKey(at: KeyRef, context: RunContext): Promise<Known<KeyImage>> {
  const got = await context.ports.store(at.server).get(at.key);
  if (got.kind === "unanswered") return silent(at.server, got);
  const entry = got.value.entry;
  return known({
    server: at.server,
    key: at.key,
    modRevision: entry?.modRevision ?? 0,
    value: entry === null ? null : Buffer.from(entry.value).toString("base64"),
  });
}
