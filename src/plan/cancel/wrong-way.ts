import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardName } from "../view/shards.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";
import { rulesOf } from "./tables.js";

const REVERSE = "_reverse";

/**
 * Workflows whose target is not a copy that a cancel may take away: the reverse workflow of a switch, whose target is where the tables
 * came from, and one that reads from where it writes to, whose target may hold the only copy.
 */
export const wrongWay = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => [
  ...reverse(snapshot, subject),
  ...ontoItself(snapshot, subject),
];

/** Only its rows: tables, denials and routing rules are those of production, or of the way back to it. */
const deleteRows = ({ keyspace, workflow }: CancelSubject): string =>
  `delete its streams alone: vtctldclient Workflow --keyspace ${keyspace} delete --workflow ${workflow} --keep-data --keep-routing-rules`;

const reverse = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const { workflow, sourceKeyspace } = subject;
  if (!workflow.endsWith(REVERSE)) return [];
  const forward = workflow.slice(0, -REVERSE.length);
  const name = `${sourceKeyspace}.${forward}`;
  return [
    snapshot.rows("workflow", { keyspace: sourceKeyspace, workflow: forward }).length > 0
      ? {
          fact: `${workflow} is the way back of ${name}, and its targets are where the tables came from`,
          instead: `complete, take back (reversetraffic) or cancel ${name}, and it goes along`,
        }
      : {
          fact: `${workflow} is a reverse workflow whose forward workflow ${name} is gone, and its targets, where the tables came from, may be what is in production`,
          instead: deleteRows(subject),
        },
  ];
};

/** A Materialize may write another table beside the one that it reads. */
const ontoItself = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const own = subject.streams.filter(
    (stream) =>
      stream.sourceExternal === "" &&
      stream.sourceKeyspace === stream.keyspace &&
      stream.sourceShard === stream.shard &&
      rulesOf(snapshot, stream).some(
        ({ match, filter }) => subject.kind !== "Materialize" || readsFrom(filter, match),
      ),
  );
  return [...new Set(own.map(shardName))].map((shard) => ({
    fact: `it copies ${shard} onto itself, so its target is its source, and may hold the only copy`,
    instead: deleteRows(subject),
  }));
};

/** Whether the query of a rule reads the table that it writes; without a query it does. */
const readsFrom = (filter: string, table: string): boolean => {
  const [, quoted, plain] = /\bfrom\s+(?:`([^`]+)`|(\S+))/i.exec(filter) ?? [];
  return filter === "" || (quoted ?? plain) === table;
};
