import type { CallOptions } from "@grpc/grpc-js";
import type { Etcd3 } from "etcd3";
import type { Clock } from "../cluster/clock.js";
import { answered, type Outcome, type Unanswered, unanswered } from "../cluster/outcome.js";
import { type EtcdOptions, hostsOf, openEtcd } from "./etcd-client.js";
import { neverSent, unansweredBy } from "./etcd-errors.js";

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
