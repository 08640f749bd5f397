import type { TabletAddress, TabletReader } from "./access.js";

/** A reader that is made when it is first needed. */
export type MakeReader = () => TabletReader;

interface Lane {
  readonly make: MakeReader;
  reader: TabletReader | null;
  /** Calls in flight. */
  calls: number;
}

/**
 * One reader over several: `first` alone while `isCrowded` says no, so that a small cluster does not pay for the others; then only the
 * others, as who asks has enough to do with the answers. Each host keeps the lane that was the least busy when it was first asked, so that
 * what bounds the calls to one host still does.
 */
export function spreadReader(
  first: MakeReader,
  others: readonly MakeReader[],
  isCrowded: () => boolean,
): TabletReader {
  const alone = laneOf(first);
  const lanes = others.map(laneOf);
  const chosen = new Map<string, Lane>();

  const choose = (host: string): Lane => {
    const lane = lanes.reduce((least, each) => (each.calls < least.calls ? each : least), lanes[0] ?? alone);
    chosen.set(host, lane);
    return lane;
  };

  const by = async <T>(at: TabletAddress, call: (reader: TabletReader) => Promise<T>): Promise<T> => {
    const host = hostOf(at);
    const lane = isCrowded() ? (chosen.get(host) ?? choose(host)) : alone;
    lane.reader ??= lane.make();
    lane.calls += 1;
    try {
      return await call(lane.reader);
    } finally {
      lane.calls -= 1;
    }
  };

  return {
    identity: (at) => by(at, (reader) => reader.identity(at)),
    vars: (at) => by(at, (reader) => reader.vars(at)),
    status: (at) => by(at, (reader) => reader.status(at)),
    rows: (at, read) => by(at, (reader) => reader.rows(at, read)),
    schema: (at) => by(at, (reader) => reader.schema(at)),
    mysqlRows: (at, read, sidecar) => by(at, (reader) => reader.mysqlRows(at, read, sidecar)),
    mysqlStatus: (at) => by(at, (reader) => reader.mysqlStatus(at)),
    leave: (at) => (isCrowded() ? chosen.get(hostOf(at)) : alone)?.reader?.leave(at),
    close: () => {
      for (const { reader } of [alone, ...lanes]) reader?.close();
    },
  };
}

const hostOf = (at: TabletAddress): string => at.host || at.mysqlHost;

const laneOf = (make: MakeReader): Lane => ({ make, reader: null, calls: 0 });
