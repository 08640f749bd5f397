import type { SecureClientSessionOptions } from "node:http2";
import { type Outcome, unanswered } from "../cluster/outcome.js";
import { GrpcConnection } from "./grpc-connection.js";
import type { TabletTls } from "./options.js";

/**
 * One connection per address. Questions to one tablet share it; beyond `idleLimit` connections without a call the oldest is closed, so
 * that a scan of 10,000 tablets does not keep 10,000 of them. After a silence the next question dials anew: the connection may be dead.
 */
export class GrpcChannels {
  readonly #tls: SecureClientSessionOptions | null;
  readonly #idleLimit: number;
  readonly #open = new Map<string, Channel>();
  #closed = false;

  constructor(tls: TabletTls | null, idleLimit: number) {
    this.#tls = tlsOptions(tls);
    this.#idleLimit = idleLimit;
  }

  async use<T>(
    address: string,
    call: (connection: GrpcConnection) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (this.#closed) return unanswered("failed", "not asked: this end was closed");
    const channel = this.#take(address);
    const outcome = await call(channel.connection);
    channel.calls -= 1;
    if (outcome.kind === "unanswered" && outcome.reason === "timeout") this.#drop(address, channel);
    if (channel.calls === 0 && this.#open.get(address) !== channel) channel.connection.close();
    this.#closeOldest();
    return outcome;
  }

  /** Calls in flight end at their deadline; calls that still wait for their turn are not made. */
  close(): void {
    this.#closed = true;
    for (const channel of this.#open.values()) if (channel.calls === 0) channel.connection.close();
    this.#open.clear();
  }

  /** The map keeps the order of last use. */
  #take(address: string): Channel {
    const channel = this.#open.get(address) ?? {
      connection: new GrpcConnection(address, this.#tls),
      calls: 0,
    };
    this.#open.delete(address);
    this.#open.set(address, channel);
    channel.calls += 1;
    return channel;
  }

  #drop(address: string, channel: Channel): void {
    if (this.#open.get(address) === channel) this.#open.delete(address);
  }

  #closeOldest(): void {
    let excess = this.#open.size - this.#idleLimit;
    for (const [address, channel] of this.#open) {
      if (excess <= 0) return;
      excess -= 1;
      if (channel.calls > 0) continue;
      this.#open.delete(address);
      channel.connection.close();
    }
  }
}

interface Channel {
  readonly connection: GrpcConnection;
  calls: number;
}

/** TLS is spoken when `ca`, or both `cert` and `key`, are given (options.ts). */
function tlsOptions(tls: TabletTls | null): SecureClientSessionOptions | null {
  if (tls === null) return null;
  const { ca, cert, key, serverName } = tls;
  const pair = cert !== undefined && key !== undefined ? { cert, key } : null;
  if (ca === undefined && pair === null) return null;
  return {
    ...(ca !== undefined && { ca }),
    ...pair,
    ...(serverName !== undefined && { servername: serverName }),
  };
}
