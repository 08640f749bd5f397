import type { TabletAddress } from "../tablets/access.js";
import { addressName, canBeDialled, WITNESS_SOURCES, type Witness } from "./witness.js";

/** One address to dial, with everything that witnesses expect there. */
export interface Target {
  /** Its name in the fact tables. */
  readonly address: string;
  readonly at: TabletAddress;
  /** Sorted; empty where no witness names one. */
  readonly aliases: readonly string[];
  /** Sorted; empty where no witness names one. */
  readonly keyspaces: readonly string[];
  readonly required: boolean;
  /** Only etcd's history or an earlier snapshot knows it: it has a small dial budget of its own (docs/decisions.md#d7). */
  readonly past: boolean;
}

/** Witnesses merged by address, in the order of their first mention. What one leaves open, the next may know. */
export function targetsOf(witnesses: readonly Witness[]): readonly Target[] {
  const byAddress = new Map<string, Witness[]>();
  for (const witness of witnesses.filter(({ at }) => canBeDialled(at))) {
    const address = addressName(witness.at);
    byAddress.set(address, [...(byAddress.get(address) ?? []), witness]);
  }
  return [...byAddress].map(([address, named]) => ({
    address,
    at: named
      .toSorted(byTrust)
      .map(({ at }) => at)
      .reduce(completed),
    aliases: distinct(named.map(({ alias }) => alias)),
    keyspaces: distinct(named.map(({ keyspace }) => keyspace)),
    required: named.some(({ required }) => required),
    past: named.every(({ source }) => source === "history" || source === "snapshot"),
  }));
}

const byTrust = (a: Witness, b: Witness): number =>
  WITNESS_SOURCES.indexOf(a.source) - WITNESS_SOURCES.indexOf(b.source);

const completed = (first: TabletAddress, next: TabletAddress): TabletAddress => ({
  host: first.host,
  grpcPort: first.grpcPort,
  httpPort: first.httpPort === 0 ? next.httpPort : first.httpPort,
  mysqlHost: first.mysqlPort === 0 ? next.mysqlHost : first.mysqlHost,
  mysqlPort: first.mysqlPort === 0 ? next.mysqlPort : first.mysqlPort,
});

const distinct = (values: readonly (string | null)[]): readonly string[] =>
  [...new Set(values.filter((value) => value !== null))].sort();
