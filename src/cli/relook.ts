import type { Looked, StageLook } from "../apply/stage-look.js";
import { DoctorError, IncompleteError } from "../cluster/errors.js";
import { collect } from "../collect/collect.js";
import { keyspaceOf } from "../collect/topology/records.js";
import { connectionOf } from "../config/settings.js";
import type { Routed } from "../plan/foresight/compare.js";
import { judgeLook, type LookVerdict } from "../plan/foresight/looked.js";
import { Touched } from "../plan/foresight/touched.js";
import type { Plan } from "../plan/plan.js";
import { derive } from "../snapshot/derive/index.js";
import type { Request } from "./command.js";
import { collectSettings } from "./observe.js";
import { unlessAborted } from "./process.js";

/**
 * Until then the cluster may follow what a stage wrote: vtgates and vttablets watch SrvVSchema and SrvKeyspace, and a tablet that reads its
 * Shard record again stops and starts its query service (docs/vitess.md#query-routing). Milliseconds between two looks; together as long as
 * a finding needs to be more than a passing moment.
 */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** One look of a keyspace of 3,000 tablets takes a tenth of it. */
const LONGEST_LOOK_MS = 60_000;

/**
 * Looks between the stages of a run at what its plan touches (docs/runs.md#after-each-stage): the whole topology, but only the tablets of its
 * keyspaces, without history. `seen`: the query paths of the look that the plan was made on; null: there was none.
 */
export function relookOf(request: Request, plan: Plan, seen: Routed | null): StageLook {
  const { context } = request;
  const touched = new Touched(plan);
  let paths = seen ?? NOTHING_SEEN;
  let focus: Focus | null = null;

  const once = async (): Promise<Looked> => {
    // What was led away by one stage is looked at after the next one too.
    focus ??= focusOf(touched, paths);
    if (focus === null) return { verdict: "well", said: [], elsewhere: [], paths };
    const { keyspaces } = focus;
    const sight = await lookAt(focus, request);
    if (sight.kind === "blind") return { verdict: "unseen", said: [sight.because], elsewhere: [], paths };
    const asked = (keyspace: string): boolean => keyspaces.length === 0 || keyspaces.includes(keyspace);
    return lookedOf(judgeLook(paths, sight.routed, touched, asked));
  };

  const untilWell = async (): Promise<Looked> => {
    let looked = await once();
    for (const pause of PAUSES_MS) {
      if (looked.verdict === "well") break;
      await unlessAborted(context.clock.sleep(pause, context.signal), context.signal);
      looked = await once();
    }
    if (looked.verdict === "well") paths = looked.paths as Routed;
    return looked;
  };

  return {
    before: (kept) => {
      if (kept !== null) paths = kept as Routed;
      return untilWell();
    },
    after: untilWell,
  };
}

const NOTHING_SEEN: Routed = { query_path: [], srv_partition: [], shard_routing_rule: [] };

/** Whose tablets are asked. */
interface Focus {
  /** Empty: all. */
  readonly keyspaces: readonly string[];
  /** Whether tables of this shard, `keyspace/shard`, decide of paths that the run touches. */
  readonly tablesOf: (shard: string) => boolean;
}

/** The keyspaces that a plan writes in, and those that rules lead to where it writes what vtgates route by; null: nothing there was served. */
function focusOf(touched: Touched, { query_path }: Routed): Focus | null {
  const own = query_path.filter(({ keyspace }) => touched.keyspaces.has(keyspace));
  const led = query_path.filter(
    ({ by_rule, keyspace }) => touched.routing && by_rule === 1 && keyspace !== "",
  );
  const ruled = new Set(led.map(({ keyspace }) => keyspace));
  const keyspaces = new Set([...own, ...led].map(({ keyspace }) => keyspace));
  if (keyspaces.size === 0 && !touched.routing) return null;
  return {
    keyspaces: [...keyspaces].sort(),
    tablesOf: (shard) => touched.hasShard(shard) || ruled.has(keyspaceOf(shard)),
  };
}

type Sight =
  | { readonly kind: "seen"; readonly routed: Routed }
  | { readonly kind: "blind"; readonly because: string };

async function lookAt(focus: Focus, request: Request): Promise<Sight> {
  const { context, given } = request;
  const connection = connectionOf(given, context.env);
  const sources = await context.backend.sources(connection, context, given.yes("quiet"));
  const settings = {
    ...collectSettings(connection, [], null, context.version),
    ...{ ...focus, historyBudget: 0, mysql: false },
  };
  try {
    const facts = await withinTime(collect(sources, settings), request);
    const { query_path, srv_partition, shard_routing_rule } = derive(facts);
    return { kind: "seen", routed: { query_path, srv_partition, shard_routing_rule } };
  } catch (error) {
    if (!(error instanceof DoctorError)) throw error;
    // Somebody deleted one of the keyspaces: what else there is tells what that means.
    if (error.exit === "usage" && focus.keyspaces.length > 0)
      return lookAt({ ...focus, keyspaces: [] }, request);
    if (error.exit !== "incomplete") throw error;
    return { kind: "blind", because: error.message };
  } finally {
    sources.close();
  }
}

function withinTime<T>(look: Promise<T>, { context: { clock, signal } }: Request): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    const tooLong = `the look at the cluster took longer than ${LONGEST_LOOK_MS / 1000} s`;
    cancel = clock.after(LONGEST_LOOK_MS, () => reject(new IncompleteError(tooLong)));
  });
  return unlessAborted(Promise.race([look, late]), signal).finally(cancel);
}

const lookedOf = ({ worse, unseen, elsewhere, paths }: LookVerdict): Looked =>
  worse.length > 0
    ? { verdict: "worse", said: worse, elsewhere, paths }
    : { verdict: unseen.length > 0 ? "unseen" : "well", said: unseen, elsewhere, paths };
