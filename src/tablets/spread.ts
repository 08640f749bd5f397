import type { TabletAddress, TabletReader } from "./access.js";

type MakeReader = () => TabletReader;

interface Lane {
  readonly reader: TabletReader;
  /** Calls in flight. */
  calls: number;
}

/**
 * One reader over several: `first` alone, so that a small cluster does not pay for the others, until `spread` makes them; then only they are
 * asked, as who asks has enough to do with the answers. Each host keeps the lane that was the least busy when it was first asked, so that
 * what bounds the calls to one host still does.
 */
export function spreadReader(
  first: MakeReader,
  others: readonly MakeReader[],
): { readonly reader: TabletReader; spread(): void } {
  let alone: Lane | null = null;
  let lanes: readonly Lane[] = [];
  const chosen = new Map<string, Lane>();

  const laneFor = (host: string): Lane => {
    const [one] = lanes;
    if (one === undefined) {
      alone ??= laneOf(first);
      return alone;
    }
    const lane =
      chosen.get(host) ?? lanes.reduce((least, each) => (each.calls < least.calls ? each : least), one);
    chosen.set(host, lane);
    return lane;
  };

  const by = async <T>(at: TabletAddress, call: (reader: TabletReader) => Promise<T>): Promise<T> => {
    const lane = laneFor(hostOf(at));
    lane.calls += 1;
    try {
      return await call(lane.reader);
    } finally {
      lane.calls -= 1;
    }
  };

  const reader: TabletReader = {
    identity: (at) => by(at, (reader) => reader.identity(at)),
    vars: (at) => by(at, (reader) => reader.vars(at)),
    status: (at) => by(at, (reader) => reader.status(at)),
    rows: (at, read) => by(at, (reader) => reader.rows(at, read)),
    schema: (at) => by(at, (reader) => reader.schema(at)),
    sequences: (at, tables) => by(at, (reader) => reader.sequences(at, tables)),
    deniedTables: (at) => by(at, (reader) => reader.deniedTables(at)),
    mysqlRows: (at, read, sidecar) => by(at, (reader) => reader.mysqlRows(at, read, sidecar)),
    mysqlStatus: (at) => by(at, (reader) => reader.mysqlStatus(at)),
    leave: (at) => laneFor(hostOf(at)).reader.leave(at),
    close: () => {
      for (const lane of [alone, ...lanes]) lane?.reader.close();
    },
  };
  const spread = (): void => {
    if (lanes.length === 0) lanes = others.map(laneOf);
  };
  return { reader, spread };
}

const hostOf = (at: TabletAddress): string => at.host || at.mysqlHost;

const laneOf = (make: MakeReader): Lane => ({ reader: make(), calls: 0 });
