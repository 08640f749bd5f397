import { answered, type Outcome } from "../cluster/outcome.js";
import type { TabletRef } from "../plan/refs.js";
import type { TabletReader } from "../tablets/access.js";
import { type Refused, refused, type Silent, silent } from "./verdict.js";

interface Claim {
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly type: string;
}

const addressOf = (tablet: TabletRef): string => `${tablet.address.host}:${tablet.address.grpcPort}`;
export const nameOf = (tablet: TabletRef): string => `${tablet.alias} (${addressOf(tablet)})`;

/**
 * Asks the process at the tablet's address who it is, right before it is called (docs/decisions.md#d15): an address proves nothing.
 * Null: it is the tablet that was meant, in the same keyspace, shard and type.
 */
export async function differsFrom(tablet: TabletRef, reader: TabletReader): Promise<Refused | Silent | null> {
  const claim = await claimOf(tablet, reader);
  if (claim.kind === "unanswered") return silent(nameOf(tablet), claim);
  const { alias, keyspace, shard, type } = claim.value;
  if (alias !== tablet.alias) {
    return refused(
      `${addressOf(tablet)} is ${alias} now, not ${tablet.alias}: another process listens there`,
    );
  }
  if (keyspace !== tablet.keyspace || shard !== tablet.shard) {
    return refused(
      `${nameOf(tablet)} says that it belongs to ${keyspace}/${shard}, not ${tablet.keyspace}/${tablet.shard}`,
    );
  }
  if (type !== tablet.type) return refused(typeChanged(tablet, type));
  return null;
}

async function claimOf(tablet: TabletRef, reader: TabletReader): Promise<Outcome<Claim>> {
  const identity = await reader.identity(tablet.address);
  if (identity.kind === "answered") return answered(identity.value);
  const vars = await reader.vars(tablet.address);
  return vars.kind === "answered" ? answered(vars.value) : identity;
}

const typeChanged = (tablet: TabletRef, type: string): string =>
  tablet.type === "PRIMARY"
    ? `${nameOf(tablet)} is ${type} now, no longer PRIMARY: its vreplication engine is closed and another tablet of ${tablet.keyspace}/${tablet.shard} owns the streams; scan again and plan anew`
    : `${nameOf(tablet)} is ${type} now, it was ${tablet.type} when the plan was made; scan again and plan anew`;
