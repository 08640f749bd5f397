import type { OperationRow, UnansweredRow } from "../snapshot/gen/tables.js";
import type { Queryable } from "./rule.js";

/** What bears on every verdict over one snapshot (docs/decisions.md#d10, docs/decisions.md#d11). */
export interface Circumstances {
  /** Unix milliseconds. */
  readonly takenAt: number;
  readonly operations: readonly Operation[];
  readonly silences: readonly Silence[];
  /** Keys whose value changed while the tablets were asked (docs/decisions.md#d6). */
  readonly movedKeys: ReadonlySet<string>;
}

/** An operation in flight: a lock that is no older than its action may take. */
export type Operation = OperationRow;

/** A source that was asked and did not answer. */
export type Silence = UnansweredRow;

export const readCircumstances = (snapshot: Queryable): Circumstances => ({
  takenAt: Number(readMeta(snapshot, "taken_at_ms") ?? 0),
  operations: snapshot.rows("operation"),
  silences: snapshot.rows("unanswered"),
  movedKeys: new Set(movedKeys(readMeta(snapshot, "moved_keys_json"))),
});

export const readMeta = (snapshot: Queryable, name: string): string | null =>
  snapshot.rows("meta", { name })[0]?.value ?? null;

const movedKeys = (text: string | null): readonly string[] =>
  text === null ? [] : JSON.parse(text).map(({ key }: { readonly key: string }) => key);
