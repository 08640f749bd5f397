import type { ExitName } from "../cluster/errors.js";
import type { Finding } from "../findings/finding.js";
import type { Plan } from "../plan/plan.js";

export interface Verification {
  /** Repaired findings that are still there. */
  readonly persisting: readonly string[];
  /** Findings of at least warning that were not there before. */
  readonly appeared: readonly string[];
}

/** New looks at the cluster, judged. */
export interface Rescans {
  readonly atOnce: () => Promise<readonly Finding[]>;
  /** Two looks, as far apart as `--settle` says; null where it says nothing. */
  readonly settled: (() => Promise<readonly Finding[]>) | null;
}

/**
 * What a new look says of a plan that was executed (docs/decisions.md#d13). `before`: ids of what was found before; null: what appears
 * is no matter. What is well at once needs no second look; what is not may be a passing moment, which `--settle` waits for.
 */
export async function verify(
  plan: Plan,
  before: readonly string[] | null,
  { atOnce, settled }: Rescans,
): Promise<Verification> {
  const first = compare(plan, before, await atOnce());
  const isWell = first.persisting.length + first.appeared.length === 0;
  return isWell || settled === null ? first : compare(plan, before, await settled());
}

function compare(plan: Plan, before: readonly string[] | null, after: readonly Finding[]): Verification {
  const alive = after.filter(({ state }) => state === "confirmed" || state === "suspected");
  const ids = alive.map(({ id }) => id);
  return {
    persisting: plan.repairs.filter((id) => ids.includes(id)),
    appeared: alive
      .filter(({ id, severity }) => before !== null && severity !== "info" && !before.includes(id))
      .map(({ id }) => id),
  };
}

/** How a run ends whose steps are all done; `wrong`: what the new look has against it. */
export function runEnd(
  { blocked }: Plan,
  { persisting, appeared }: Verification,
): { readonly exit: ExitName; readonly wrong: readonly string[] } {
  const wrong = [...persisting.map((id) => `${id} is still there`), ...appeared.map((id) => `${id} is new`)];
  return { exit: wrong.length > 0 ? "unverified" : blocked.length > 0 ? "findings" : "ok", wrong };
}
