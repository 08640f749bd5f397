import type { VreplicationRow } from "../snapshot/gen/tables.js";
import type { TabletStatus } from "../tablets/access.js";
import { RARELY_FILLED, type RarelyFilled } from "../tablets/queries.js";
import type { Target } from "../witnesses/targets.js";
import { answerOf, type Interview } from "./interview.js";
import type { Round } from "./round.js";
import { vreplicationRow } from "./sidecar-facts.js";

export interface GrpcAnswers {
  /** False where the tablet answers, but no longer what needs its MySQL: further questions would hang like these. */
  readonly answers: boolean;
  readonly status: TabletStatus | null;
  /** The rows of its streams were read; they are `rows`. */
  readonly streams: boolean;
  readonly rows: readonly VreplicationRow[];
  readonly empty: ReadonlySet<RarelyFilled>;
}

/** Of a process that is not asked over gRPC. */
export const NOTHING_BY_GRPC: GrpcAnswers = {
  answers: false,
  status: null,
  streams: false,
  rows: [],
  empty: new Set(),
};

/**
 * How one of ours replicates, and its streams; of a primary also which sidecar tables are empty, while its connection is open: the second
 * round then has nothing to ask of most. That question leaves no probe: where it fails, the tables are asked one by one.
 */
export async function askGrpc(
  { address, at }: Target,
  isPrimary: boolean,
  interview: Interview,
  round: Round,
): Promise<GrpcAnswers> {
  const { tablets, clock } = round.sources;
  const [status, streams, contents] = await Promise.all([
    interview.ask("status", tablets.status(at)),
    interview.ask("streams", tablets.rows(at, "streams")),
    isPrimary ? tablets.rows(at, "contents") : null,
  ]);
  const [filled] = answerOf(contents) ?? [];
  const now = Math.trunc(clock.now() / 1000);
  return {
    answers: streams.kind === "answered" || streams.reason !== "timeout",
    status: answerOf(status),
    streams: streams.kind === "answered",
    rows: (answerOf(streams) ?? []).map((row) => vreplicationRow(address, "grpc", row, now)),
    empty: new Set(RARELY_FILLED.filter((table) => filled?.[table] === "0")),
  };
}
