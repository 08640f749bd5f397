import { answered, type Outcome } from "../../cluster/outcome.js";
import type { TabletRef } from "../../plan/fields.js";
import type { TabletIdentity, TabletReader, TabletStatus, TabletVars } from "../../tablets/access.js";
import { type Refused, refused, type Silent, silent } from "../check.js";

const addressOf = (tablet: TabletRef): string => `${tablet.address.host}:${tablet.address.grpcPort}`;
export const nameOf = (tablet: TabletRef): string => `${tablet.alias} (${addressOf(tablet)})`;

/**
 * Asks the process at the tablet's address who it is, right before it is called (docs/decisions.md#d15): an address proves nothing, and a clone of
 * the cluster has the same aliases. Compared is all that the plan knew: alias, keyspace, shard, type and, of a primary, its term
 * (StreamHealth, one question), the uuid of its MySQL (FullStatus) and the topology it was started with (`/debug/vars`), asked at the
 * same time. A fact that nobody tells now is no difference as long as another of them was told and is the same.
 *
 * When the process was started is not compared. A vttablet that was merely restarted has the same MySQL and, as primary, the same term,
 * which it takes from its Tablet record (v24 tabletmanager/tm_init.go `checkPrimaryShip`); what it has in memory is read anew by each
 * step. One that has no records any more comes back as a replica, which its type shows.
 *
 * Null: it is the tablet that was meant.
 */
export async function differsFrom(tablet: TabletRef, reader: TabletReader): Promise<Refused | Silent | null> {
  const [identity, status, vars] = await Promise.all([
    reader.identity(tablet.address),
    tablet.serverUuid === undefined ? null : reader.status(tablet.address),
    tablet.topoServer === undefined && tablet.topoRoot === undefined ? null : reader.vars(tablet.address),
  ]);
  const said = identity.kind === "answered" ? identity : (vars ?? (await reader.vars(tablet.address)));
  if (said.kind === "unanswered")
    return silent(nameOf(tablet), identity.kind === "unanswered" ? identity : said);
  return anotherPlace(tablet, said.value) ?? anotherProcess(tablet, { identity, status, vars });
}

type Identity = Pick<TabletIdentity, "alias" | "keyspace" | "shard" | "type">;

function anotherPlace(tablet: TabletRef, { alias, keyspace, shard, type }: Identity): Refused | null {
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
  return type === tablet.type ? null : refused(typeChanged(tablet, type));
}

interface Told {
  readonly identity: Outcome<TabletIdentity>;
  readonly status: Outcome<TabletStatus> | null;
  readonly vars: Outcome<TabletVars> | null;
}

/** What tells a process from its clone: a fact as it was planned with, and as it is told now. */
interface ProcessFact {
  readonly planned: string | undefined;
  readonly told: Outcome<string> | null;
  readonly words: (planned: string, told: string) => string;
}

function anotherProcess(tablet: TabletRef, told: Told): Refused | Silent | null {
  const known = factsOf(tablet, told).filter(({ planned }) => planned !== undefined);
  for (const { planned, told, words } of known) {
    if (planned !== undefined && told?.kind === "answered" && told.value !== planned && told.value !== "")
      return refused(`${words(planned, told.value)}; scan again and plan anew`);
  }
  if (known.length === 0 || known.some(({ told }) => told?.kind === "answered")) return null;
  const [first] = known.flatMap(({ told }) => (told?.kind === "unanswered" ? [told] : []));
  return first === undefined ? null : silent(`${nameOf(tablet)}, asked which process it is,`, first);
}

const factsOf = (tablet: TabletRef, { identity, status, vars }: Told): readonly ProcessFact[] => {
  const name = nameOf(tablet);
  const started = (flag: string) => (planned: string, told: string) =>
    `${name} was started with ${flag} ${told}, and the plan was made for a process with ${planned}: another cluster's process may listen there`;
  return [
    {
      planned: tablet.type === "PRIMARY" ? tablet.termStart?.toString() : undefined,
      told: pick(identity, ({ termStart }) => termStart.toString()),
      words: (planned, told) =>
        `${name} is primary since ${timeOf(told)}, and the plan was made for its term since ${timeOf(planned)}`,
    },
    {
      planned: tablet.serverUuid,
      told: pick(status, ({ serverUuid }) => serverUuid),
      words: (planned, told) =>
        `the MySQL of ${name} has the server_uuid ${told}, and the plan was made for ${planned}: another MySQL is behind it`,
    },
    {
      planned: tablet.topoServer,
      told: pick(vars, (one) => one.topoServer),
      words: started("--topo-global-server-address"),
    },
    {
      planned: tablet.topoRoot,
      told: pick(vars, (one) => one.topoRoot),
      words: started("--topo-global-root"),
    },
  ];
};

const pick = <T>(outcome: Outcome<T> | null, of: (value: T) => string): Outcome<string> | null =>
  outcome?.kind === "answered" ? answered(of(outcome.value)) : outcome;

/** Of unix seconds. */
export const timeOf = (seconds: string): string => new Date(Number(seconds) * 1000).toISOString();

const typeChanged = (tablet: TabletRef, type: string): string =>
  tablet.type === "PRIMARY"
    ? `${nameOf(tablet)} is ${type} now, no longer PRIMARY: its vreplication engine is closed and another tablet of ${tablet.keyspace}/${tablet.shard} owns the streams; scan again and plan anew`
    : `${nameOf(tablet)} is ${type} now, it was ${tablet.type} when the plan was made; scan again and plan anew`;
