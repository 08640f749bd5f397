import type { Entry } from "../../topology/store.js";
import type { SimEtcd } from "../etcd.js";
import type { DeleteMessage, RangeMessage } from "./etcd-messages.js";

export interface Found {
  readonly entries: readonly Entry[];
  /** Some were left out for the limit. */
  readonly more: boolean;
  /** Of all in the range, whatever limit and filter left out. */
  readonly count: number;
}

/** etcd's RangeRequest: the keys from `key` to before `range_end`, in the order of their bytes. */
export function rangeOf(etcd: SimEtcd, message: RangeMessage): Found {
  const revision = Number(message.revision) > 0 ? Number(message.revision) : undefined;
  const all = entriesIn(etcd, message, revision);
  const wanted = all.filter(({ createRevision }) => createRevision >= Number(message.min_create_revision));
  const limit = Number(message.limit) || wanted.length;
  return {
    entries: message.count_only ? [] : wanted.slice(0, limit),
    more: !message.count_only && wanted.length > limit,
    count: all.length,
  };
}

export function entriesIn(
  etcd: SimEtcd,
  { key, range_end: end }: DeleteMessage,
  revision?: number,
): readonly Entry[] {
  if (end.length === 0) {
    const entry = etcd.get(key.toString(), revision);
    return entry === null ? [] : [entry];
  }
  const toTheEnd = end.equals(ZERO);
  const isIn = (found: string): boolean => {
    const bytes = Buffer.from(found);
    return bytes.compare(key) >= 0 && (toTheEnd || bytes.compare(end) < 0);
  };
  const among = etcd.range(toTheEnd ? "" : sharedStart(key, end), revision);
  return among.filter((entry) => isIn(entry.key));
}

const ZERO = Buffer.from([0]);

/** What every key between the two starts with, as far as it is ASCII. */
function sharedStart(key: Buffer, end: Buffer): string {
  const differs = key.findIndex((byte, index) => byte !== end[index] || byte >= 0x80);
  return key.subarray(0, differs === -1 ? key.length : differs).toString();
}
