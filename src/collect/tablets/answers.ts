import { parseAlias } from "../../cluster/alias.js";
import type { Clock } from "../../cluster/clock.js";
import type { Outcome } from "../../cluster/outcome.js";
import type { FactsPart } from "../../snapshot/facts.js";
import type { CHANNELS, ProbeRow } from "../../snapshot/gen/tables.js";
import type { MysqlStatus, TabletIdentity, TabletStatus, TabletVars } from "../../tablets/access.js";
import type { RarelyFilled } from "../../tablets/queries.js";
import type { Target } from "../../witnesses/targets.js";
import type { CollectSources } from "../settings.js";

/** The channels of `probe` in `schema.sql`. */
export type Channel = (typeof CHANNELS)[keyof typeof CHANNELS][number];

/** The questions to one address: every one of them leaves a row, answered or not. */
export class ProbeLog {
  readonly #probes: ProbeRow[] = [];

  constructor(
    readonly address: string,
    private readonly required: boolean,
    private readonly clock: Clock,
  ) {}

  get probes(): readonly ProbeRow[] {
    return this.#probes;
  }

  async ask<T>(channel: Channel, question: Promise<Outcome<T>>): Promise<Outcome<T>> {
    const outcome = await question;
    this.note(channel, outcome);
    return outcome;
  }

  note(channel: Channel, outcome: Outcome<unknown>): void {
    const failed = outcome.kind === "unanswered" ? outcome : null;
    this.#probes.push({
      address: this.address,
      channel,
      answered: failed === null ? 1 : 0,
      reason: failed?.reason ?? null,
      message: failed?.message ?? null,
      required: this.required ? 1 : 0,
      observed_at_ms: this.clock.now(),
    });
  }
}

/** Null where there was no answer or no question. */
export const answerOf = <T>(outcome: Outcome<T> | null): T | null =>
  outcome?.kind === "answered" ? outcome.value : null;

/** Who a process says it is. */
export interface Identity {
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  /** Upper case. */
  readonly type: string;
}

/**
 * - `ours`: it may be asked everything.
 * - `foreign`: it was started with another topology (a clone, another cluster; docs/decisions.md#d7).
 * - `other-alias`: it answers with another alias than every witness of its address expects.
 * - `unwanted`: of a keyspace or cell that the filters leave out.
 * - `silent`: nobody said who they are.
 */
export type Access = "ours" | "foreign" | "other-alias" | "unwanted" | "silent";

/** What was learned at one address in the first round. */
export interface TabletAnswers {
  readonly target: Target;
  readonly access: Access;
  readonly who: Identity | null;
  readonly identity: TabletIdentity | null;
  readonly vars: TabletVars | null;
  readonly status: TabletStatus | null;
  readonly mysql: MysqlStatus | null;
  /** Streams that its engine has and `_vt.vreplication` twice had no row for: id to the milliseconds between the looks. */
  readonly ghosts: ReadonlyMap<number, number>;
  /** Of a primary: the sidecar tables that have no row. */
  readonly empty: ReadonlySet<RarelyFilled>;
  /** Of a primary: the sidecar databases on its MySQL; none where that was not learned. */
  readonly sidecars: readonly string[];
  /** Its gRPC port answered. */
  readonly byGrpc: boolean;
  readonly observedAtMs: number;
  /** Probe rows and what the sidecar said. */
  readonly facts: FactsPart;
}

/** What all questions of one scan share. */
export interface Asking {
  readonly sources: CollectSources;
  /** Whether a process that was started with this topology belongs to another one than the scanned. */
  isForeign(server: string, root: string): Promise<boolean>;
  readonly sidecars: ReadonlyMap<string, string>;
  readonly mysql: boolean;
  wanted(who: Identity): boolean;
}

/** StreamHealth's word; over HTTP it is the same process that speaks. */
export const identityOf = (
  identity: Outcome<TabletIdentity> | null,
  vars: TabletVars | null,
): Identity | null => answerOf(identity) ?? vars;

/** How far a process may be asked. */
export async function accessOf(
  target: Target,
  who: Identity | null,
  vars: TabletVars | null,
  asking: Asking,
): Promise<Access> {
  if (who === null) return "silent";
  if (isOtherAlias(target, who.alias)) return "other-alias";
  if (vars !== null && (await asking.isForeign(vars.topoServer, vars.topoRoot))) return "foreign";
  return asking.wanted(who) ? "ours" : "unwanted";
}

export const isOtherAlias = (target: Target, alias: string): boolean =>
  target.aliases.length > 0 && !target.aliases.includes(alias);

/** The cell of the alias decides: a tablet lives in its own cell. */
export const cellOfAlias = (alias: string): string => parseAlias(alias)?.cell ?? "";
