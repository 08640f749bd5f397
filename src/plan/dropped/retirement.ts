import { parseAlias } from "../../cluster/alias.js";
import { distinct } from "../../cluster/distinct.js";
import { UsageError } from "../../cluster/errors.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardKey, shardReplicationKey, tabletKey } from "../../topology/paths.js";
import type { CommandTemplate, DraftStage, DraftStep, Stopping } from "../draft.js";
import { type OrphanShard, silentMembers } from "../facts/dropped-shard.js";
import { isPrimary, type Process, tabletRef } from "../facts/processes.js";
import {
  cells,
  globalRoot,
  keyFact,
  keyPremise,
  keyspaceLocks,
  servingPremises,
  shardName,
  shardNames,
} from "../facts/topology.js";
import type { Premise, TabletRef } from "../fields.js";

const PLACES = ["alias", "host", "port", "keyspace", "shard"] as const;
type Place = (typeof PLACES)[number];

/** What Vitess allows in such names and what needs no quoting in any shell, should the command start one itself. */
const HARMLESS = /^[A-Za-z0-9._:@-]+$/;

/**
 * `systemctl stop vttablet@{alias}`: words apart by spaces, quotes and backslashes as in a shell, but no shell runs it: whoever needs one
 * writes `sh -c '...'`. Throws UsageError that names the key.
 */
export function parseCommand(text: string): CommandTemplate {
  const words = split(text);
  if (words.length === 0) throw problem(text, "is empty; give a program and its arguments");
  for (const word of words)
    for (const [, place = ""] of word.matchAll(/\{([^{}]*)\}/g))
      if (!PLACES.includes(place as Place))
        throw problem(text, `has {${place}}; known are ${PLACES.map((one) => `{${one}}`).join(", ")}`);
  return words;
}

function split(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\" && quote !== "'") {
      at += 1;
      if (at >= text.length) throw problem(text, "ends in a backslash");
      word = (word ?? "") + text[at];
    } else if (quote !== "") {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  if (quote !== "") throw problem(text, `has an open ${quote}`);
  return word === null ? words : [...words, word];
}

const problem = (text: string, what: string): UsageError =>
  new UsageError(`hooks.stopTablet: "${text}" ${what}.`);

/** The command for one tablet. Throws UsageError where a name of it could mean more to a shell than itself. */
export function commandFor(
  template: CommandTemplate,
  { alias, keyspace, shard, address }: TabletRef,
): readonly string[] {
  const values: Readonly<Record<Place, string>> = {
    alias,
    host: address.host,
    port: String(address.grpcPort),
    keyspace,
    shard,
  };
  return template.map((word) =>
    word.replace(/\{(\w+)\}/g, (_, place: Place) => {
      const value = values[place];
      if (!HARMLESS.test(value))
        throw new UsageError(
          `hooks.stopTablet: {${place}} of ${alias} is "${value}", which no command gets; stop that tablet by hand.`,
        );
      return value;
    }),
  );
}

interface Key {
  readonly server: string;
  readonly key: string;
}

/** `stopping`: how the vttablets end; without it nothing is retired. */
export const retireStages = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  stopping: Stopping,
): readonly DraftStage[] => [
  {
    title: `End the vttablets of ${shardNames(orphans)}`,
    locks: keyspaceLocks(snapshot, [...new Set(orphans.map(({ keyspace }) => keyspace))]),
    steps: orphans.flatMap((orphan) => endSteps(snapshot, orphan, stopping)),
  },
  {
    title: `Watch that the vttablets of ${shardNames(orphans)} stay away`,
    locks: [],
    steps: stayAwaySteps(snapshot, orphans, stopping),
  },
];

type End = Extract<DraftStep, { kind: "tablet.stop" }>;

/** Replicas first. One whose record exists would publish and live on, so only a command ends it. */
export const endSteps = (snapshot: Snapshot, orphan: OrphanShard, stopping: Stopping): readonly End[] =>
  orphan.processes
    .toSorted((one, other) => Number(isPrimary(one)) - Number(isPrimary(other)))
    .flatMap((process): readonly End[] => {
      const key = tabletRecordKey(snapshot, process);
      return key === null
        ? []
        : [
            {
              kind: "tablet.stop",
              tablet: tabletRef(snapshot, process),
              ...key,
              command:
                stopping.kind === "command"
                  ? commandFor(stopping.template, tabletRef(snapshot, process))
                  : null,
            },
          ];
    });

/** One watch for all of them: it takes its time. */
const stayAwaySteps = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  { watchMs }: Stopping,
): readonly DraftStep[] => {
  const processes = orphans.flatMap((orphan) => orphan.processes);
  const keys = orphans.flatMap((orphan) => recordKeys(snapshot, orphan));
  return processes.length === 0
    ? []
    : [
        {
          kind: "tablet.stay-away",
          tablets: processes.map((process) => tabletRef(snapshot, process)),
          keys: keys.filter(({ server, key }) => keyFact(snapshot, server, key) === null),
          watchMs,
        },
      ];
};

/** What the retirement rests on: that the records are gone, and where queries go. */
export const retirePremises = (snapshot: Snapshot, orphan: OrphanShard): readonly Premise[] => [
  ...recordKeys(snapshot, orphan)
    .filter(({ server, key }) => keyFact(snapshot, server, key) === null)
    .map(({ server, key }) => keyPremise(snapshot, server, key)),
  ...servingPremises(snapshot, orphan.keyspace),
];

/** What nobody can promise: a tablet that is down now brings the shard back when it starts. */
export const retireNotes = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] => [
  ...silentMembers(snapshot, orphan).map(
    (alias) =>
      `${alias} of ${shardName(orphan)} does not answer: if it is started again, it brings the shard back; remove its vttablet for good`,
  ),
  `the MySQL servers of ${shardName(orphan)} run on with their data; they are yours to stop`,
];

export const recordKeys = (snapshot: Snapshot, orphan: OrphanShard): readonly Key[] => {
  const { server, root } = globalRoot(snapshot);
  const shard = orphan.deletion?.key ?? shardKey(root, orphan.keyspace, orphan.shard);
  const replication = orphan.processes.flatMap((process) => {
    const cell = cells(snapshot).find(({ cell }) => cell === process.cell);
    return cell === undefined
      ? []
      : [{ server: cell.server, key: shardReplicationKey(cell.root, orphan.keyspace, orphan.shard) }];
  });
  const all = [
    { server, key: shard },
    ...replication,
    ...orphan.processes.flatMap((process) => tabletRecordKey(snapshot, process) ?? []),
  ];
  return distinct(all);
};

export const tabletRecordKey = (snapshot: Snapshot, process: Process): Key | null => {
  const alias = parseAlias(process.alias);
  const cell = cells(snapshot).find(({ cell }) => cell === process.cell);
  return alias === null || cell === undefined
    ? null
    : { server: cell.server, key: tabletKey(cell.root, alias) };
};
