import { type Unanswered, unanswered } from "../cluster/outcome.js";
import type { SimClock } from "./clock.js";

export type Channel = "grpc" | "http" | "mysql";

type Fault = "hang" | "refuse" | "deny";

/**
 * What the network and its guards do to a call. A tablet is named by its alias or by `host:port` of the channel, a topology server by
 * its address list. Faults hide an answer; they never change what the simulated cluster is.
 */
export class Faults {
  readonly #faults = new Map<string, Fault>();
  readonly #serversDown = new Set<string>();

  constructor(
    private readonly clock: SimClock,
    /** How long a caller waits for what hangs, in milliseconds. */
    private readonly timeoutMs: number,
  ) {}

  /** Calls there never come back. */
  hang(where: string, channels: readonly Channel[] = ["grpc", "http"]): void {
    this.#set(where, channels, "hang");
  }

  refuse(where: string, channels: readonly Channel[] = ["grpc", "http"]): void {
    this.#set(where, channels, "refuse");
  }

  /** Credentials are not accepted there. */
  deny(where: string, channels: readonly Channel[] = ["grpc", "http"]): void {
    this.#set(where, channels, "deny");
  }

  /** Takes back every fault of `where`. */
  heal(where: string): void {
    for (const channel of ["grpc", "http", "mysql"]) this.#faults.delete(`${channel} ${where}`);
  }

  serverDown(server: string): void {
    this.#serversDown.add(server);
  }

  serverUp(server: string): void {
    this.#serversDown.delete(server);
  }

  isServerDown(server: string): boolean {
    return this.#serversDown.has(server);
  }

  ofServer(server: string): Unanswered | null {
    return this.#serversDown.has(server)
      ? unanswered("unreachable", `Failed to connect to ${server}: connect ECONNREFUSED`)
      : null;
  }

  /** What happens to a call to a tablet; a hanging one takes the caller's whole deadline. */
  async ofTablet(
    names: readonly string[],
    channel: Channel,
    signal?: AbortSignal,
  ): Promise<Unanswered | null> {
    const where = names.find((name) => this.#faults.has(`${channel} ${name}`));
    if (where === undefined) return null;
    switch (this.#faults.get(`${channel} ${where}`)) {
      case "refuse":
        return unanswered("unreachable", `connect ECONNREFUSED ${where}`);
      case "deny":
        return unanswered("denied", "Unauthenticated: username and password must be provided");
      default:
        await this.clock.sleep(this.timeoutMs, signal);
        return unanswered("timeout", `no answer in ${this.timeoutMs / 1000} s`);
    }
  }

  #set(where: string, channels: readonly Channel[], fault: Fault): void {
    for (const channel of channels) this.#faults.set(`${channel} ${where}`, fault);
  }
}
