import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardName } from "../view/shards.js";
import { MAKE_IT_ANSWER, type Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";

/** Which side serves is only known from every cell. */
export const topologySilent = (snapshot: Snapshot): readonly Refusal[] =>
  snapshot
    .all<{ domain: string; subject: string; message: string }>(
      `SELECT domain, subject, message FROM unanswered
       WHERE domain IN ('topology', 'cell') AND required = 1 ORDER BY domain DESC, subject`,
    )
    .map((one) => ({
      fact: `the ${one.domain === "cell" ? `topology of cell ${one.subject}` : "global topology"} did not answer (${one.message})`,
      instead: MAKE_IT_ANSWER,
    }));

export const tabletsSilent = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] =>
  subject.targets.flatMap((side) =>
    snapshot
      .all<{ alias: string; subject: string; domain: string; message: string }>(
        `SELECT alias, subject, domain, message FROM unanswered
         WHERE domain IN ('tablet', 'sidecar') AND required = 1 AND keyspace = ? AND shard = ?
         ORDER BY domain DESC, subject`,
        side.keyspace,
        side.shard,
      )
      .map((one) => ({
        fact: `tablet ${one.alias || one.subject} of target ${shardName(side)} did not answer (${one.domain}: ${one.message})`,
        instead: MAKE_IT_ANSWER,
      })),
  );
