import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from "node:http2";
import { type Outcome, unanswered } from "../cluster/outcome.js";
import { MAX_MESSAGE_BYTES } from "./grpc-message.js";
import type { TabletTls } from "./options.js";

/**
 * One HTTP/2 session per address. Questions to one tablet share it; beyond `idleLimit` sessions without a call the oldest is closed, so
 * that a scan of 10,000 tablets does not keep 10,000 connections. A session on which a call was not answered takes no other: whoever
 * asks next dials anew.
 */
export class GrpcSessions {
  readonly #scheme: "http" | "https";
  readonly #options: SecureClientSessionOptions;
  readonly #idleLimit: number;
  readonly #open = new Map<string, Open>();
  #closed = false;

  constructor(tls: TabletTls | null, idleLimit: number) {
    const secure = tlsOptions(tls);
    this.#scheme = secure === null ? "http" : "https";
    this.#options = { ...SESSION_OPTIONS, ...secure };
    this.#idleLimit = idleLimit;
  }

  async use<T>(
    address: string,
    call: (session: ClientHttp2Session) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (this.#closed) return unanswered("failed", "not asked: this end was closed");
    const open = this.#take(address);
    const outcome = await call(open.session);
    open.calls -= 1;
    if (isLost(outcome) && this.#open.get(address) === open) this.#open.delete(address);
    if (open.calls === 0 && this.#open.get(address) !== open) open.session.destroy();
    this.#closeOldest();
    return outcome;
  }

  /** A call in flight is not disturbed: the session ends after it. */
  leave(address: string): void {
    const open = this.#open.get(address);
    if (open === undefined) return;
    this.#open.delete(address);
    if (open.calls === 0) open.session.destroy();
  }

  /** Calls in flight end at their deadline; calls that still wait for their turn are not made. */
  close(): void {
    this.#closed = true;
    for (const { session, calls } of this.#open.values()) if (calls === 0) session.destroy();
    this.#open.clear();
  }

  /** The map keeps the order of last use. */
  #take(address: string): Open {
    const known = this.#open.get(address);
    const open = known !== undefined && isUsable(known) ? known : { session: this.#dial(address), calls: 0 };
    this.#open.delete(address);
    this.#open.set(address, open);
    open.calls += 1;
    return open;
  }

  #dial(address: string): ClientHttp2Session {
    const session = connect(`${this.#scheme}://${address}`, this.#options);
    // Each call on it ends with the same error.
    session.on("error", () => {});
    return session;
  }

  #closeOldest(): void {
    let excess = this.#open.size - this.#idleLimit;
    for (const [address, { session, calls }] of this.#open) {
      if (excess <= 0) return;
      excess -= 1;
      if (calls > 0) continue;
      this.#open.delete(address);
      session.destroy();
    }
  }
}

interface Open {
  readonly session: ClientHttp2Session;
  calls: number;
}

/** Closed: the server said goodbye. Destroyed: the connection is gone; a call on it would throw. */
const isUsable = ({ session }: Open): boolean => !session.closed && !session.destroyed;

/** Nobody listens there any more, or he does not answer: then perhaps it is the connection that is dead. */
const isLost = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === "unanswered" && (outcome.reason === "unreachable" || outcome.reason === "timeout");

const SESSION_OPTIONS: SecureClientSessionOptions = {
  settings: { enablePush: false },
  // MB. Node's 10 would refuse answers that a message may be as long as.
  maxSessionMemory: (4 * MAX_MESSAGE_BYTES) >> 20,
};

/** Null: plain text. */
function tlsOptions(tls: TabletTls | null): SecureClientSessionOptions | null {
  const pair = tls?.cert !== undefined && tls.key !== undefined;
  if (tls === null || (tls.ca === undefined && !pair)) return null;
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(pair ? { cert: tls.cert, key: tls.key } : {}),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}
