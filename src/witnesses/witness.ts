import type { WitnessRow } from "../snapshot/gen/tables.js";
import type { TabletAddress } from "../tablets/access.js";
import { formatHostPort } from "../tablets/address.js";

/** Who says so; the order is that of trust when two say different things of one address. */
export const WITNESS_SOURCES = ["topology", "inventory", "snapshot", "history", "replica"] as const;
export type WitnessSource = (typeof WITNESS_SOURCES)[number];

/** Somebody's word that a tablet may be running at an address (docs/decisions.md#d7). It never says who will answer there. */
export interface Witness {
  readonly source: WitnessSource;
  /** The key, file entry or snapshot that said so. */
  readonly detail: string;
  readonly at: TabletAddress;
  /** The alias that the witness expects there; null where it names none. */
  readonly alias: string | null;
  /** The keyspace that the witness expects there; null where it names none. */
  readonly keyspace: string | null;
  /** Its silence makes the scan incomplete. */
  readonly required: boolean;
}

/** The name of an address in every fact table: `host:grpc_port`, or `mysql://host:port` where only MySQL can be asked. */
export const addressName = (at: TabletAddress): string =>
  at.grpcPort > 0 ? formatHostPort(at.host, at.grpcPort) : mysqlName(at);

export const mysqlName = (at: TabletAddress): string =>
  `mysql://${formatHostPort(at.mysqlHost, at.mysqlPort)}`;

/** False for the record of a tablet that was shut down cleanly: it names no address (docs/vitess.md#shutdown). */
export const canBeDialled = (at: TabletAddress): boolean =>
  (at.host !== "" && at.grpcPort > 0) || (at.mysqlHost !== "" && at.mysqlPort > 0);

export const witnessRow = (witness: Witness): WitnessRow => ({
  source: witness.source,
  detail: witness.detail,
  address: addressName(witness.at),
  alias: witness.alias,
  host: witness.at.host,
  grpc_port: witness.at.grpcPort,
  http_port: witness.at.httpPort,
  mysql_host: witness.at.mysqlHost,
  mysql_port: witness.at.mysqlPort,
  required: witness.required ? 1 : 0,
});
