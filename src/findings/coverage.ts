export interface Coverage {
  readonly seen: Seen;
  readonly rules: RuleCount;
  readonly sources: readonly SourceCount[];
  readonly unanswered: readonly UnansweredSource[];
}

/** What was looked at. `tablets`: processes that answered; the others are records. */
interface Seen {
  readonly cells: number;
  readonly keyspaces: number;
  readonly shards: number;
  readonly tablets: number;
  readonly streams: number;
  /** Shards that serve and whose tables nobody was asked for: whether these are there is not known. */
  readonly tablesNotAsked: number;
}

/** Which rules judged what was seen. */
interface RuleCount {
  /** Those that did. */
  readonly judged: number;
  /** Ids of those among them that could not judge everything, as a source that they need did not answer. */
  readonly inPart: readonly string[];
  /** Ids of those that could not be evaluated at all; a finding tells of each. */
  readonly failed: readonly string[];
}

/** A witness (topology, history, inventory, ...) and how many addresses it knew (docs/decisions.md#d7). */
export interface SourceCount {
  readonly source: string;
  readonly addresses: number;
}

export interface UnansweredSource {
  readonly domain: string;
  /** A cell, an address, or `global`. */
  readonly subject: string;
  readonly reason: string;
  readonly message: string;
  /** Without it the scan is incomplete. */
  readonly required: boolean;
  /** Rules that could not be judged in full for want of it. */
  readonly rules: readonly string[];
}

/** What was not seen and why; an older snapshot may not even have asked. */
export const silenceText = (
  silence: Pick<UnansweredSource, "domain" | "subject" | "reason" | "message">,
): string =>
  `${silence.domain} ${silence.subject} ${silence.reason === "not-asked" ? "was not asked for" : "did not answer"}: ${silence.message}`;
