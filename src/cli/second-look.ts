import { join } from "node:path";
import { UsageError } from "../cluster/errors.js";
import type { Finding } from "../findings/finding.js";
import { planCluster } from "../plan/facts/cluster.js";
import { SETTLE_MS } from "../rules/assess.js";
import { readCircumstances } from "../rules/circumstances.js";
import { firstLookIn, firstLookOf } from "../rules/first-look.js";
import type { Rule } from "../rules/rule.js";
import { type FirstLook, withFirstLook } from "../rules/settled.js";
import { Snapshot } from "../snapshot/snapshot.js";
import type { Request } from "./command.js";
import { everyRule, type Judged, judged, type Observation, type Observing, observe } from "./observe.js";
import { unlessAborted } from "./process.js";
import { findClusterFolder, makeClusterFolder, stateFolder } from "./state-folder.js";

/** The last scan of a cluster, in its folder. */
const LAST_SCAN = "last.sqlite";

export interface Suspicion extends Observing {
  /** Whether it matters that this finding is only suspected; absent: of none. */
  readonly minds?: (finding: Finding) => boolean;
  /** Whether the last scan of this cluster may be the first look. A repair rests on what it sees itself. */
  readonly remembers: boolean;
}

/**
 * A look at the cluster, and where it suspects something that matters a second one (docs/decisions.md#d26): the last scan is the first
 * look where it is 30 s to 1 h old, else it waits for 30 s. What was looked at twice and is still suspected is told so: a third look would
 * say no more. `--settle` says itself how often to look.
 */
export async function observeSurely(
  request: Request,
  rules: readonly Rule[],
  { minds, remembers, ...observing }: Suspicion,
): Promise<Judged> {
  const { given, context } = request;
  const once = judged(await observe(request, observing), rules, request);
  const isOpen = ({ findings, snapshot }: Judged): boolean => {
    const { takenAt, movedKeys } = readCircumstances(snapshot);
    const mayBeSettled = ({ firstSeen, evidence }: Finding): boolean =>
      takenAt - firstSeen < SETTLE_MS || evidence.some(({ source }) => movedKeys.has(source));
    const opens = (finding: Finding): boolean => finding.state === "suspected" && mayBeSettled(finding);
    return minds !== undefined && findings().some((finding) => opens(finding) && minds(finding));
  };
  const isLive = given.text("snapshot") === undefined;
  if (!isLive || given.duration("settle") !== null || !isOpen(once)) return once;
  const before = remembers ? lastScan(request, once.snapshot) : null;
  const sure = before === null ? once : withMemory(once, before, rules, request);
  if (!isOpen(sure)) return sure;
  const first = firstLookOf(sure.snapshot, everyRule(given));
  sure.snapshot.close();
  if (!given.yes("quiet"))
    context.terminal.progress(
      `what is suspected is looked at again in ${SETTLE_MS / 1000} s (--settle 0: once is enough)`,
    );
  await unlessAborted(context.clock.sleep(SETTLE_MS, context.signal), context.signal);
  return judged(await observe(request, { ...observing, first }), rules, request);
}

const withMemory = (once: Judged, before: FirstLook, rules: readonly Rule[], request: Request): Judged => {
  const snapshot = request.closesAtEnd(Snapshot.of(withFirstLook(once.snapshot.facts(), before)));
  once.snapshot.close();
  return judged({ ...once, snapshot }, rules, request);
};

/** What the last scan of this cluster saw, where that is a first look now. */
function lastScan(request: Request, now: Snapshot): FirstLook | null {
  try {
    const folder = findClusterFolder(stateFolder(request.context), planCluster(now));
    if (folder === null) return null;
    const last = Snapshot.open(join(folder, LAST_SCAN));
    try {
      return firstLookIn(last, everyRule(request.given), now);
    } finally {
      last.close();
    }
  } catch (error) {
    // There is none that can be read: this scan is the first look itself, and says so when it can not be kept.
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** Keeps a scan for the next one. A place that can not be written is no failure of a scan, which changes nothing. */
export function rememberScan({ snapshot }: Observation, { given, context }: Request): void {
  if (given.text("snapshot") !== undefined) return;
  try {
    snapshot.save(join(makeClusterFolder(stateFolder(context), planCluster(snapshot)), LAST_SCAN));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    context.terminal.note(`this scan is not kept for the next one to compare: ${error.message}`);
  }
}
