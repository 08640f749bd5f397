import { parseAlias } from "../../cluster/alias.js";
import type { CellRow, LiveTabletRow, TabletRow, WitnessRow } from "../gen/tables.js";

export interface TopologyKnown {
  readonly globalAnswered: boolean;
  readonly cells: readonly CellRow[];
  readonly tablets: readonly TabletRow[];
  /** Records that exist and that nobody can decode. */
  readonly undecodable: {
    tablet(alias: string): boolean;
    shard(keyspace: string, shard: string): boolean;
  };
}

/** A process that answered, before it is known whether it belongs to this cluster. */
export interface Candidate {
  readonly live: LiveTabletRow;
  /** '' where nobody could say. */
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly record: TabletRow | undefined;
}

export type RecordState = "present" | "absent" | "unknown" | "other-address";

/**
 * Whether a process's Tablet record names this very process. A witness of the topology may have led to it at another address than the
 * record's (overrides for NAT), and one process may answer at two addresses: then both are the recorded one.
 */
export const recordStates = (
  known: TopologyKnown,
  witnesses: readonly WitnessRow[],
  candidates: readonly Candidate[],
): ((candidate: Candidate) => RecordState) => {
  const answeredCells = new Set(known.cells.filter(({ answered }) => answered === 1).map(({ cell }) => cell));
  const led = new Set(
    witnesses
      .filter(({ source, alias }) => source === "topology" && alias !== null)
      .map(({ alias, address }) => `${alias} ${address}`),
  );
  const named = ({ live, alias, record }: Candidate): boolean =>
    record !== undefined && (record.address === live.address || led.has(`${alias} ${live.address}`));
  const namedProcesses = new Set(
    candidates.filter(named).flatMap((candidate) => sameProcessKey(candidate) ?? []),
  );
  return (candidate) => {
    const { alias, record } = candidate;
    if (record !== undefined) {
      const key = sameProcessKey(candidate);
      return named(candidate) || (key !== null && namedProcesses.has(key)) ? "present" : "other-address";
    }
    const cell = parseAlias(alias)?.cell;
    if (cell === undefined || !answeredCells.has(cell) || known.undecodable.tablet(alias)) return "unknown";
    return "absent";
  };
};

/** The same alias in front of the same mysqld on the same port is one process, by whatever host name it was called. */
const sameProcessKey = ({ live, alias }: Candidate): string | null =>
  live.server_uuid === null
    ? null
    : `${alias} ${live.server_uuid} ${live.address.slice(live.address.lastIndexOf(":"))}`;
