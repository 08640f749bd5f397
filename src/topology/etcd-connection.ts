import type { CallOptions } from "@grpc/grpc-js";
import {
  ClientClosedError,
  type Etcd3,
  EtcdAuthenticationFailedError,
  EtcdError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCGenericError,
  GRPCNotImplementedError,
  GRPCUnauthenticatedError,
  GRPCUnavailableError,
} from "etcd3";
import type { Clock } from "../cluster/clock.js";
import {
  answered,
  type Outcome,
  type Unanswered,
  type UnansweredReason,
  unanswered,
} from "../cluster/outcome.js";
import { type EtcdOptions, hostsOf, openEtcd } from "./etcd-client.js";

/**
 * One etcd cluster: its member addresses in the order given, asked one after the other, the last that answered first. A request has
 * one deadline, shared out over the members that it may have to try.
 */
export class EtcdConnection {
  readonly #members: readonly Etcd3[];
  readonly #shareMs: number;
  #first = 0;

  constructor(
    readonly server: string,
    options: EtcdOptions,
    readonly clock: Clock,
  ) {
    this.#members = hostsOf(server).map((host) => openEtcd(host, options));
    this.#shareMs = Math.max(1, Math.floor(options.timeoutMs / Math.max(1, this.#members.length)));
  }

  read<T>(call: Call<T>): Promise<Outcome<T>> {
    return this.#ask(call, isOfMember);
  }

  /**
   * Tries another member only when the write was certainly not sent. A write whose answer got lost is a `timeout`: it may have
   * happened.
   */
  async write<T>(call: Call<T>): Promise<Outcome<T>> {
    const outcome = await this.#ask(call, neverSent);
    return outcome.kind === "unanswered" && outcome.reason === "unreachable" && !neverSent(outcome)
      ? unanswered("timeout", `the connection was lost before the answer: ${outcome.message}`)
      : outcome;
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  async #ask<T>(call: Call<T>, tryAnother: (failure: Unanswered) => boolean): Promise<Outcome<T>> {
    let failure = unanswered(
      "unreachable",
      `No connection established: "${this.server}" names no etcd server`,
    );
    for (const [offset] of this.#members.entries()) {
      const index = (this.#first + offset) % this.#members.length;
      const outcome = await this.#askMember(index, call);
      if (outcome.kind === "answered") this.#first = index;
      if (outcome.kind === "answered" || !tryAnother(outcome)) return outcome;
      failure = outcome;
    }
    return failure;
  }

  async #askMember<T>(index: number, call: Call<T>): Promise<Outcome<T>> {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`no etcd member ${index}`);
    try {
      return answered(await call(member, { deadline: this.clock.now() + this.#shareMs }));
    } catch (error) {
      const failure = unansweredBy(error);
      if (failure === null) throw error;
      return failure;
    }
  }
}

type Call<T> = (etcd: Etcd3, options: CallOptions) => Promise<T>;

const isOfMember = ({ reason }: Unanswered): boolean => reason === "unreachable" || reason === "timeout";

type ErrorClass = abstract new (...args: never[]) => Error;

const REASONS: readonly (readonly [ErrorClass, UnansweredReason])[] = [
  [GRPCDeadlineExceededError, "timeout"],
  [GRPCUnavailableError, "unreachable"],
  [EtcdPermissionDeniedError, "denied"],
  [EtcdAuthenticationFailedError, "denied"],
  [EtcdInvalidAuthTokenError, "denied"],
  [GRPCUnauthenticatedError, "denied"],
  [GRPCNotImplementedError, "unsupported"],
  [ClientClosedError, "failed"],
  [EtcdLeaseInvalidError, "failed"],
  [GRPCGenericError, "failed"],
  [EtcdError, "failed"],
];

/** Texts that say more than the class (etcd api/v3rpc/rpctypes/error.go: codes are shared by unlike errors). */
const TEXTS: readonly (readonly [RegExp, UnansweredReason])[] = [
  [/required revision has been compacted/, "compacted"],
  [/etcdserver: request timed out/, "timeout"],
  [/user name is empty|authentication is not enabled/, "denied"],
];

/** What etcd3 threw, as an outcome; null for an error that is a bug of ours, which must not look like a silent etcd. */
function unansweredBy(error: unknown): Unanswered | null {
  if (!(error instanceof Error)) return null;
  const known = REASONS.find(([type]) => error instanceof type);
  if (known === undefined) return null;
  const told = TEXTS.find(([text]) => text.test(error.message));
  return unanswered(told?.[1] ?? known[1], wordsOf(error.message));
}

/** Without what the client library adds for its own debugging: status codes, notes, times, how long each phase took. */
const wordsOf = (message: string): string =>
  message
    .replace(/^\d+ [A-Z_]+: /, "")
    .replace(/^Deadline exceeded after .*/, "no answer within the deadline")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g, "")
    .replace(/\.? Resolution note:.*$/s, "")
    .replace("Last error: Error: ", "Last error: ");

/** Whether the request can not have reached etcd: only then may a write be sent again. */
const neverSent = (outcome: Unanswered): boolean =>
  outcome.reason === "unreachable" &&
  /No connection established|Name resolution failed|Channel closed before call started|no leader/.test(
    outcome.message,
  );
