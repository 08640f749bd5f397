import { parseAlias } from "../../cluster/alias.js";
import { type Facts, metaValue } from "../facts.js";
import {
  CHANNELS,
  type KeyspaceRow,
  type ProbeRow,
  type TabletRow,
  type UnansweredRow,
} from "../gen/tables.js";
import { notAskedOf } from "../not-asked.js";
import { groupBy } from "./order.js";

/** Everything that was asked and did not answer, in one list: no absence may be concluded from any of it (docs/decisions.md#d10). */
export const deriveUnanswered = (
  facts: Facts,
  tablets: readonly TabletRow[],
  keyspaces: readonly KeyspaceRow[],
): readonly UnansweredRow[] => [
  ...unansweredServers(facts),
  ...unansweredProbes(facts, tablets, keyspaces),
  ...notAsked(facts),
];

/** A server that answered and still gives a reason lost its history alone: nothing is incomplete without that. */
const unansweredServers = (facts: Facts): readonly UnansweredRow[] => {
  const roots = groupBy(facts.topo_root, ({ server }) => server);
  return facts.topo_server.flatMap(({ server, answered, reason, message }) => {
    if (answered === 1 && reason === null) return [];
    return (roots.get(server) ?? []).map(({ name }) => ({
      domain: answered === 1 ? "history" : name === "global" ? "topology" : "cell",
      subject: name,
      cell: name === "global" ? "" : name,
      keyspace: "",
      shard: "",
      alias: "",
      reason: reason ?? "failed",
      message: message ?? "",
      required: 1 - answered,
    }));
  });
};

/**
 * A tablet of a snapshot keyspace is missed by nobody: it takes no part in what the cluster serves, and is often left over. Nor is one whose
 * MySQL is down on purpose.
 */
const unansweredProbes = (
  facts: Facts,
  tablets: readonly TabletRow[],
  keyspaces: readonly KeyspaceRow[],
): readonly UnansweredRow[] => {
  const placeOf = places(facts, tablets);
  const snapshots = new Set(
    keyspaces.filter((row) => row.keyspace_type === "SNAPSHOT").map(({ keyspace }) => keyspace),
  );
  const filled = beingFilled(facts, tablets);
  const failed = groupBy(
    facts.probe.filter(({ answered }) => answered === 0),
    ({ address }) => address,
  );
  return [...failed].flatMap(([address, probes]) =>
    Object.entries<readonly string[]>(CHANNELS).flatMap(([domain, channels]) => {
      const silent = channels.flatMap((channel) => probes.filter((probe) => probe.channel === channel));
      const [first] = silent;
      if (first === undefined) return [];
      const place = placeOf(address);
      return [
        {
          domain,
          subject: address,
          ...place,
          reason: first.reason ?? "failed",
          message: `${first.channel}: ${first.message ?? ""}`,
          required: Number(silent.some(isMissed) && !snapshots.has(place.keyspace) && !filled.has(address)),
        },
      ];
    }),
  );
};

/** What an older vtdoctor, which took the snapshot, did not know to ask for: of no object anything may be concluded from it. */
const notAsked = (facts: Facts): readonly UnansweredRow[] =>
  notAskedOf(facts).map(({ name, needs }) => ({
    domain: needs,
    subject: name,
    cell: "",
    keyspace: "",
    shard: "",
    alias: "",
    reason: "not-asked",
    message: `this snapshot was taken by vtdoctor ${metaValue(facts, "vtdoctor") ?? "(unknown version)"}, which did not ask for it`,
    required: 1,
  }));

/** What a tablet's version does not have is not missing from the scan (docs/decisions.md#d12). */
const isMissed = ({ required, reason }: ProbeRow): boolean => required === 1 && reason !== "unsupported";

/**
 * Addresses of tablets that restore a backup or make one, for hours it may be: they serve nobody, open no engine, and their MySQL is down or does not
 * answer meanwhile (tabletmanager/restore.go, rpc_backup.go). That they live they have to say in one way or another, be it by an error of their own.
 */
const beingFilled = (facts: Facts, tablets: readonly TabletRow[]): ReadonlySet<string> => {
  const alive = new Set(
    facts.probe
      .filter(({ answered, reason }) => answered === 1 || reason === "failed")
      .map(({ address }) => address),
  );
  return new Set(
    tablets
      .filter(({ type, address }) => /^(RESTORE|BACKUP)$/.test(type) && alive.has(address))
      .map(({ address }) => address),
  );
};

type Place = Pick<UnansweredRow, "cell" | "keyspace" | "shard" | "alias">;

/** Whom an address belongs to: its own word, else the record that names it, else the witness that led there. */
const places = (facts: Facts, tablets: readonly TabletRow[]): ((address: string) => Place) => {
  const live = new Map(facts.live_tablet.map((row) => [row.address, row]));
  const byAddress = new Map(tablets.map((row) => [row.address, row]));
  const byAlias = new Map(tablets.map((row) => [row.alias, row]));
  const witnessed = new Map(
    facts.witness.flatMap(({ address, alias }) => (alias === null ? [] : [[address, alias] as const])),
  );
  return (address) => {
    const alias = live.get(address)?.alias ?? byAddress.get(address)?.alias ?? witnessed.get(address) ?? "";
    const record = byAlias.get(alias);
    return {
      alias,
      cell: parseAlias(alias)?.cell ?? "",
      keyspace: live.get(address)?.keyspace ?? record?.keyspace ?? "",
      shard: live.get(address)?.shard ?? record?.shard ?? "",
    };
  };
};
