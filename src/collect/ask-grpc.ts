import type { VreplicationRow } from "../snapshot/facts.js";
import type { TabletStatus } from "../tablets/access.js";
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
}

/** Of a process that is not asked over gRPC. */
export const NOTHING_BY_GRPC: GrpcAnswers = { answers: false, status: null, streams: false, rows: [] };

/** How one of ours replicates, and its streams. */
export async function askGrpc(
  { address, at }: Target,
  interview: Interview,
  round: Round,
): Promise<GrpcAnswers> {
  const { tablets, clock } = round.sources;
  const [status, streams] = await Promise.all([
    interview.ask("status", tablets.status(at)),
    interview.ask("streams", tablets.rows(at, "streams")),
  ]);
  const now = Math.trunc(clock.now() / 1000);
  return {
    answers: streams.kind === "answered" || streams.reason !== "timeout",
    status: answerOf(status),
    streams: streams.kind === "answered",
    rows: (answerOf(streams) ?? []).map((row) => vreplicationRow(address, "grpc", row, now)),
  };
}
