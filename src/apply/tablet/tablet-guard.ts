import { formatAlias } from "../../cluster/alias.js";
import type { TabletRef } from "../../plan/fields.js";
import { shardKey } from "../../topology/paths.js";
import { decodeShard } from "../../topology/records.js";
import { type Refused, refused, type Silent, silent } from "../check.js";
import { globalRoot } from "../records/topo-roots.js";
import type { RunContext } from "../run-context.js";
import { differsFrom, nameOf, timeOf } from "./identity.js";

/**
 * Right before each call that changes a tablet: it is the one that was meant, and the stage's locks are still ours. The locks come last: the
 * process may be stopped for minutes between any two lines, and what it asked before that says nothing of who holds them now. Null: go.
 */
export const guardTablet = async (tablet: TabletRef, context: RunContext): Promise<Refused | Silent | null> =>
  (await differsFrom(tablet, context.ports.reader)) ?? (await context.fence.broken(null));

/** Right before a call that changes data or stream rows on a shard's primary: `guardTablet`, and the topology agrees that it is. Null: go. */
export const guardPrimary = async (
  tablet: TabletRef,
  context: RunContext,
): Promise<Refused | Silent | null> =>
  (await deposed(tablet, context)) ?? (await guardTablet(tablet, context));

/**
 * A primary that was deposed by EmergencyReparentShard without having heard of it still answers PRIMARY, with its own term. What is written
 * there is an errant transaction, and the new primary keeps tables and streams. Where the shard has a record that names a primary, it must
 * be this one in this term; a record that names nobody yet, or none at all (an orphan), says nothing against it.
 */
async function deposed(tablet: TabletRef, context: RunContext): Promise<Refused | Silent | null> {
  const { keyspace, shard, alias, termStart } = tablet;
  if (tablet.type !== "PRIMARY") return null;
  const { server, root } = globalRoot(context.plan.cluster);
  const key = shardKey(root, keyspace, shard);
  const got = await context.ports.store(server).get(key);
  if (got.kind === "unanswered") return silent(server, got);
  if (got.value.entry === null) return null;
  const record = decodeShard(got.value.entry.value);
  if (record.kind === "unanswered") return refused(`${key} can not be read: ${record.message}`);
  const { primaryAlias, primaryTermStartTime } = record.value;
  if (primaryAlias === undefined || primaryAlias.cell === "") return null;
  const named = formatAlias(primaryAlias);
  const since = primaryTermStartTime === undefined ? null : Number(primaryTermStartTime.seconds);
  const who = (name: string, from: number | null | undefined): string =>
    from ? `${name} since ${timeOf(String(from))}` : name;
  if (named === alias && (termStart === undefined || since === null || since === termStart)) return null;
  return refused(
    `the Shard record of ${keyspace}/${shard} names ${who(named, since)} as its primary, and the plan was made for ${who(nameOf(tablet), termStart)}; scan again and plan anew`,
  );
}
