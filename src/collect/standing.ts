import { parseAlias } from "../cluster/alias.js";
import type { Outcome } from "../cluster/outcome.js";
import type { TabletIdentity, TabletVars } from "../tablets/access.js";
import type { Target } from "../witnesses/targets.js";
import { answerOf } from "./interview.js";
import type { Round } from "./round.js";
import type { Standing, Who } from "./sighting.js";

/** StreamHealth's word; over HTTP it is the same process that speaks. */
export const whoOf = (identity: Outcome<TabletIdentity> | null, vars: TabletVars | null): Who | null =>
  answerOf(identity) ?? vars;

/** How far a process may be asked. */
export async function standingOf(
  target: Target,
  who: Who | null,
  vars: TabletVars | null,
  round: Round,
): Promise<Standing> {
  if (who === null) return "silent";
  if (isStranger(target, who.alias)) return "stranger";
  if (vars !== null && (await round.topology.isForeign(vars.topoServer, vars.topoRoot))) return "foreign";
  return round.wanted(who) ? "ours" : "unwanted";
}

export const isStranger = (target: Target, alias: string): boolean =>
  target.aliases.length > 0 && !target.aliases.includes(alias);

/** The cell of the alias decides: a tablet lives in its own cell. */
export const cellOfAlias = (alias: string): string => parseAlias(alias)?.cell ?? "";
